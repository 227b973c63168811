"""Fields of one response name: the house's rule and graphql-core's come to the same verdict on any document."""

from __future__ import annotations

from random import Random

import pytest
from graphql import DocumentNode, build_schema, parse, validate
from graphql.validation import OverlappingFieldsCanBeMergedRule
from hypothesis import given, seed

from graph.documents.merging import FieldsMerge
from tests.engine.sizes import PARTS, chance, generated, seed_of

SCHEMA = build_schema("""
    interface Thing { name: String  other(a: Int, b: [Int]): Thing  things: [Thing] }
    type Cat implements Thing {
      name: String  other(a: Int, b: [Int]): Thing  things: [Thing]  size: Int  mark: String!  kin: Cat  tags: [String]
    }
    type Dog implements Thing {
      name: String  other(a: Int, b: [Int]): Thing  things: [Thing]  size: Float  mark: String  kin: Dog
      tags: [String!]
    }
    union Pet = Cat | Dog
    type Query { thing: Thing  cat(a: Int): Cat  dog: Dog  pet: Pet  pets: [Pet!] }
""")
TYPES = ("Query", "Thing", "Cat", "Dog", "Pet")
FIELDS = {
    "Query": ("thing", "cat", "cat(a: 1)", "dog", "pet", "pets", "__typename"),
    "Thing": ("name", "other", "other(a: 1)", "other(b: [1, 2], a: 1)", "other(a: 1, b: [1, 2])", "things"),
    "Cat": ("name", "other", "other(a: 1)", "size", "mark", "kin", "tags", "things"),
    "Dog": ("name", "other(a: 2)", "size", "mark", "kin", "tags", "things"),
    "Pet": ("__typename",),
}
OF_TYPE = {
    **{"cat": "Cat", "dog": "Dog", "pet": "Pet", "pets": "Pet"},
    **{"thing": "Thing", "other": "Thing", "things": "Thing"},
}


@pytest.mark.parametrize("part", PARTS)
def test_any_document_gets_the_verdict_that_graphql_core_gives(part: int) -> None:
    @generated()
    @given(chance)
    def holds(source: Random) -> None:
        text = _document(source)
        document = parse(text)
        theirs = validate(SCHEMA, document, [OverlappingFieldsCanBeMergedRule])
        assert _fits(document) == (theirs == []), f"{text}\n{theirs}"

    seed(seed_of(part))(holds)()


@pytest.mark.parametrize(
    ("document", "fits"),
    [
        ("{ thing { name name } }", True),
        ("{ thing { x: name x: name } }", True),
        ("{ thing { other(a: 1, b: [1]) { name } other(b: [1], a: 1) { name } } }", True),
        ("{ thing { other(a: 1) { name } other(a: 2) { name } } }", False),
        ("query($a: Int) { thing { other(a: $a) { name } other(a: 1) { name } } }", False),
        ("{ pet { ... on Cat { other(a: 1) { name } } ... on Dog { other(a: 2) { name } } } }", True),
        ("{ pet { ... on Cat { x: name } ... on Dog { x: tags } } }", False),
        ("{ pet { ... on Cat { size } ... on Dog { size } } }", False),
        ("{ pet { ... on Cat { mark } ... on Dog { mark } } }", False),
        ("{ pet { ... on Cat { x: kin { y: size } } ... on Dog { x: kin { y: mark } } } }", False),
        ("{ thing { x: name ... on Cat { x: name } ... on Dog { x: mark } } }", False),
        ("{ thing { ...a ...b } } fragment a on Cat { x: name } fragment b on Cat { x: mark }", False),
    ],
)
def test_written_cases(document: str, fits: bool) -> None:
    assert _fits(parse(document)) is fits


def test_the_error_says_what_is_in_the_way_and_where() -> None:
    (error,) = validate(SCHEMA, parse("{ cat { x: name }\n cat { x: mark } }"), [FieldsMerge])[:1]
    assert error.message.startswith("Fields 'x' conflict because they return conflicting types.")
    assert [location.line for location in error.locations or ()] == [1, 2]


def _fits(document: DocumentNode) -> bool:
    return validate(SCHEMA, document, [FieldsMerge]) == []


def _document(source: Random) -> str:
    """An operation and some fragments, all of them used, with few enough names for fields to meet."""
    names = [f"f{number}" for number in range(source.randint(0, 3))]
    types = [source.choice(TYPES) for _ in names]
    texts = []
    for number, (name, type) in enumerate(zip(names, types, strict=True)):
        later = list(zip(names, types, strict=True))[number + 1 :]
        texts.append(f"fragment {name} on {type} {_selections(source, type, later, 2)}")
    spreads = " ".join(f"...{name}" for name in names)
    body = _selections(source, "Query", list(zip(names, types, strict=True)), 3)
    return "\n".join([f"{{ {body[1:-1]} {spreads} }}", *texts])


def _selections(source: Random, type: str, fragments: list[tuple[str, str]], deep: int) -> str:
    found = ["__typename"]
    for _ in range(source.randint(1, 4)):
        choice = source.randint(0, 5)
        if choice == 0 and fragments:
            found.append(f"...{source.choice(fragments)[0]}")
        elif choice == 1 and deep:
            narrowed = source.choice(TYPES[1:]) if type != "Query" else "Query"
            found.append(f"... on {narrowed} {_selections(source, narrowed, fragments, deep - 1)}")
        else:
            found.append(_field(source, type, fragments, deep))
    return f"{{ {' '.join(found)} }}"


def _field(source: Random, type: str, fragments: list[tuple[str, str]], deep: int) -> str:
    field = source.choice(FIELDS[type])
    alias = source.choice(["", "", "x: ", "y: "])
    name = field.partition("(")[0]
    inner = type if name == "kin" else OF_TYPE.get(name)
    if inner is None:
        return f"{alias}{field}"
    if not deep:
        return f"{alias}__typename"
    return f"{alias}{field} {_selections(source, inner, fragments, deep - 1)}"
