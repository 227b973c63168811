"""The registry of block formats as GraphQL sees them: one file each, one line each."""

from graph.formats import (
    callout,
    embed,
    freeform,
    matrix,
    media,
    multi_select,
    multiple_choice,
    numeric,
    ranking,
    rating,
    scale,
    section,
    short_answer,
    text,
    true_false,
)
from graph.formats.base import GraphFormat

FORMATS: tuple[GraphFormat, ...] = (
    text.FORMAT,
    section.FORMAT,
    media.FORMAT,
    callout.FORMAT,
    embed.FORMAT,
    multiple_choice.FORMAT,
    multi_select.FORMAT,
    true_false.FORMAT,
    short_answer.FORMAT,
    numeric.FORMAT,
    freeform.FORMAT,
    ranking.FORMAT,
    scale.FORMAT,
    rating.FORMAT,
    matrix.FORMAT,
)
