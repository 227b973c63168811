"""Which fields an answer has, and in which order: aliases, fragments, directives, merged fields."""

from __future__ import annotations

from typing import Any

from tests.engine.ways import Case, Described, Way, check, every

_HOUSE = Described(
    """
    interface Named { name: String }
    type Person implements Named { name: String age: Int friend: Person friends: [Person] pet: Animal }
    type Cat implements Named { name: String lives: Int }
    type Dog implements Named { name: String barks: Boolean }
    union Animal = Cat | Dog
    type Query { person: Person people: [Person] named: [Named] animals: [Animal] word: String }
    """,
    fields={
        "Query.person": lambda _parent: _ANN,
        "Query.people": lambda _parent: [_ANN, _BEN],
        "Query.named": lambda _parent: [_ANN, _TOM, _REX],
        "Query.animals": lambda _parent: [_TOM, _REX],
        "Query.word": lambda _parent: "word",
        "Person.friend": lambda parent: parent.get("friend"),
        "Person.friends": lambda parent: [_BEN, _ANN] if parent is _ANN else [],
        "Person.pet": lambda parent: _TOM if parent is _ANN else _REX,
        "Cat.name": lambda parent: parent["name"],
    },
    kinds={"Named": lambda value: value["kind"], "Animal": lambda value: value["kind"]},
)
_BEN = {"kind": "Person", "name": "Ben", "age": 30}
_ANN = {"kind": "Person", "name": "Ann", "age": 40, "friend": _BEN}
_TOM = {"kind": "Cat", "name": "Tom", "lives": 9}
_REX = {"kind": "Dog", "name": "Rex", "barks": True}


def _case(name: str, document: str, gives: Any, **more: Any) -> Case:
    return Case(name, _HOUSE, document, gives, **more)


_PLAIN = (
    _case("one field", "{ word }", {"word": "word"}),
    _case("an anonymous operation with a keyword", "query { word }", {"word": "word"}),
    _case("fields come in the order of the document", "{ person { age name } word }",
          {"person": {"age": 40, "name": "Ann"}, "word": "word"}),
    _case("an alias names the key", "{ first: word }", {"first": "word"}),
    _case("the same field under two aliases", "{ a: word b: word }", {"a": "word", "b": "word"}),
    _case("aliases that swap two names", "{ person { name: age age: name } }",
          {"person": {"name": 40, "age": "Ann"}}),
    _case("the same field twice is one", "{ word word }", {"word": "word"}),
    _case("the same object twice is merged", "{ person { name } person { age } }", {"person": {"name": "Ann", "age": 40}}),
    _case("merged at its first place", "{ person { name } word person { age } }",
          {"person": {"name": "Ann", "age": 40}, "word": "word"}),
    _case("merged three levels down", "{ person { friend { name } } person { friend { age } friend { name } } }",
          {"person": {"friend": {"name": "Ben", "age": 30}}}),
    _case("merged under one alias", "{ x: person { name } x: person { age } }", {"x": {"name": "Ann", "age": 40}}),
    _case("the name of the root type", "{ __typename word }", {"__typename": "Query", "word": "word"}),
    _case("the name of an object's type, aliased", "{ person { kind: __typename name } }",
          {"person": {"kind": "Person", "name": "Ann"}}),
    _case("nothing but the name of a type", "{ people { __typename } }",
          {"people": [{"__typename": "Person"}, {"__typename": "Person"}]}),
    _case("a null object has no fields", "{ people { name friend { name } } }",
          {"people": [{"name": "Ann", "friend": {"name": "Ben"}}, {"name": "Ben", "friend": None}]}),
    _case("empty lists end a level", "{ people { friends { friends { name } } } }",
          {"people": [{"friends": [{"friends": []}, {"friends": [{"name": "Ben"}, {"name": "Ann"}]}]},
                      {"friends": []}]}),
    _case("a field that the schema does not have is left out", "{ word nothing }", {"word": "word"}),
    _case("only fields that the schema does not have", "{ person { nothing } }", {"person": {}}),
)  # fmt: skip

_FRAGMENTS = (
    _case("a named fragment", "{ person { ...N } } fragment N on Person { name }", {"person": {"name": "Ann"}}),
    _case("a fragment on the root", "{ ...R } fragment R on Query { word }", {"word": "word"}),
    _case("a fragment within a fragment", "{ person { ...A } } fragment A on Person { age ...B } fragment B on Person { name }",
          {"person": {"age": 40, "name": "Ann"}}),
    _case("a fragment used at two levels", "{ person { ...N friend { ...N } } } fragment N on Person { name }",
          {"person": {"name": "Ann", "friend": {"name": "Ben"}}}),
    _case("a fragment spread twice is one", "{ person { ...N age ...N } } fragment N on Person { name }",
          {"person": {"name": "Ann", "age": 40}}),
    _case("keys come where a fragment first brings them", "{ person { ...N age name } } fragment N on Person { name }",
          {"person": {"name": "Ann", "age": 40}}),
    _case("fields of a fragment merge with fields beside it",
          "{ person { friend { age } ...F } } fragment F on Person { friend { name } }",
          {"person": {"friend": {"age": 30, "name": "Ben"}}}),
    _case("an unknown fragment is nothing", "{ word ...Missing }", {"word": "word"}),
    _case("a fragment that spreads itself ends", "{ person { ...A } } fragment A on Person { name ...A }",
          {"person": {"name": "Ann"}}),
    _case("an inline fragment without a condition", "{ ... { word } }", {"word": "word"}),
    _case("an inline fragment on the type itself", "{ person { ... on Person { name } } }", {"person": {"name": "Ann"}}),
    _case("an inline fragment on an interface of the type", "{ person { ... on Named { name } } }",
          {"person": {"name": "Ann"}}),
    _case("a condition on another type never matches", "{ person { name ... on Cat { lives } } }",
          {"person": {"name": "Ann"}}),
    _case("a condition on an unknown type never matches", "{ person { name ... on Nobody { lives } } }",
          {"person": {"name": "Ann"}}),
    _case("fields of an interface", "{ named { name } }",
          {"named": [{"name": "Ann"}, {"name": "Tom"}, {"name": "Rex"}]}),
    _case("conditions by type split a level and join it in order",
          "{ named { ... on Cat { lives } ... on Dog { barks } ... on Person { age } name } }",
          {"named": [{"age": 40, "name": "Ann"}, {"lives": 9, "name": "Tom"}, {"barks": True, "name": "Rex"}]}),
    _case("conditions on a union", "{ animals { __typename ... on Cat { lives name } ... on Dog { name barks } } }",
          {"animals": [{"__typename": "Cat", "lives": 9, "name": "Tom"}, {"__typename": "Dog", "name": "Rex", "barks": True}]}),
    _case("an interface's condition within a union", "{ animals { ... on Named { name } } }",
          {"animals": [{"name": "Tom"}, {"name": "Rex"}]}),
    _case("a union's condition within an interface", "{ named { ... on Animal { __typename } } }",
          {"named": [{}, {"__typename": "Cat"}, {"__typename": "Dog"}]}),
    _case("conditions within conditions", "{ animals { ... on Named { ... on Cat { lives } name } } }",
          {"animals": [{"lives": 9, "name": "Tom"}, {"name": "Rex"}]}),
    _case("one key, another field for each type", "{ animals { ... on Cat { x: name } ... on Dog { x: barks } } }",
          {"animals": [{"x": "Tom"}, {"x": True}]}),
    _case("a union below a list", "{ people { pet { ... on Cat { lives } ... on Dog { barks } } } }",
          {"people": [{"pet": {"lives": 9}}, {"pet": {"barks": True}}]}),
    _case("no condition that matches gives empty objects", "{ named { ... on Cat { lives } } }",
          {"named": [{}, {"lives": 9}, {}]}),
)  # fmt: skip

_OFF_ON: dict[str, Any] = {"variables": {"off": False, "on": True}}
_WITH = "query($on: Boolean = true, $off: Boolean = false)"
_DIRECTIVES = (
    _case("included", "{ word @include(if: true) }", {"word": "word"}),
    _case("not included", "{ word @include(if: false) __typename }", {"__typename": "Query"}),
    _case("skipped", "{ word @skip(if: true) __typename }", {"__typename": "Query"}),
    _case("not skipped", "{ word @skip(if: false) }", {"word": "word"}),
    _case("everything skipped", "{ word @skip(if: true) }", {}),
    _case("everything below skipped", "{ person { name @skip(if: true) } }", {"person": {}}),
    *(
        _case(f"include {include} and skip {skip}", f"{{ word @include(if: {include}) @skip(if: {skip}) }}",
              {"word": "word"} if (include, skip) == ("true", "false") else {})
        for include in ("true", "false") for skip in ("true", "false")
    ),
    _case("by variables", "query($on: Boolean!, $off: Boolean!) { a: word @include(if: $on) b: word @include(if: $off)"
          " c: word @skip(if: $on) d: word @skip(if: $off) }", {"a": "word", "d": "word"}, **_OFF_ON),
    _case("by defaults of variables", f"{_WITH} {{ a: word @include(if: $on) b: word @include(if: $off) }}", {"a": "word"}),
    _case("by a null variable", f"{_WITH} {{ word @include(if: $on) }}", None, variables={"on": None},
          fails={"": "not to be None"}),
    _case("by a variable nobody gave", "query($on: Boolean) { word @include(if: $on) }", None,
          fails={"": "to provide a runtime value"}),
    _case("a null variable below a list",
          f"{_WITH} {{ people {{ name @skip(if: $off) }} }}", {"people": [None, None]}, variables={"off": None},
          fails={"people.0": "not to be None", "people.1": "not to be None"}),
    _case("a spread not included", "{ word ...R @include(if: false) } fragment R on Query { person { name } }",
          {"word": "word"}),
    _case("a spread once skipped and once not", "{ ...R @skip(if: true) ...R } fragment R on Query { word }",
          {"word": "word"}),
    _case("an inline fragment skipped", "{ word ... on Query @skip(if: true) { person { name } } }", {"word": "word"}),
    _case("an inline fragment without condition included", "{ ... @include(if: true) { word } }", {"word": "word"}),
    _case("a field skipped once and asked for again", "{ word @skip(if: true) word }", {"word": "word"}),
    _case("a skipped object takes its selections along", "{ person @skip(if: true) { name } person { age } }",
          {"person": {"age": 40}}),
    _case("within a fragment", f"{_WITH} {{ person {{ ...N }} }} fragment N on Person {{ name @include(if: $off) age }}",
          {"person": {"age": 40}}),
)  # fmt: skip


@every((*_PLAIN, *_FRAGMENTS, *_DIRECTIVES))
def test_an_answer_has_exactly_the_fields_asked_for(case: Case, way: Way) -> None:
    check(case, way)
