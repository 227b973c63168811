"""What authors may write: for each format a strategy of valid values, with every secret recognisable.

Secret texts hold `SECRET_WORD` and secret numbers begin with `SECRET_DIGITS`; nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from models.curriculum import BlockFormat

Values = SearchStrategy[dict[str, Any]]
SECRET_WORD = "§hush§"
SECRET_DIGITS = "987654321"

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00§"), max_size=20)
texts = words.map(lambda word: f"x{word}")
secrets = words.map(lambda word: f"{SECRET_WORD}{word}")
secret_numbers = st.integers(0, 999).map(lambda number: f"{SECRET_DIGITS}{number:03}")
ids = st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True)
addresses = st.sampled_from(["https://example.org/a", "https://münchen.example:8443/ä?b=c#d", "/files/a.pdf"])
https = st.just("https://example.org/frame")


def maybe(values: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | values


def some(required: dict[str, SearchStrategy[Any]], optional: dict[str, SearchStrategy[Any]]) -> Values:
    return st.fixed_dictionaries(required, optional=optional)


def question(required: dict[str, SearchStrategy[Any]], optional: dict[str, SearchStrategy[Any]]) -> Values:
    shared = {"hints": st.lists(texts, max_size=3), "explanation": maybe(secrets)}
    return some(required, {**shared, **optional})


def scored(required: dict[str, SearchStrategy[Any]], optional: dict[str, SearchStrategy[Any]]) -> Values:
    """A question that may have a right answer: wrong ones may cost something."""
    return question(required, {"penalty_percent": st.integers(0, 100), **optional})


@st.composite
def items(draw: st.DrawFn, fields: dict[str, SearchStrategy[Any]], least: int, most: int) -> list[dict[str, Any]]:
    names = draw(st.lists(ids, min_size=least, max_size=most, unique=True))
    written = [{"text": draw(texts), **draw(some({}, fields))} for _ in names]
    named = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    return [{**item, "id": name} if own else item for item, name, own in zip(written, names, named, strict=True)]


@st.composite
def multiple_choice(draw: st.DrawFn) -> dict[str, Any]:
    choices = draw(items({"feedback": maybe(secrets)}, 2, 6))
    right = draw(maybe(st.integers(0, len(choices) - 1)))
    if right is not None:
        choices[right]["is_correct"] = True
        for place, choice in enumerate(choices):
            choice["credit_percent"] = draw(maybe(st.integers(-100, 99))) if place != right else None
    rest = {"shuffle": st.booleans(), "display": st.sampled_from(["list", "dropdown"])}
    return {**draw(scored({}, rest)), "choices": choices}


@st.composite
def multi_select(draw: st.DrawFn) -> dict[str, Any]:
    choices = draw(items({"feedback": maybe(secrets), "is_correct": st.booleans()}, 2, 6))
    correct = sum(choice.get("is_correct", False) for choice in choices)
    rest = {
        "minimum_selected": maybe(st.integers(0, correct or len(choices))),
        "maximum_selected": maybe(st.integers(correct or len(choices), len(choices))),
        "shuffle": st.booleans(),
    }
    rule = draw(st.sampled_from(["none", "every_decision", "halves", "right_minus_wrong", "weights"]))
    if rule == "weights" and correct:
        for choice, credit in zip(
            choices, draw(weights([bool(each.get("is_correct")) for each in choices])), strict=True
        ):
            choice["credit_percent"] = credit
    return {**draw(scored({}, rest)), "choices": choices, "partial_credit": rule}


@st.composite
def weights(draw: st.DrawFn, correct: list[bool]) -> list[int | None]:
    """Credits of choices: those of correct ones make a hundred together, or none is said."""
    number = sum(correct)
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=number - 1, max_size=number - 1)))
    shares = [after - before for before, after in zip([0, *cuts], [*cuts, 100], strict=True)]
    own = iter(shares if draw(st.booleans()) else [None] * number)
    return [next(own) if each else draw(maybe(st.integers(-100, 0))) for each in correct]


@st.composite
def ranking(draw: st.DrawFn) -> dict[str, Any]:
    written = draw(items({}, 2, 6))
    if draw(st.booleans()):
        for item, place in zip(written, draw(st.permutations(range(1, len(written) + 1))), strict=True):
            item["correct_position"] = place
    rest = {"shuffle": st.booleans(), "order_credit": st.sampled_from(["none", "positions", "pairs"])}
    return {**draw(scored({}, rest)), "items": written}


@st.composite
def scale(draw: st.DrawFn) -> dict[str, Any]:
    minimum, step, steps = draw(st.integers(-1000, 1000)), draw(st.integers(1, 50)), draw(st.integers(1, 100))
    labels = {f"{place}_label": maybe(texts) for place in ("minimum", "middle", "maximum")}
    return {**draw(question({}, labels)), "minimum": minimum, "step": step, "maximum": minimum + step * steps}


@st.composite
def rating(draw: st.DrawFn) -> dict[str, Any]:
    maximum = draw(st.integers(3, 10))
    labels = draw(st.just([]) | st.lists(texts, min_size=maximum, max_size=maximum))
    rest = draw(question({}, {"symbol": st.sampled_from(["star", "heart", "number"])}))
    return {**rest, "maximum": maximum, "labels": labels}


@st.composite
def matrix(draw: st.DrawFn) -> dict[str, Any]:
    columns = [{"id": name, "text": draw(texts)} for name in draw(st.lists(ids, min_size=2, max_size=5, unique=True))]
    several = draw(st.booleans())
    names = st.sampled_from([column["id"] for column in columns])
    right = st.lists(names, unique=True, max_size=len(columns) if several else 1)
    rows = draw(items({"correct_column_ids": right}, 1, 5))
    rest = {"every_part_counts": st.booleans()}
    return {**draw(scored({}, rest)), "rows": rows, "columns": columns, "allows_multiple": several}


@st.composite
def matching(draw: st.DrawFn) -> dict[str, Any]:
    targets = [{"id": name, "text": draw(texts)} for name in draw(st.lists(ids, min_size=2, max_size=5, unique=True))]
    names = st.sampled_from([target["id"] for target in targets])
    prompts = draw(items({"correct_target_id": maybe(names)}, 1, 5))
    rest = {"shuffle": st.booleans(), "every_part_counts": st.booleans()}
    return {**draw(scored({}, rest)), "prompts": prompts, "targets": targets}


@st.composite
def gap(draw: st.DrawFn, name: str) -> dict[str, Any]:
    kind = draw(st.sampled_from(["text", "number", "choice"]))
    made: dict[str, Any] = {"id": name, "kind": kind, "weight": draw(st.integers(1, 5))}
    if kind == "number":
        return {**made, "numbers": draw(st.lists(_value | _range, max_size=3))}
    if kind == "text":
        return {**made, "accepted": draw(st.lists(_accepted, max_size=3))}
    options = draw(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=2, max_size=4, unique=True))
    right = {"text": draw(st.sampled_from(options)), "match": "exact", "feedback": draw(maybe(secrets))}
    return {**made, "options": options, "accepted": draw(st.sampled_from([[], [right]]))}


@st.composite
def cloze(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(ids, min_size=1, max_size=4, unique=True))
    text = " ".join(f"{draw(texts).replace('[', '')} [[{name}]]" for name in names)
    rest = {"every_part_counts": st.booleans()}
    return {**draw(scored({}, rest)), "text": text, "gaps": [draw(gap(name)) for name in names]}


@st.composite
def numeric(draw: st.DrawFn) -> dict[str, Any]:
    rest = {"answers": st.lists(_value | _range, max_size=4), "placeholder": maybe(texts)}
    made = draw(scored({}, rest))
    if draw(st.booleans()):
        return made
    names = draw(st.lists(st.from_regex(r"[a-z]{1,4}", fullmatch=True), min_size=1, max_size=3, unique=True))
    factors = st.sampled_from(["0.001", "0.3048", "10", "1e6"])
    others = [{"name": name, "factor": draw(factors)} for name in names[1:]]
    return {**made, "unit": names[0], "other_units": others, "requires_unit": draw(st.booleans())}


@st.composite
def freeform(draw: st.DrawFn) -> dict[str, Any]:
    minimum = draw(maybe(st.integers(0, 500)))
    maximum = draw(maybe(st.integers(max(minimum or 0, 1), 1000)))
    rest = draw(question({}, {"placeholder": maybe(texts), "rubric": maybe(secrets), "sample_answer": maybe(secrets)}))
    return {**rest, "minimum_words": minimum, "maximum_words": maximum}


@st.composite
def media(draw: st.DrawFn) -> dict[str, Any]:
    start, end, duration = sorted(draw(st.lists(st.integers(0, 5000), min_size=3, max_size=3, unique=True)))
    locales = draw(st.lists(st.sampled_from(["en", "de-AT", "zh-Hans-CN"]), unique=True, max_size=3))
    required = {"kind": st.sampled_from(["video", "audio", "image", "document"]), "url": addresses, "alt": texts}
    optional = {
        "alternative_urls": st.lists(addresses, max_size=3),
        "transcript": maybe(texts),
        "poster_url": maybe(addresses),
        "duration_seconds": maybe(st.just(duration)),
        "starts_at_seconds": maybe(st.just(start)),
        "ends_at_seconds": maybe(st.just(end)),
    }
    captions = [{"locale": locale, "url": draw(addresses)} for locale in locales]
    return {**draw(some(required, optional)), "captions": captions}


_told = {"feedback": maybe(secrets), "credit_percent": st.integers(-100, 100)}
_literal = some({"text": secrets}, {"match": st.sampled_from(["exact", "ignore_case"]), **_told})
_pattern = some({"text": st.just(rf"(?i){SECRET_WORD}\w*"), "match": st.just("pattern")}, _told)
_accepted = _literal | _pattern
_tolerance = {"tolerance": maybe(secret_numbers), "tolerance_kind": st.sampled_from(["absolute", "percent"])}
_value = some({"value": secret_numbers}, {**_tolerance, **_told})
_range = some(
    {"minimum": secret_numbers.map(lambda number: f"-{number}")},
    {"maximum": secret_numbers, "minimum_inclusive": st.booleans(), "maximum_inclusive": st.booleans(), **_told},
)

AUTHORED: dict[BlockFormat, Callable[[], Values]] = {
    BlockFormat.TEXT: lambda: st.just({}),
    BlockFormat.SECTION: lambda: st.just({}),
    BlockFormat.MEDIA: media,
    BlockFormat.CALLOUT: lambda: some({}, {"tone": st.sampled_from(["info", "tip", "warning", "success", "quote"])}),
    BlockFormat.EMBED: lambda: some(
        {"url": https}, {"height": maybe(st.integers(1, 10_000)), "aspect_ratio": maybe(st.just("16:9"))}
    ),
    BlockFormat.MULTIPLE_CHOICE: multiple_choice,
    BlockFormat.MULTI_SELECT: multi_select,
    BlockFormat.TRUE_FALSE: lambda: scored(
        {},
        {
            "correct_answer": maybe(st.booleans()),
            "true_label": texts,
            "false_label": texts,
            "feedback_true": maybe(secrets),
            "feedback_false": maybe(secrets),
        },
    ),
    BlockFormat.SHORT_ANSWER: lambda: scored(
        {},
        {
            "accepted": st.lists(_accepted, max_size=4),
            "placeholder": maybe(texts),
            "maximum_length": maybe(st.integers(1, 10_000)),
        },
    ),
    BlockFormat.NUMERIC: numeric,
    BlockFormat.FREEFORM: freeform,
    BlockFormat.RANKING: ranking,
    BlockFormat.SCALE: scale,
    BlockFormat.RATING: rating,
    BlockFormat.MATRIX: matrix,
    BlockFormat.MATCHING: matching,
    BlockFormat.CLOZE: cloze,
    BlockFormat.REFLECTION: lambda: question({}, {"placeholder": maybe(texts)}),
    BlockFormat.FILE_UPLOAD: lambda: question(
        {},
        {
            "kinds": st.lists(st.sampled_from(["image", "document", "audio", "video"]), max_size=4),
            "maximum_files": st.integers(1, 20),
            "rubric": maybe(secrets),
        },
    ),
}
