"""Documents of 10 KB or less that hurt some server or other, by what they try.

Each fills its bytes, or stops just short of a limit, whichever hurts more. Tests and measurements share them.
"""

from __future__ import annotations

BYTES = 10_000


def documents() -> dict[str, str]:
    """Every document, by what it tries."""
    found = {
        **_nesting(),
        **_width(),
        **_fragments(),
        **_merging(),
        **_definitions(),
        **_names(),
        **_values(),
        **_within(),
    }
    return {name: text[:BYTES] for name, text in found.items()}


def _nesting() -> dict[str, str]:
    return {
        "3,000 levels": "{a" * 3000 + "}" * 3000,
        "190 levels": "{a" * 190 + "}" * 190,
        "braces that never close": "{" * BYTES,
        "lists in lists, 4,000 deep": query("course(id: " + "[" * 4000 + "]" * 4000 + ") { id }"),
        "objects in objects, 1,600 deep": query("course(id: " + "{a: " * 1600 + "1" + "}" * 1600 + ") { id }"),
        "types of lists, 4,000 deep": "query($a: " + "[" * 4000 + "Int" + "]" * 4000 + ") { __typename }",
        "inline fragments in inline fragments": "{" + "... {" * 1500 + "a" + "}" * 1501,
        "the schema within itself": query(
            "__schema { types" + " { fields { type" * 40 + " { name }" + " } }" * 40 + " }"
        ),
        "the type of the type of the type": query(
            '__type(name: "Course") { fields { type {' + " ofType {" * 40 + " name" + " }" * 43
        ),
        "the schema 200 times": query(many(200, "s{}: __schema {{ types {{ name }} }}")),
        "the theme of the course of the theme": query("courses { nodes {" + " theme { courses { nodes {" * 90),
    }


def _width() -> dict[str, str]:
    return {
        "lists of 100 in lists of 100": _wide(),
        "320 aliases of a field": query(many(320, "a{}: __typename")),
        "60 aliases of a list": query(many(60, "a{}: courses(first: 100) {{ nodes {{ id }} }}")),
        "120 aliases of a mutation": "mutation "
        + query(many(120, "m{}: signOut(input: {{}}) {{ errors {{ code }} }}")),
        "one field 980 times": query("courses { nodes {" + " id" * 980 + " } }"),
        "one field 3,200 times": query("courses { nodes {" + " id" * 3200 + " } }"),
        "4,950 names": query("a," * 4950),
        "600 directives on a field": query("__typename" + " @skip(if: true)" * 600),
        "140 directives on a field": query("__typename" + " @skip(if: true)" * 140),
        "99 fields with a directive": query(many(99, "a{}: __typename @skip(if: false)")),
        "490 unknown directives": query("__typename" + " @a" * 490),
        "320 arguments": query("courses(" + many(320, "a{}: 1") + ") { totalCount }"),
        "one argument 320 times": query("courses(" + "first: 1 " * 320 + ") { totalCount }"),
    }


def _fragments() -> dict[str, str]:
    return {
        "fragments that double 100 times": _doubling(100, "__typename"),
        "fragments that double 12 times": _doubling(12, "viewer { id }"),
        "fragments that triple and end in nothing": _doubling(60, "...nowhere"),
        "one fragment 480 times": query("...f " * 480) + " fragment f on Query { __typename }",
        "fragments in a circle": "{ ...f0 } "
        + many(110, "fragment f{} on Query {{ ...f0 }}").replace("f0 on Query { ...f0 }", "f0 on Query { ...f1 }"),
        "fragments that all spread each other": _complete(20),
        "a chain of 110 fragments": "{ ...f0 } "
        + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(110))
        + " fragment f110 on Query { __typename }",
        "140 fragments that nobody uses": "{ __typename } " + many(140, "fragment f{} on Query {{ __typename }}"),
        "150 fragments in one place": query(many(150, "...f{}")) + many(150, " fragment f{} on Query {{ __typename }}"),
    }


def _merging() -> dict[str, str]:
    return {
        "90 lists of fields to merge": query(many(90, 'course(slug: "a") {{ id title }}')),
        "60 lists of fields to merge": query(many(60, 'course(slug: "a") {{ id title }}')),
        "60 fields with other arguments": query(many(60, 'x: course(slug: "a{}") {{ id title }}')),
        "fields to merge, 18 deep": query("".join(_merged(18) for _ in range(2))),
        "fields of fragments to merge": query("...f ...g " * 3)
        + "".join(f" fragment {name} on Query {{ {many(60, 'viewer {{ id }}')} }}" for name in "fg"),
        "inline fragments to merge": query("node(id: 1) { " + "... on Course { id title } " * 200 + "}"),
        "different names to merge": query("courses { nodes { " + many(160, "x: title y: id") + " } }"),
    }


def _definitions() -> dict[str, str]:
    return {
        "190 operations": many(190, "query q{} {{ a }}"),
        "150 operations and one fragment": many(150, "query q{} {{ ...f }}")
        + " fragment f on Query { "
        + "viewer { id } " * 150
        + "}",
        "60 operations, 60 fragments, 60 variables": _crossed(60),
        "240 variables": f"query({many(240, '$v{}: Int')}) {{ __typename }}",
        "120 variables, each used": f"query({many(120, '$v{}: Int')}) "
        + query(f"courses({many(120, 'a: $v{}')}) {{ id }}"),
        "80 variables that nobody declared": query(many(80, "a{0}: courses(first: $v{0}) {{ totalCount }}")),
        "320 operations without a name": "{ a } " * 320,
        "140 directives of a variable": "query($a: Int" + " @skip(if: true)" * 140 + ") { __typename }",
        "a default of 950 numbers": "query($a: [Int] = [" + "1 " * 950 + "]) { __typename }",
        "type definitions": many(140, "type A{} {{ a: Int }}"),
    }


def _names() -> dict[str, str]:
    return {
        "1,100 unknown names, each with suggestions": query(many(1100, "cours{}")),
        "60 long unknown names, each with suggestions": query(many(60, "courseRevisionPublishedThemeLessonModule{}x")),
        "unknown mutations with suggestions": "mutation " + query(many(60, "lessonCreateUpdateMoveTrashPublish{}")),
        "unknown arguments with suggestions": query(many(49, "a{}: courses(frist: 1) {{ totalCount }}")),
        "unknown types with suggestions": f"query({many(100, '$v{}: ThemeCreateInptu')}) {{ __typename }}",
        "unknown enum values with suggestions": query(many(49, "a{}: courses(sort: POSITON) {{ totalCount }}")),
        "unknown fields of an input with suggestions": "mutation "
        + query("lessonUpdate(input: {" + many(300, "titel{}: 1") + "}) { errors { code } }"),
        "fields on the wrong type": query("node(id: 1) { " + many(200, "title{}") + " }"),
        "a name of 9,900 letters": query("a" * 9900),
        "a name of 60 letters, 60 times": query((" " + "c" * 60) * 60),
    }


def _values() -> dict[str, str]:
    return {
        "a number of 9,900 digits": query("courses(first: " + "9" * 9900 + ") { nodes { id } }"),
        "300 numbers of 30 digits": query("nodes(ids: [" + ("9" * 30 + " ") * 300 + "]) { id }"),
        "a list of 980 numbers": query("nodes(ids: [" + "1 " * 980 + "]) { id }"),
        "a list of 980 words": query("nodes(ids: [" + "a " * 980 + "]) { id }"),
        "a list of 480 empty lists": query("nodes(ids: [" + "[] " * 480 + "]) { id }"),
        "a list of 190 objects": query("nodes(ids: [" + "{a: 1} " * 190 + "]) { id }"),
        "a string of 9,900 letters": query('course(slug: "' + "x" * 9900 + '") { id }'),
        "a string of 1,600 escapes": query('course(slug: "' + "\\u0041" * 1600 + '") { id }'),
        "a string of quotes that never ends": query('course(slug: "' + '\\"' * 4900),
        "a block string of 9,900 lines": query('course(slug: """' + "\n" * 9900 + '""") { id }'),
        "a block string of quotes": query('course(slug: """' + '\\"""' * 2400 + '""") { id }'),
        "block strings that never end": query('course(slug: """' + '\\"""' * 2400),
        "a comment of 9,900 letters": "#" * 9900 + "\n{ a }",
        "4,900 comments": "#\n" * 4900 + "{ a }",
        "9,900 commas": "{" + "," * 9900 + "a }",
    }


def _within() -> dict[str, str]:
    """As much as the limits allow, of what validation compares or looks up."""
    spreads = many(60, "...f{}")
    merged = many(60, "fragment f{} on Course {{ id title slug theme {{ id }} }}")
    same = "course(slug: 1) { id title slug } " * 10
    return {
        "60 fragments in one place": query(f"courses {{ nodes {{ {spreads} }} }}") + merged,
        "60 fragments that are never the same": query(spreads)
        + many(60, "fragment f{0} on Query {{ x: course(slug: {0}) {{ id }} y: viewer {{ id }} z: course {{ id }} }}"),
        "60 inline fragments": query("node(id: 1) { " + "... on Course { id title slug } " * 60 + "}"),
        "10 times the same in 10 inline fragments": query(f"... {{ {same} }} " * 10),
        "50 lists of one name in 5 fragments": query(many(5, "...f{}"))
        + many(
            5,
            "fragment f{} on Query {{ "
            + ("x: courses { nodes { id title slug } } " * 10).replace("{", "{{").replace("}", "}}")
            + "}}",
        ),
        "30 operations with 40 fragments": many(30, "query q{} {{ ...f0 }}")
        + "".join(f" fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(39))
        + " fragment f39 on Query { courses { nodes { id title slug theme { id title slug summary } } } }",
        "30 operations with 5 variables": many(30, "query q{}($a: Int, $b: Int, $c: Int, $d: Int, $e: Int) {{ ...f }}")
        + " fragment f on Query { courses(first: $a) { nodes { id } } }",
        "100 variables that nobody uses": f"query({many(100, '$v{}: Int')}) {{ __typename }}",
        "100 variables of unknown types": f"query({many(100, '$v{}: ThemeCreateInptu')}) {{ __typename }}",
        "50 unknown fields of 4 inputs": "mutation "
        + query(many(4, "a{}: lessonUpdate(input: {{ " + "titel: 1 " * 50 + "}}) {{ errors {{ code }} }}")),
        "50 unknown mutations of long names": "mutation "
        + query(many(50, "lessonQuestionBlockCreateUpdateMoveTrashPublishRestore{}")),
        "30 arguments that nobody knows, 9 times": query(
            many(9, "a{}: courses(" + "frist: 1 " * 30 + ") {{ totalCount }}")
        ),
        "200 wrong values, 2 times": query(many(2, "a{}: nodes(ids: [" + "{{}} " * 200 + "]) {{ id }}")),
        "100 fragments that nobody uses": "{ __typename } " + many(100, "fragment f{} on Query {{ __typename }}"),
        "100 fragments that are cycles": "{ __typename } " + many(100, "fragment f{0} on Query {{ ...f{0} }}"),
        "40 fragments that all spread each other": "{ ...f0 } "
        + many(28, "fragment f{} on Query {{ " + many(28, "...f{}") + " }}"),
        "60 fragments and a field that there is not": query(f"courses {{ nodes {{ {spreads} }} }} nothing")
        + many(60, "fragment f{} on Course {{ id title theme {{ id }} }}"),
        "44 variables of another type": f"query({many(44, '$v{}: String')}) "
        + query("courses { nodes { " + many(44, "a{0}: theme {{ courses(first: $v{0}) {{ totalCount }} }}") + " } }"),
        "nothing wrong until the end": query("courses { nodes { " + many(90, "a{}: title @skip(if: false)") + " } } a"),
        "a tall tree of small lists": query("courses { nodes { theme { " * 6 + "id title slug " * 10 + " } } }" * 6),
    }


def query(selection: str) -> str:
    """A query of these fields."""
    return f"{{ {selection} }}"


def many(times: int, pattern: str) -> str:
    """A text over and over, with `{}` replaced by a number."""
    return " ".join(pattern.format(number) for number in range(times))


def _doubling(levels: int, end: str) -> str:
    spreads = "".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}\n" for n in range(levels))
    return "{ ...f0 }\n" + spreads + f"fragment f{levels} on Query {{ {end} }}"


def _complete(number: int) -> str:
    spreads = many(number, "...f{}")
    return "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ {spreads} }}" for n in range(number))


def _crossed(number: int) -> str:
    operations = many(number, "query q{}($v: Int) {{ ...f0 }}")
    spreads = " ".join(
        f"fragment f{n} on Query {{ ...f{n + 1} a{n}: courses(first: $v) {{ totalCount }} }}" for n in range(number)
    )
    return f"{operations} {spreads} fragment f{number} on Query {{ __typename }}"


def _merged(levels: int) -> str:
    step = ["courses { nodes { theme { ", " } } }"]
    times = levels // 3
    return step[0] * times + "id title " + step[1] * times


def _wide() -> str:
    inner = "id"
    for name in ("blocks", "lessons", "modules"):
        inner = f"{name} {{ {inner} }}"
    lists = f"courses(first: 100) {{ nodes {{ theme {{ courses(first: 100) {{ nodes {{ {inner} }} }} }} }} }}"
    return "{ themes(first: 100) { nodes { " + lists + " } } }"
