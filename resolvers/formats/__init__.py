"""The registry of block formats: one file each, one line each."""

from models.curriculum import BlockFormat
from resolvers.formats import (
    callout,
    cloze,
    embed,
    file_upload,
    freeform,
    matching,
    matrix,
    media,
    multi_select,
    multiple_choice,
    numeric,
    ranking,
    rating,
    reflection,
    scale,
    section,
    short_answer,
    text,
    true_false,
)
from resolvers.formats.base import Format, QuestionFormat

FORMATS: tuple[type[Format], ...] = (
    text.Text,
    section.Section,
    media.Media,
    callout.Callout,
    embed.Embed,
    multiple_choice.MultipleChoice,
    multi_select.MultiSelect,
    true_false.TrueFalse,
    short_answer.ShortAnswer,
    numeric.Numeric,
    freeform.Freeform,
    ranking.Ranking,
    scale.Scale,
    rating.Rating,
    matrix.Matrix,
    matching.Matching,
    cloze.Cloze,
    reflection.Reflection,
    file_upload.FileUpload,
)

BY_KIND: dict[BlockFormat, type[Format]] = {each.format: each for each in FORMATS}
# The formats that are answered, by the words that rows have for them.
QUESTIONS = frozenset(each.format.value for each in FORMATS if issubclass(each, QuestionFormat))
