"""`cairn documents`: manifests of trusted documents, made from .graphql files and checked against the schema."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from graphql import (
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from cairn.composition import operations
from cairn.settings import GraphqlSettings
from graph.documents.accepting import hash_of
from graph.documents.trusted import PREFIX, Untrustworthy, read_manifest

SUFFIXES = (".graphql", ".gql")


def manifest(paths: Sequence[Path]) -> dict[str, str]:
    """Ids and texts of all operations in the files and folders, each with the fragments that it spreads, by name.

    Raises `Untrustworthy`, naming each file or operation that cannot be used.
    """
    definitions = list(_definitions(paths))
    fragments = {each.name.value: each for each in definitions if isinstance(each, FragmentDefinitionNode)}
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    _require_names(operations, [each for each in definitions if isinstance(each, FragmentDefinitionNode)])
    texts = []
    for operation in sorted(operations, key=lambda each: each.name.value if each.name else ""):
        own: list[DefinitionNode] = [operation, *(fragments[name] for name in _spread(operation, fragments))]
        texts.append(print_ast(DocumentNode(definitions=tuple(own))))
    return {f"{PREFIX}{hash_of(text)}": text for text in texts}


def written(found: dict[str, str]) -> str:
    """A manifest as its file holds it: the same for the same operations, one line each."""
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def check(paths: Sequence[Path], settings: GraphqlSettings) -> int:
    """How many documents there are in manifests, files and folders; raises `Untrustworthy` unless all would run."""
    texts: dict[str, str] = {}
    for path in paths:
        if path.suffix == ".json":
            texts |= read_manifest(path)
    files = [path for path in paths if path.suffix != ".json"]
    if files:
        texts |= {name.removeprefix(PREFIX): text for name, text in manifest(files).items()}
    ours = operations(settings.model_copy(update={"trusted_documents": None, "only_trusted": False}))
    return len(ours.vet(texts))


def _definitions(paths: Sequence[Path]) -> Iterator[DefinitionNode]:
    problems = []
    for path in _files(paths):
        try:
            yield from parse(path.read_text(encoding="utf-8")).definitions
        except GraphQLError as error:
            place = error.locations[0] if error.locations else None
            problems.append(f"{path}{f':{place.line}:{place.column}' if place else ''}: {error.message}")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path} cannot be read: {error}.")
    if problems:
        raise Untrustworthy(problems)


def _files(paths: Sequence[Path]) -> list[Path]:
    found: set[Path] = set()
    for path in paths:
        inside = [each for each in path.rglob("*") if each.suffix in SUFFIXES] if path.is_dir() else [path]
        if not inside:
            raise Untrustworthy([f"{path} holds no file that ends in {' or '.join(SUFFIXES)}."])
        found.update(inside)
    return sorted(found)


def _require_names(operations: Iterable[OperationDefinitionNode], fragments: Iterable[FragmentDefinitionNode]) -> None:
    names = [each.name.value if each.name else "" for each in operations]
    problems = ["There is an operation without a name. Give each a name."] if "" in names else []
    for what, found in (("operations", names), ("fragments", [each.name.value for each in fragments])):
        twice = sorted(name for name, times in Counter(found).items() if times > 1 and name)
        problems += [f"There are several {what} named {name}. Names must be unique over all files." for name in twice]
    if problems:
        raise Untrustworthy(problems)


def _spread(operation: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> list[str]:
    """The names of the fragments that an operation needs, in order. Unknown ones are left for validation."""
    found: set[str] = set()
    waiting: list[DefinitionNode] = [operation]
    while waiting:
        spreads = _Spreads()
        visit(waiting.pop(), spreads)
        for name in spreads.names & fragments.keys() - found:
            found.add(name)
            waiting.append(fragments[name])
    return sorted(found)


class _Spreads(Visitor):
    """Collects the names of spread fragments."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.names.add(node.name.value)
