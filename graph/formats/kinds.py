"""The enum of formats, every value described. Take it from here on this floor: it must be known before use."""

from __future__ import annotations

from graph.fields import described
from models.curriculum import BlockFormat

described(
    BlockFormat,
    text="Words to read.",
    section="A titled page break inside a lesson.",
    media="A video, a recording, a picture or a document.",
    callout="Words that stand out: a tip, a warning, a quotation.",
    embed="Something shown from another site.",
    multiple_choice="One answer out of several.",
    multi_select="Several answers out of several.",
    true_false="Yes or no to a statement.",
    short_answer="A few words, checked against accepted answers.",
    numeric="A number, checked within a tolerance or a range.",
    freeform="Free writing.",
    ranking="Things to put in order.",
    scale="A point on a labelled line of numbers.",
    rating="A number of stars.",
    matrix="One or more choices for each of several rows.",
    matching="To each thing on the left one on the right.",
    cloze="A text with gaps to fill.",
    reflection="Writing for oneself, never graded.",
    file_upload="Files to hand in.",
)

__all__ = ["BlockFormat"]
