"""What every block format is made of: one typed model, with the secret parts marked.

A format's model holds everything an author writes. Fields marked `secret()` form the answer key: `split` parts them
from the rest, so that they are stored behind a fence of their own, and `join` puts the two halves together again.
Secrets of list items (a choice's `is_correct`) are kept by the item's id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from core.errors import DomainError, InvalidInput, SeveralErrors
from core.expressions import Declared, Kind, Value
from models.curriculum import BlockFormat
from resolvers.formats.values import Hint, LongText

Json = dict[str, Any]
_SECRET: JsonDict = {"secret": True}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ITEM_ID = re.compile(r"[A-Za-z0-9_-]{0,40}")


def secret(default: Any = None, **rules: Any) -> Any:
    """A field of the answer key: learners never receive it."""
    return Field(default=default, json_schema_extra=_SECRET, **rules)


class WrongField(ValueError):
    """Raised by a validator that looks at several fields, to say which of them is to blame: its path from the model."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


class Part(BaseModel):
    """A typed piece of settings; unknown fields are refused so that a misspelling is not lost."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, use_enum_values=True, validate_default=True)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        if any("\x00" in each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)):
            raise ValueError("The character U+0000 cannot be stored. Remove it.")
        return value


def _item_id(text: str) -> str:
    if not _ITEM_ID.fullmatch(text):
        raise ValueError("An id has at most 40 letters without accents, digits, hyphens and underscores.")
    return text


class Item(Part):
    """A piece of a list that answers refer to by id."""

    id: Annotated[str, AfterValidator(_item_id)] = ""


class Format(Part):
    """Base of every format. `needs_title` and `needs_body` say which of the block's own texts must not be empty."""

    format: ClassVar[BlockFormat]
    needs_title: ClassVar[bool] = False
    needs_body: ClassVar[bool] = False
    default_points: ClassVar[int] = 0

    @model_validator(mode="after")
    def _name_items(self) -> Format:
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, list) and any(isinstance(each, Item) for each in value):
                require_own_ids(value, name)
                name_items(value)
        return self


class ContentFormat(Format):
    """Something to read or watch."""


class Response(Part):
    """What somebody answered: plain values, typed per format, without any right or wrong."""


@dataclass(frozen=True)
class Remark:
    """A piece of feedback on an answer; `part` is the id of the choice, row or gap that it is about, if of one."""

    text: str
    part: str | None = None


FULL, NONE = Fraction(1), Fraction(0)


def hundredths(percent: int) -> Fraction:
    """A percentage as an exact share."""
    return Fraction(percent, 100)


class QuestionFormat(Format):
    """Something to answer. The block's body is the question itself.

    A format says what an answer looks like (`response_model`), which answers fit the question (`check`), and what
    they are worth (`share`). `resolvers.formats.answering` puts these together.
    """

    needs_body: ClassVar[bool] = True
    default_points: ClassVar[int] = 1
    response_model: ClassVar[type[Response]]
    # Whether answers may be given points at all, by a machine or a person.
    may_earn: ClassVar[bool] = True
    # Whether a person has to say what an answer is worth.
    is_graded_by_people: ClassVar[bool] = False
    # Whether answers are for nobody but who wrote them.
    is_private: ClassVar[bool] = False

    hints: list[Hint] = Field(default_factory=list, max_length=20)
    explanation: LongText | None = secret()

    def check(self, response: Any) -> None:
        """Raises `WrongField` where an answer, valid by itself, does not fit this question."""

    @property
    def is_scored(self) -> bool:
        """Whether the question has a right answer, so that answers are scored by machine."""
        return False

    def share(self, response: Any) -> Fraction | None:
        """What an answer earns of the points, from -1 to 1; None where no machine can say."""
        return None

    def remarks(self, response: Any) -> list[Remark]:
        """What the author has to say to an answer."""
        return []

    def right_response(self) -> Response | None:
        """An answer that earns all points; None where there is none, or none that can be written down."""
        return None

    def declared(self) -> dict[str, Declared]:
        """What conditions may ask of an answer: "" for all of it, the id of a part for that part."""
        return {"": Declared(Kind.ANYTHING)}

    def values(self, response: Any) -> dict[str, Value]:
        """What an answer holds of that; parts that were left out are missing."""
        return {"": True}

    def limits(self) -> tuple[Fraction, Fraction] | None:
        """The least and the greatest number that an answer may be; None where it is none, or knows no end."""
        return None

    def options(self) -> list[str]:
        """What analysis counts, where answers are chosen from a list: each option's id."""
        return []

    def chosen(self, response: Any) -> list[str]:
        """Which of the options an answer chose; for typed answers, what was typed in one written form."""
        return []

    def worded(self, option: str) -> str:
        """An option as people know it, rather than by its id."""
        return option


class ScoredFormat(QuestionFormat):
    """A question that may have a right answer. Without one it is a poll, and nothing is scored."""

    penalty_percent: int = Field(default=0, ge=0, le=100)

    @property
    def wrong(self) -> Fraction:
        """What an answer earns that is wrong altogether: nothing, or less."""
        return -hundredths(self.penalty_percent)

    def or_wrong(self, share: Fraction) -> Fraction:
        """The share, where it is more than nothing; otherwise what a wrong answer earns."""
        return share if share > 0 else self.wrong

    def bounded(self, share: Fraction) -> Fraction:
        """A sum of gains and losses, which is never lower than what a wrong answer earns, nor higher than all."""
        return min(max(share, self.wrong), FULL)


def part_by_part(question: ScoredFormat, right: Sequence[bool], each_counts: bool) -> Fraction:
    """The share of a question of several parts: each counts alike, or only all of them together."""
    if each_counts:
        return question.or_wrong(Fraction(sum(right), len(right)))
    return FULL if all(right) else question.wrong


def require_own_ids(items: Sequence[Item], field: str) -> None:
    """Raises `WrongField` when two items of the list `field` share an id."""
    taken: set[str] = set()
    for index, item in enumerate(items):
        if item.id and item.id in taken:
            raise WrongField(f"The id {item.id!r} is taken by another item of this list.", field, index, "id")
        taken.add(item.id)


def require_known(
    given: Sequence[str], known: Sequence[str], word: str, *path: str | int, within: str | None = None
) -> None:
    """Raises `WrongField` for an id that nothing known has, or that was given twice; `within` is its field."""
    for index, each in enumerate(given):
        place = (*path, index) if within is None else (*path, index, within)
        if each not in known:
            raise WrongField(f"There is no {word} {each!r}.", *place)
        if each in given[:index]:
            raise WrongField(f"The {word} {each!r} is there twice.", *place)


def text_of(items: Sequence[Any], id: str) -> str:
    """The text of the item of this id, or the id where there is none."""
    return next((item.text for item in items if item.id == id), id)


def name_items(items: Sequence[Item]) -> None:
    """Gives items without an id the next free letter."""
    taken = {item.id for item in items}
    free = (name for name in _names() if name not in taken)
    for item in items:
        item.id = item.id or next(free)


def validated(kind: type[Format], values: Mapping[str, Any]) -> Format:
    """The format's model from what an author wrote; raises `SeveralErrors`, each with the path of its field."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise SeveralErrors([user_error(each) for each in error.errors()]) from error


def split(value: Format) -> tuple[Json, Json]:
    """(settings, key): what everybody may see, and the answer key."""
    settings: Json = {}
    key: Json = {}
    for name, info in type(value).model_fields.items():
        part = getattr(value, name)
        if _is_secret(info):
            key[name] = _plain(part)
        elif _holds_secrets(part):
            settings[name] = [_without_secrets(item) for item in part]
            key[name] = {item.id: _only_secrets(item) for item in part}
        else:
            settings[name] = _plain(part)
    return settings, key


def join(settings: Mapping[str, Any], key: Mapping[str, Any]) -> Json:
    """The author's view again: settings with the key's parts put back where they belong."""
    whole: Json = dict(settings)
    for name, part in key.items():
        if name in settings and isinstance(part, Mapping):
            whole[name] = [{**item, **part.get(item["id"], {})} for item in settings[name]]
        else:
            whole[name] = part
    return whole


def user_error(error: Any) -> DomainError:
    """What pydantic found wrong, as the refusal of one field."""
    cause = error.get("ctx", {}).get("error")
    message = error["msg"].removeprefix("Value error, ")
    return _refusal(message, (*error["loc"], *(cause.path if isinstance(cause, WrongField) else ())))


def wrong_field(error: WrongField) -> DomainError:
    """The refusal of the field that is to blame."""
    return _refusal(str(error), error.path)


def _refusal(message: str, place: Sequence[str | int]) -> DomainError:
    path = tuple(_camel(each) if isinstance(each, str) else each for each in place)
    return InvalidInput(message if message.endswith(".") else f"{message}.", "INVALID", path)


def _names() -> Any:
    yield from _LETTERS
    number = 1
    while True:
        yield f"item-{number}"
        number += 1


def _is_secret(info: FieldInfo) -> bool:
    return info.json_schema_extra == _SECRET


def _holds_secrets(part: Any) -> bool:
    if not (isinstance(part, list) and part and isinstance(part[0], Item)):
        return False
    return any(_is_secret(info) for info in type(part[0]).model_fields.values())


def _without_secrets(item: Item) -> Json:
    hidden = {name for name, info in type(item).model_fields.items() if _is_secret(info)}
    return item.model_dump(mode="json", exclude=hidden)


def _only_secrets(item: Item) -> Json:
    hidden = {name for name, info in type(item).model_fields.items() if _is_secret(info)}
    return item.model_dump(mode="json", include=hidden)


def _plain(part: Any) -> Any:
    if isinstance(part, BaseModel):
        return part.model_dump(mode="json")
    if isinstance(part, list):
        return [_plain(each) for each in part]
    return part


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)
