"""Reads the folder `operations/`: a folder for each application, a file for each screen, shared fragments.

The document of an operation is printed by graphql-core with the fragments that it spreads, these in the order of
their names, so that the same operation always has the same text and id, however the files are laid out.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import (
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    parse,
    print_ast,
)

from domain.platform.manifests import InvalidManifest, Manifest, Operation, document_id

OPERATIONS = Path(__file__).resolve().parents[2] / "operations"
FRAGMENTS = "fragments"
APPS = "apps.json"


@dataclass(frozen=True, slots=True)
class Screen:
    """One operation of a file. `about` is the comment at the head of the file, without its signs."""

    app: str
    path: Path
    about: str
    operation: Operation


def versions(folder: Path = OPERATIONS) -> dict[str, str]:
    """The version of each application in the file apps.json. Raises InvalidManifest where it cannot be read."""
    try:
        given = json.loads((folder / APPS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InvalidManifest(f"{folder / APPS} cannot be read") from None
    if not isinstance(given, dict) or not all(isinstance(version, str) for version in given.values()):
        raise InvalidManifest(f"{folder / APPS} does not name a version for each application")
    return given


def screens(folder: Path = OPERATIONS, app: str | None = None) -> list[Screen]:
    """The operations of all applications, or of one, in the order of their files.

    Raises InvalidManifest with a line for each file that cannot be read.
    """
    fragments = _fragments(folder)
    apps = [path for path in sorted(folder.iterdir()) if path.is_dir() and path.name != FRAGMENTS]
    chosen = [path for path in apps if app in (None, path.name)]
    found, faults = [], []
    for path in (file for one in chosen for file in sorted(one.glob("**/*.graphql"))):
        try:
            found += _screens_of(path.relative_to(folder).parts[0], path, fragments)
        except (InvalidManifest, GraphQLError) as error:
            faults.append(f"{path.relative_to(folder)}: {getattr(error, 'message', error)}")
    if faults:
        raise InvalidManifest(*faults)
    return found


def manifests(folder: Path = OPERATIONS, app: str | None = None) -> list[Manifest]:
    """The manifest of each application of the folder, with the version that apps.json says."""
    known = versions(folder)
    if app is not None and app not in known:
        raise InvalidManifest(f"{folder / APPS} does not name {app}; it names {', '.join(sorted(known))}")
    by_app: dict[str, list[Operation]] = {}
    for screen in screens(folder, app):
        by_app.setdefault(screen.app, []).append(screen.operation)
    return [
        Manifest(name, known[name], tuple(sorted(operations, key=lambda one: one.name)))
        for name, operations in sorted(by_app.items())
    ]


def with_fragments(text: str, folder: Path = OPERATIONS) -> str:
    """The text of a file with the shared fragments that it spreads below it; a text that is no document as it is."""
    try:
        used = _fragments_of(parse(text).definitions, _fragments(folder))
    except (GraphQLError, InvalidManifest):
        return text
    return "\n\n".join([text.strip(), *map(print_ast, used)]) + "\n"


def _screens_of(app: str, path: Path, fragments: Mapping[str, FragmentDefinitionNode]) -> list[Screen]:
    text = path.read_text(encoding="utf-8")
    document = parse(text)
    own = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if not operations:
        raise InvalidManifest("there is no operation in it")
    about = " ".join(line.lstrip("# ").strip() for line in _head(text))
    return [Screen(app, path, about, _operation(node, {**fragments, **own})) for node in operations]


def _operation(node: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Operation:
    if node.name is None:
        raise InvalidManifest("an operation has no name")
    body = print_ast(DocumentNode(definitions=(node, *_fragments_of([node], fragments))))
    return Operation(document_id(body), node.name.value, node.operation.value, body)


def _fragments_of(
    definitions: Sequence[DefinitionNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> list[FragmentDefinitionNode]:
    """The shared fragments that definitions spread, by name; one that is not known is reported by validation."""
    own = {one.name.value for one in definitions if isinstance(one, FragmentDefinitionNode)}
    used: dict[str, FragmentDefinitionNode] = {}
    waiting: list[Any] = list(definitions)
    while waiting:
        for name in _spreads(waiting.pop()):
            if name in fragments and name not in own | used.keys():
                used[name] = fragments[name]
                waiting.append(used[name])
    return [used[name] for name in sorted(used)]


def _spreads(node: Any) -> Iterator[str]:
    """The names of the fragments that a definition or a selection spreads itself."""
    chosen = getattr(node, "selection_set", None)
    for selection in chosen.selections if chosen is not None else ():
        if isinstance(selection, FragmentSpreadNode):
            yield selection.name.value
        else:
            yield from _spreads(selection)


def _fragments(folder: Path) -> dict[str, FragmentDefinitionNode]:
    found: dict[str, FragmentDefinitionNode] = {}
    for path in sorted((folder / FRAGMENTS).glob("*.graphql")):
        try:
            document = parse(path.read_text(encoding="utf-8"))
        except GraphQLError as error:
            raise InvalidManifest(f"{path.relative_to(folder)}: {error.message}") from None
        for node in document.definitions:
            if not isinstance(node, FragmentDefinitionNode) or node.name.value in found:
                raise InvalidManifest(f"{path.relative_to(folder)}: only fragments of different names belong here")
            found[node.name.value] = node
    return found


def _head(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.startswith("#"):
            return
        yield line
