"""Scales in the API: what an assessment measures, and the mutations of their authors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

import models.curriculum as models
import models.events as facts
from core.rows import Row
from graph.context import TRASH
from graph.curriculum.enums import ScaleAggregation, ScaleRole
from graph.door import Act, Fields, described_as, mutation, plain
from graph.engine import BatchInfo
from graph.fields import batched, editable, entity, related_one
from graph.node import Node
from models.identity import Scope
from resolvers import curriculum
from resolvers.content.drafts import Place
from resolvers.curriculum.measuring import linked

if TYPE_CHECKING:
    from graph.curriculum.types import Assessment


@strawberry.type(description="What choosing one option counts.")
class OptionValue:
    """One option of a question, or one column of a row."""

    option: str = strawberry.field(description="The option's id; `true` or `false` of a yes or no.")
    value: float = strawberry.field(description="What it counts.")


@strawberry.type(description="One answer that counts towards a scale.")
class ScaleItem:
    """A question, or a part of one."""

    block_id: strawberry.ID = strawberry.field(description="The question.")
    part: str | None = strawberry.field(description="The part of it that counts, such as a row of a matrix.")
    weight: float = strawberry.field(description="How much it counts, beside the others.")
    is_reversed: bool = strawberry.field(description="Whether a low answer counts as a high one.")
    values: list[OptionValue] = strawberry.field(description="What each option counts, where answers are no numbers.")


@strawberry.type(description="What scores from `minimum` up to `maximum` mean.")
class ScoreBand:
    """A band reaches up to its maximum, without it; the highest one includes it."""

    key: str = strawberry.field(description="A short name for programs, unique in its scale.")
    label: str = strawberry.field(description="What it is called.")
    minimum: float = strawberry.field(description="The lowest score in it.")
    maximum: float = strawberry.field(description="Where the next band begins; of the highest one, its highest score.")
    meaning: str = strawberry.field(description="What such a score means, in plain text.")
    journey: str | None = strawberry.field(description="The journey that such a score begins, by its key.")


@strawberry.type(description="One line of a table from numbers to scores.")
class ConversionLine:
    """Numbers between two lines take the upper one."""

    raw: float = strawberry.field(description="The number that the answers come to.")
    score: float = strawberry.field(description="The score that it stands for.")


def _items(rows: Sequence[Row], info: BatchInfo) -> list[list[ScaleItem]]:
    return [[_item(each) for each in row.items] for row in rows]


def _item(stored: dict[str, Any]) -> ScaleItem:
    values = [OptionValue(**each) for each in stored["values"]]
    return ScaleItem(**{**stored, "block_id": strawberry.ID(linked(stored["block_id"])), "values": values})


def bands_of(rows: Sequence[Any], info: BatchInfo) -> list[list[ScoreBand]]:
    """The bands of scales, from the lowest."""
    return [[ScoreBand(**each) for each in row.bands] for row in rows]


def _conversion(rows: Sequence[Row], info: BatchInfo) -> list[list[ConversionLine]]:
    return [[ConversionLine(**each) for each in row.conversion] for row in rows]


@entity(models.Scale)
class Scale(Node):
    """Something that an assessment measures."""

    key: str = editable()
    label: str = editable()
    description: str = editable()
    role: ScaleRole = editable()
    minimum: float = editable()
    maximum: float = editable()
    higher_is_better: bool = editable()
    aggregation: ScaleAggregation = editable()
    formula: str | None = editable()
    factor: float = editable()
    missing_allowed: int = editable()
    change_threshold: float | None = editable()
    norm_deviation: float | None = editable()
    reliability: float | None = editable()
    position: int
    revision: int
    created_at: datetime
    updated_at: datetime
    items: list[ScaleItem] = batched(_items, "The answers that count towards it.", needs=("items",))
    bands: list[ScoreBand] = batched(bands_of, "What scores mean, from the lowest.", needs=("bands",))
    conversion: list[ConversionLine] = batched(
        _conversion, "The table from numbers to scores; empty where there is a factor.", needs=("conversion",)
    )
    assessment: Annotated[Assessment, strawberry.lazy("graph.curriculum.types")] | None = related_one(
        curriculum.ASSESSMENT_OF_SCALE, "The assessment that measures it."
    )


# What editors do -----------------------------------------------------------------------------------------------------


@strawberry.input(description="What choosing one option counts.")
class OptionValueInput:
    """An option that is given no value counts as no answer."""

    option: str = strawberry.field(description="The option's id; `true` or `false` of a yes or no.")
    value: float = strawberry.field(description="What it counts.")


@strawberry.input(description="One answer that counts towards a scale.")
class ScaleItemInput:
    """A question, or a part of one."""

    block_id: strawberry.ID = strawberry.field(description="The question: a block of the same assessment.")
    part: str | None = strawberry.field(default=None, description="The part of it that counts, such as a row.")
    weight: float = strawberry.field(default=1.0, description="How much it counts, beside the others.")
    is_reversed: bool = strawberry.field(default=False, description="Whether a low answer counts as a high one.")
    values: list[OptionValueInput] | None = strawberry.field(
        default=None, description="What each option counts, where answers are no numbers."
    )


@strawberry.input(description="What scores from `minimum` up to `maximum` mean.")
class ScoreBandInput:
    """Each begins where the one before ends, from the scale's minimum to its maximum."""

    key: str = strawberry.field(description="A short name for programs, unique in its scale.")
    label: str = strawberry.field(description="What it is called.")
    minimum: float = strawberry.field(description="The lowest score in it.")
    maximum: float = strawberry.field(description="Where the next band begins; of the highest one, its highest score.")
    meaning: str = strawberry.field(default="", description="What such a score means, in plain text.")
    journey: str | None = strawberry.field(
        default=None, description="The journey that such a score begins, by its key."
    )


@strawberry.input(description="One line of a table from numbers to scores.")
class ConversionLineInput:
    """Lines ascend."""

    raw: float = strawberry.field(description="The number that the answers come to.")
    score: float = strawberry.field(description="The score that it stands for.")


Id = Annotated[strawberry.ID, described_as("The scale's id.")]
Expected = Annotated[int, described_as("The revision you started from; another one now is a conflict.")]
Items = Annotated[list[ScaleItemInput] | None, described_as("All answers that count towards it.")]
Bands = Annotated[list[ScoreBandInput] | None, described_as("What scores mean, from the lowest; none where absent.")]
Lines = Annotated[
    list[ConversionLineInput] | None, described_as("A table from numbers to scores, in place of a factor.")
]
AfterId = Annotated[
    strawberry.ID | None,
    described_as("The scale to put it after; null puts it first; when absent it goes to the end."),
]
ABSENT: Any = object()
Edit = Scope.CONTENT_EDIT


def _with_parts(fields: Fields, **lists: Any) -> Fields:
    """The fields with those lists that were given; null is an empty one."""
    return {**fields, **{name: plain(value or []) for name, value in lists.items() if value is not ABSENT}}


def _place(after_id: Any) -> Place:
    if after_id is ABSENT:
        return Place()
    return Place(at_start=True) if after_id is None else Place(after=after_id)


@mutation(Edit, Scale, creates=True, records=(facts.ScaleCreated,), within=True)
async def scale_create(
    act: Act,
    assessment_id: Annotated[strawberry.ID, described_as("The assessment that measures it.")],
    fields: Fields,
    items: Items = ABSENT,
    bands: Bands = ABSENT,
    conversion: Lines = ABSENT,
    after_id: AfterId = ABSENT,
) -> str:
    """Makes a new scale in a draft assessment."""
    values = _with_parts(fields, items=items, bands=bands, conversion=conversion)
    return await curriculum.create_scale(act.tx, assessment_id, values, _place(after_id))


@mutation(Edit, Scale, updates=True, records=(facts.ScaleUpdated,), within=True)
async def scale_update(
    act: Act,
    id: Id,
    expected_revision: Expected,
    fields: Fields,
    items: Items = ABSENT,
    bands: Bands = ABSENT,
    conversion: Lines = ABSENT,
) -> str:
    """Saves changed fields of a draft scale. What is absent stays as it is; a list is replaced as a whole."""
    values = _with_parts(fields, items=items, bands=bands, conversion=conversion)
    await curriculum.update_scale(act.tx, id, expected_revision, values)
    return id


@mutation(Edit, Scale, records=(facts.ScaleMoved,), within=True)
async def scale_move(act: Act, id: Id, after_id: AfterId = ABSENT) -> str:
    """Puts a draft scale at another place in its assessment."""
    await curriculum.move_scale(act.tx, id, _place(after_id))
    return id


@mutation(Edit, Scale, shows=TRASH, records=(facts.ScaleTrashed,), within=True)
async def scale_trash(act: Act, id: Id) -> str:
    """Puts a draft scale into the trash. Attempts are measured on it until its assessment is published again."""
    await curriculum.trash(act.tx, models.Scale, id)
    return id


@mutation(Edit, Scale, records=(facts.ScaleRestored,), within=True)
async def scale_restore(act: Act, id: Id) -> str:
    """Takes a scale out of the trash."""
    await curriculum.restore(act.tx, models.Scale, id)
    return id


MUTATIONS = (scale_create, scale_update, scale_move, scale_trash, scale_restore)
