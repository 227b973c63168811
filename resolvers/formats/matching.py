"""Matching: to each thing on the left belongs one on the right."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Self

from pydantic import Field, model_validator

from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.base import (
    Item,
    Part,
    Response,
    ScoredFormat,
    WrongField,
    name_items,
    part_by_part,
    require_known,
    require_own_ids,
    secret,
    text_of,
)
from resolvers.formats.values import ItemId, ItemText


class MatchingTarget(Item):
    """One of the things on the right. Those that belong to nothing lead astray."""

    text: ItemText


class MatchingPrompt(Item):
    """One of the things on the left, and the id of the target that belongs to it."""

    text: ItemText
    correct_target_id: str | None = secret()


class MatchingPair(Part):
    """A prompt, and the target that it was given."""

    prompt_id: ItemId
    target_id: ItemId


class MatchingResponse(Response):
    """The pairs that were made, in any order."""

    pairs: list[MatchingPair] = Field(max_length=50)


class Matching(ScoredFormat):
    """Prompts without a right target are not scored. A target may belong to several prompts, or to none."""

    format: ClassVar[BlockFormat] = BlockFormat.MATCHING
    response_model: ClassVar[type[Response]] = MatchingResponse

    prompts: list[MatchingPrompt] = Field(min_length=1, max_length=50)
    targets: list[MatchingTarget] = Field(min_length=2, max_length=50)
    shuffle: bool = True
    every_part_counts: bool = True

    @model_validator(mode="after")
    def _name_items(self) -> Self:
        """Targets are kept and lettered by alphabet, since the order that authors write them in gives them away."""
        require_own_ids(self.prompts, "prompts")
        require_own_ids(self.targets, "targets")
        name_items(self.prompts)
        if self.shuffle:
            self.targets.sort(key=lambda target: (target.text.casefold(), target.text))
        name_items(self.targets)
        known = {target.id for target in self.targets}
        for index, prompt in enumerate(self.prompts):
            if prompt.correct_target_id is not None and prompt.correct_target_id not in known:
                message = f"There is no target {prompt.correct_target_id!r}."
                raise WrongField(message, "prompts", index, "correct_target_id")
        return self

    def check(self, response: MatchingResponse) -> None:
        """Prompts of the question, each once, with targets of the question."""
        prompts, targets = [each.id for each in self.prompts], [each.id for each in self.targets]
        require_known([pair.prompt_id for pair in response.pairs], prompts, "prompt", "pairs", within="prompt_id")
        for index, pair in enumerate(response.pairs):
            if pair.target_id not in targets:
                raise WrongField(f"There is no target {pair.target_id!r}.", "pairs", index, "target_id")

    @property
    def is_scored(self) -> bool:
        """Whether any prompt has a right target."""
        return any(prompt.correct_target_id is not None for prompt in self.prompts)

    def share(self, response: MatchingResponse) -> Fraction | None:
        """Each prompt that has a right target counts alike."""
        if not self.is_scored:
            return None
        given = {pair.prompt_id: pair.target_id for pair in response.pairs}
        keyed = [prompt for prompt in self.prompts if prompt.correct_target_id is not None]
        right = [given.get(prompt.id) == prompt.correct_target_id for prompt in keyed]
        return part_by_part(self, right, self.every_part_counts)

    def right_response(self) -> MatchingResponse | None:
        """The right target of every prompt that has one."""
        if not self.is_scored:
            return None
        keyed = ((each.id, each.correct_target_id) for each in self.prompts)
        pairs = [MatchingPair(prompt_id=prompt, target_id=target) for prompt, target in keyed if target is not None]
        return MatchingResponse(pairs=pairs)

    def declared(self) -> dict[str, Declared]:
        """The target that each prompt was given, by their ids."""
        offered = Declared(Kind.CHOICE, frozenset(target.id for target in self.targets))
        return {"": Declared(Kind.ANYTHING), **{prompt.id: offered for prompt in self.prompts}}

    def values(self, response: MatchingResponse) -> dict[str, Value]:
        """The same of an answer."""
        return {"": True, **{pair.prompt_id: pair.target_id for pair in response.pairs}}

    def options(self) -> list[str]:
        """Each target for each prompt, as `prompt=target`."""
        return [f"{prompt.id}={target.id}" for prompt in self.prompts for target in self.targets]

    def chosen(self, response: MatchingResponse) -> list[str]:
        """The pairs, in the order of the question."""
        given = {f"{pair.prompt_id}={pair.target_id}" for pair in response.pairs}
        return [each for each in self.options() if each in given]

    def worded(self, option: str) -> str:
        """The texts of the pair."""
        prompt, _, target = option.partition("=")
        return f"{text_of(self.prompts, prompt)}: {text_of(self.targets, target)}"
