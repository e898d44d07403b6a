"""Makes the reference of the graph: a page for each noun with its queries, mutations, types and published examples.

The pages are made when the site is built and are not committed: they say again what schema/api.graphql says.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    OperationDefinitionNode,
    build_schema,
    parse,
)

from gateway.operations.screens import Screen, screens
from tools.reference.tables import table

ROOT = Path(__file__).resolve().parents[2]
NOUNS = ROOT / "tests" / "architecture" / "nouns.txt"
MOST_EXAMPLES = 3
_OTHER = "other"

_INDEX = """\
# The graph by noun

What a client sees, made from `schema/api.graphql` and the published operations. How to ask: [clients](../clients.md);
what the graph keeps to: [conventions](../graph.md).

{nouns}
"""

_PAGE = """\
# {title}

{about}

{parts}
"""


def graph_pages() -> dict[str, str]:
    """The text of each page by its file, the index among them."""
    graph = build_schema((ROOT / "schema" / "api.graphql").read_text(encoding="utf-8"))
    nouns = dict(_nouns())
    sources = {noun: _source(noun) for noun in nouns}
    examples = [(one, _roots_of(one)) for one in screens() if one.app.endswith("_app")]
    found: dict[str, list[str]] = {noun: [] for noun in [*nouns, _OTHER]}
    for heading, root in (("Queries", graph.query_type), ("Mutations", graph.mutation_type)):
        by_noun: dict[str, dict[str, GraphQLField]] = {}
        for name, field in root.fields.items() if root else ():
            by_noun.setdefault(_noun_of_root(sources, name), {})[name] = field
        for noun, fields in by_noun.items():
            chosen = [one for one, roots in examples if roots & {*fields}][:MOST_EXAMPLES]
            found[noun] += [f"## {heading}\n\n{_fields(fields)}\n", *map(_example, chosen)]
    for kind in graph.type_map.values():
        if noun := _noun_of_type(sources, kind):
            found[noun].append(f"## {kind.name}\n\n{_type(kind)}")
    pages = {
        f"{noun}.md": _PAGE.format(title=_title(noun), about=nouns.get(noun, ""), parts="\n".join(parts))
        for noun, parts in found.items()
        if parts
    }
    listed = "\n".join(f"- [{_title(name.removesuffix('.md'))}]({name})" for name in pages)
    return {"README.md": _INDEX.format(nouns=listed), **pages}


def _title(noun: str) -> str:
    return noun.replace("_", " ").capitalize()


def _nouns() -> Iterable[tuple[str, str]]:
    """The nouns that the floors share, each with what it means."""
    for line in NOUNS.read_text(encoding="utf-8").splitlines():
        name, _, about = line.partition(" ")
        if re.fullmatch(r"[a-z_]+", name):
            yield name, about.strip()


def _source(noun: str) -> str:
    folder, module = ROOT / "schema" / noun, ROOT / "schema" / f"{noun}.py"
    paths = sorted(folder.rglob("*.py")) if folder.is_dir() else [module] if module.is_file() else []
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def _noun_of(sources: Mapping[str, str], *patterns: str) -> str:
    """The first noun whose code declares a name."""
    tried = (noun for pattern in patterns for noun, text in sources.items() if re.search(pattern, text, re.MULTILINE))
    return next(tried, _OTHER)


def _noun_of_root(sources: Mapping[str, str], name: str) -> str:
    snake = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
    return _noun_of(
        sources, rf"^    (?:async )?def {snake}\(|^    {snake} = |^    {snake}:", rf'name="{name}"|"{snake}"'
    )


def _noun_of_type(sources: Mapping[str, str], kind: GraphQLNamedType) -> str:
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or kind.name.startswith("__"):
        return ""
    if kind.name in {"Query", "Mutation", "Subscription"} or re.search(r"(Connection|Edge|Payload)$", kind.name):
        return ""
    return _noun_of(sources, rf"^class {kind.name}\b", rf'"{kind.name}"')


def _type(kind: GraphQLNamedType) -> str:
    fields = kind.fields if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else {}
    return f"{kind.description or ''}\n\n{_fields(fields)}\n"


def _example(one: Screen) -> str:
    return (
        f"For example, `operations/{one.app}/{one.path.name}`. {one.about}\n\n```graphql\n{one.operation.body}\n```\n"
    )


def _fields(fields: Mapping[str, GraphQLField]) -> str:
    rows = (
        (f"`{name}`", f"`{field.type}`", _line(field.description), _line(field.deprecation_reason))
        for name, field in fields.items()
    )
    return table(("Field", "Type", "What it is", "Deprecated"), rows)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _roots_of(screen: Screen) -> set[str]:
    """The root fields that an operation asks for."""
    (node,) = (one for one in parse(screen.operation.body).definitions if isinstance(one, OperationDefinitionNode))
    return {one.name.value for one in node.selection_set.selections if isinstance(one, FieldNode)}
