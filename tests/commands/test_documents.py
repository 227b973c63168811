"""Manifests from the command line: made of files, the same each time, and checked with words that help."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from .conftest import Cairn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The operations of a small app."""
    (tmp_path / "parts").mkdir()
    (tmp_path / "courses.graphql").write_text("query Courses { courses { nodes { ...Card } } }\n")
    (tmp_path / "course.gql").write_text(
        "query Course($slug: String!) { course(slug: $slug) { id ...Card } }\nquery Who { viewer { kind } }"
    )
    (tmp_path / "parts" / "card.graphql").write_text("fragment Card on Course { title theme { ...Name } }")
    (tmp_path / "parts" / "name.graphql").write_text("fragment Name on Theme { title } fragment Unused on Theme { id }")
    (tmp_path / "README.md").write_text("no GraphQL")
    return tmp_path


def test_a_manifest_has_every_operation_with_its_fragments(cairn: Cairn, folder: Path) -> None:
    outcome = cairn("documents", "manifest", str(folder))
    assert (outcome.code, outcome.err) == (0, "")
    made = json.loads(outcome.out)
    assert list(made) == [f"sha256:{sha256(text.encode()).hexdigest()}" for text in made.values()]
    definitions = [[line.split()[1] for line in text.splitlines() if line[:1] in ("q", "f")] for text in made.values()]
    assert [[name.partition("(")[0] for name in each] for each in definitions] == [
        ["Course", "Card", "Name"],
        ["Courses", "Card", "Name"],
        ["Who"],
    ]


def test_the_same_operations_make_the_same_manifest_wherever_they_are(cairn: Cairn, folder: Path) -> None:
    first = cairn("documents", "manifest", str(folder)).out
    texts = [path.read_text() for path in sorted(folder.rglob("*.g*ql"))]
    for path in folder.rglob("*.g*ql"):
        path.unlink()
    (folder / "all.graphql").write_text("# everything\n" + "\n\n".join(reversed(texts)))
    assert cairn("documents", "manifest", str(folder / "all.graphql")).out == first


def test_a_manifest_can_be_written_and_checked(cairn: Cairn, folder: Path) -> None:
    path = folder / "documents.json"
    assert cairn("documents", "manifest", str(folder), "--output", str(path)).code == 0
    outcome = cairn("documents", "check", str(path), str(folder))
    assert (outcome.code, outcome.err) == (0, "All 3 documents would run.\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("query A { nonsense }", "query A { nonsense }: Cannot query field 'nonsense' on type 'Query'."),
        ("query A {\n  courses {", "wrong.graphql:2:12: Syntax Error: "),
        ("{ courses { totalCount } }", "There is an operation without a name."),
        ("query Who { viewer { kind } }", "There are several operations named Who."),
        ("fragment Card on Course { id }", "There are several fragments named Card."),
        ("query A { viewer { ...Nowhere } }", "Unknown fragment 'Nowhere'."),
        (
            "query A { themes(first: 100) { nodes { courses(first: 100) { nodes { modules { id } } } } } }",
            "The operation costs 60201; 25000 is allowed.",
        ),
    ],
)
def test_a_document_that_would_be_refused_is_named(cairn: Cairn, folder: Path, text: str, told: str) -> None:
    (folder / "wrong.graphql").write_text(text)
    outcome = cairn("documents", "check", str(folder))
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert told in outcome.err


def test_a_folder_without_documents_is_a_mistake(cairn: Cairn, tmp_path: Path) -> None:
    outcome = cairn("documents", "manifest", str(tmp_path))
    assert outcome.code == 1
    assert "holds no file that ends in .graphql or .gql" in outcome.err
    assert cairn("documents", "check", str(tmp_path / "nowhere")).code == 2


@pytest.mark.parametrize("command", ["serve", "dev"])
def test_nothing_starts_with_documents_that_would_be_refused(
    cairn: Cairn, database_url: str, tmp_path: Path, command: str
) -> None:
    path = tmp_path / "documents.json"
    texts = ["{ one }", "{ two }"]
    path.write_text(json.dumps({sha256(text.encode()).hexdigest(): text for text in texts}))
    outcome = cairn(command, DATABASE_URL=database_url, PORT="0", CAIRN_GRAPHQL__TRUSTED_DOCUMENTS=str(path))
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 2)
    assert "Cannot query field 'one'" in outcome.err


def test_only_trusted_documents_need_documents_to_trust(cairn: Cairn, database_url: str) -> None:
    outcome = cairn("serve", DATABASE_URL=database_url, CAIRN_GRAPHQL__ONLY_TRUSTED="true")
    assert outcome.code == 1
    assert "CAIRN_GRAPHQL__ONLY_TRUSTED is not right: There must be trusted documents" in outcome.err
