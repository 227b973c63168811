"""What learners may answer: for each format of question a strategy of valid answers to a given question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from models.curriculum import BlockFormat
from tests.formats.authoring import SECRET_DIGITS, SECRET_WORD

Answers = SearchStrategy[dict[str, Any]]

typed = st.sampled_from([f"{SECRET_WORD}a", "vienna", "  Two  words ", "ｆｕｌｌ", "ß", "42"])
numbers = st.sampled_from(["0", "+1.50", "-3", "1e3", f"{SECRET_DIGITS}000", f"-{SECRET_DIGITS}000"])
written = st.lists(st.sampled_from(["so", "it", "was"]), min_size=1, max_size=30).map(" ".join)


@st.composite
def multi_select(draw: st.DrawFn, model: Any) -> dict[str, Any]:
    names = [choice.id for choice in model.choices]
    most = len(names) if model.maximum_selected is None else model.maximum_selected
    chosen = draw(st.lists(st.sampled_from(names), min_size=model.minimum_selected or 0, max_size=most, unique=True))
    return {"choice_ids": chosen}


@st.composite
def numeric(draw: st.DrawFn, model: Any) -> dict[str, Any]:
    units: list[Any] = [each.name for each in model.other_units] + ([model.unit] if model.unit else [])
    units += [] if model.requires_unit else [None]
    return {"number": draw(numbers), "unit": draw(st.sampled_from(units))}


@st.composite
def matrix(draw: st.DrawFn, model: Any) -> dict[str, Any]:
    columns = st.sampled_from([column.id for column in model.columns])
    most = len(model.columns) if model.allows_multiple else 1
    rows = draw(st.lists(st.sampled_from([row.id for row in model.rows]), unique=True))
    return {
        "rows": [{"row_id": row, "column_ids": draw(st.lists(columns, max_size=most, unique=True))} for row in rows]
    }


@st.composite
def matching(draw: st.DrawFn, model: Any) -> dict[str, Any]:
    targets = st.sampled_from([target.id for target in model.targets])
    prompts = draw(st.lists(st.sampled_from([prompt.id for prompt in model.prompts]), unique=True))
    return {"pairs": [{"prompt_id": prompt, "target_id": draw(targets)} for prompt in prompts]}


@st.composite
def cloze(draw: st.DrawFn, model: Any) -> dict[str, Any]:
    filled = draw(st.lists(st.sampled_from(model.gaps), unique_by=lambda gap: gap.id))
    values = {"text": lambda _: typed, "number": lambda _: numbers, "choice": lambda gap: st.sampled_from(gap.options)}
    return {"gaps": [{"gap_id": gap.id, "text": draw(values[gap.kind](gap))} for gap in filled]}


ANSWERED: dict[BlockFormat, Callable[[Any], Answers]] = {
    BlockFormat.MULTIPLE_CHOICE: lambda model: st.fixed_dictionaries(
        {"choice_id": st.sampled_from([choice.id for choice in model.choices])}
    ),
    BlockFormat.MULTI_SELECT: multi_select,
    BlockFormat.TRUE_FALSE: lambda _: st.fixed_dictionaries({"is_true": st.booleans()}),
    BlockFormat.SHORT_ANSWER: lambda model: st.fixed_dictionaries(
        {"text": typed.map(lambda text: text.strip()[: model.maximum_length])}
    ),
    BlockFormat.NUMERIC: numeric,
    BlockFormat.FREEFORM: lambda model: st.fixed_dictionaries(
        {"text": st.just(" ".join(["word"] * max(model.minimum_words or 0, 1)))}
    ),
    BlockFormat.RANKING: lambda model: st.fixed_dictionaries(
        {"item_ids": st.permutations([item.id for item in model.items])}
    ),
    BlockFormat.SCALE: lambda model: st.fixed_dictionaries(
        {"point": st.sampled_from(range(model.minimum, model.maximum + 1, model.step))}
    ),
    BlockFormat.RATING: lambda model: st.fixed_dictionaries({"rating": st.integers(1, model.maximum)}),
    BlockFormat.MATRIX: matrix,
    BlockFormat.MATCHING: matching,
    BlockFormat.CLOZE: cloze,
    BlockFormat.REFLECTION: lambda _: st.fixed_dictionaries({"text": written}),
    BlockFormat.FILE_UPLOAD: lambda model: st.fixed_dictionaries(
        {
            "file_keys": st.lists(
                st.from_regex(r"[a-z]{6}", fullmatch=True), min_size=1, max_size=model.maximum_files, unique=True
            )
        }
    ),
}
