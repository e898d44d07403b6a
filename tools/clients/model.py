"""What the packages of every language say: the operations of an app, and the types of what goes in and comes out.

An object of an answer has a type of its own for each place where it is selected. What only some of the possible types
of a union or an interface select may be absent.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLType,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    parse,
    type_from_ast,
)
from strawberry.utils.str_converters import capitalize_first

from domain.platform.manifests import Manifest


@dataclass(frozen=True, slots=True)
class Kind:
    """The type of a value: a scalar, enum or object by name, or a list of another kind."""

    name: str
    nullable: bool
    item: "Kind | None" = None


@dataclass(frozen=True, slots=True)
class Member:
    """A field of an object. What is `optional` may be absent."""

    name: str
    kind: Kind
    optional: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """An object that goes in or comes out."""

    name: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A published operation: its id, its kind, and the shapes of its variables and its data."""

    name: str
    id: str
    kind: str
    variables: Shape
    data: Shape


@dataclass(slots=True)
class App:
    """All that the packages of one app say. `version` is that of the release."""

    name: str
    app_version: str
    version: str
    calls: list[Call] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)


def app_of(manifest: Manifest, schema: GraphQLSchema, version: str) -> App:
    """The operations of a manifest with their types, those of nested objects before the ones that hold them."""
    app = App(manifest.app, manifest.version, version)
    for operation in manifest.operations:
        document = parse(operation.body)
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        (node,) = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
        builder = _Builder(app, schema, fragments)
        title = f"{capitalize_first(operation.name)}{operation.kind.capitalize()}"
        root = schema.get_root_type(OperationType(operation.kind))
        if root is None:
            raise LookupError(f"the graph has no {operation.kind}")
        data = builder.object_shape(title, [(node.selection_set, root)])
        variables = builder.variables(f"{title}Variables", node)
        app.calls.append(Call(operation.name, operation.id, operation.kind, variables, data))
    return app


class _Builder:
    def __init__(self, app: App, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._app, self._schema, self._fragments = app, schema, fragments

    def variables(self, name: str, node: OperationDefinitionNode) -> Shape:
        members = []
        for one in node.variable_definitions or ():
            kind = type_from_ast(self._schema, one.type)
            if kind is None:
                raise LookupError(f"the graph has no type for ${one.variable.name.value} of {node.name}")
            optional = not is_non_null_type(kind) or one.default_value is not None
            members.append(Member(one.variable.name.value, self._input_kind(kind), optional))
        return self._add_shape(Shape(name, tuple(members)))

    def object_shape(self, name: str, selections: list[tuple[SelectionSetNode, GraphQLNamedType]]) -> Shape:
        """The shape of one place, where several selections of a type may meet."""
        found: dict[str, list[tuple[FieldNode, GraphQLOutputType | None, bool]]] = {}
        for chosen, owner in selections:
            for node, kind, some in self._fields(chosen, owner, partial=False):
                answered = node.alias or node.name
                found.setdefault(answered.value, []).append((node, kind, some))
        members = []
        for alias, nodes in found.items():
            kind, optional = nodes[0][1], all(some for _, _, some in nodes)
            if kind is None:
                members.append(Member(alias, Kind("String", nullable=False), optional))
                continue
            named, inner = get_named_type(kind), get_named_type(kind).name
            if is_composite_type(named):
                below = [
                    (node.selection_set, get_named_type(own)) for node, own, _ in nodes if node.selection_set and own
                ]
                inner = self.object_shape(f"{name}{capitalize_first(alias)}", below).name
            members.append(Member(alias, self._kind(kind, inner), optional))
        return self._add_shape(Shape(name, tuple(members)))

    def _fields(
        self, chosen: SelectionSetNode, owner: GraphQLNamedType, *, partial: bool
    ) -> Iterator[tuple[FieldNode, GraphQLOutputType | None, bool]]:
        for node in chosen.selections:
            some = partial or any(one.name.value in {"include", "skip"} for one in node.directives or ())
            if isinstance(node, FieldNode):
                definition = getattr(owner, "fields", {}).get(node.name.value)
                yield node, definition.type if definition else None, some
                continue
            spread = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            fragment = cast("FragmentDefinitionNode | InlineFragmentNode", spread)
            condition = fragment.type_condition
            kind = self._schema.type_map[condition.name.value] if condition else owner
            yield from self._fields(fragment.selection_set, kind, partial=some or kind is not owner)

    def _input_kind(self, kind: GraphQLType) -> Kind:
        named = get_named_type(kind)
        if isinstance(named, GraphQLInputObjectType) and named.name not in self._app.shapes:
            self._app.shapes[named.name] = Shape(named.name, ())  # an input may hold itself
            members = [
                Member(
                    name, self._input_kind(one.type), not is_non_null_type(one.type) or one.default_value is not None
                )
                for name, one in named.fields.items()
            ]
            del self._app.shapes[named.name]
            self._add_shape(Shape(named.name, tuple(members)))
        return self._kind(kind, named.name)

    def _kind(self, kind: GraphQLType, inner: str) -> Kind:
        named, bare = get_named_type(kind), kind.of_type if is_non_null_type(kind) else kind
        if isinstance(named, GraphQLEnumType):
            self._app.enums[named.name] = tuple(named.values)
        item = self._kind(bare.of_type, inner) if is_list_type(bare) else None
        return Kind(inner, nullable=not is_non_null_type(kind), item=item)

    def _add_shape(self, shape: Shape) -> Shape:
        self._app.shapes[shape.name] = shape
        return shape
