"""Random schemas, operations and resolvers for two executors that must answer alike, down to who was cancelled."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    execute,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    parse,
)
from graphql.execution import Executor

OBJECTS = ("A", "B", "C")
FIELDS = ("f0", "f1", "f2", "f3")
LEAVES: tuple[Any, ...] = (
    GraphQLInt,
    GraphQLString,
    GraphQLID,
    GraphQLFloat,
    GraphQLEnumType("Colour", {"RED": 1, "BLUE": 2}),
)
FITTING = {"Int": 1, "String": "text", "ID": "1", "Float": 0.5, "Colour": 2}
WAYS = (*8 * ("value",), *5 * ("later",), "null", "raise", "error", "raise later", "null later")
LISTS = ("list", "list", "list", "list", "tuple", "iterator", "async iterator", "no list")

Events: TypeAlias = list[tuple[str, str]]


class Draws(Protocol):
    """What draws: a random.Random, as Hypothesis gives one."""

    def choice(self, among: Sequence[Any], /) -> Any: ...

    def randint(self, least: int, most: int, /) -> int: ...


@dataclass
class Behaviour:
    """What a field's resolver does: its way, how many turns of the loop it takes, and what is in its lists."""

    way: str
    turns: int
    form: str
    items: Sequence[tuple[str, int]]
    named: str
    """The object type of its values, where it has a choice."""
    odd: Any
    """What it gives in the place of a leaf that fits; None for one that does."""


@dataclass
class Drawn:
    """A schema with an operation, and what its resolvers noted in the run that is under way."""

    schema: GraphQLSchema
    document: DocumentNode
    variables: dict[str, Any]
    events: Events = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What must be alike: the answer, the errors in any order, and what each resolver came to."""

    data: Any
    errors: list[Any]
    events: Events
    failed: str | None


def drawn_graph(draw: Draws) -> Drawn:
    """A schema of three object types, an interface and a union, with one operation."""
    drawn = Drawn(GraphQLSchema(), parse("{ a }"), {})
    types: dict[str, Any] = {}
    awaits_types = draw.choice((True, False))
    shared = _field_types(draw, types, FIELDS[:2])

    def type_of(value: Any, _info: Any, _type: Any) -> Any:
        return _later(drawn.events, "type", 1, value["type"], None) if awaits_types else value["type"]

    checked = draw.choice(("none", "now", "later"))
    types["Face"] = GraphQLInterfaceType("Face", lambda: _fields(shared), resolve_type=type_of)
    for name in OBJECTS:
        own = _field_types(draw, types, FIELDS[2:])
        behaviours = {one: _behaviour(draw) for one in FIELDS}
        fields = _resolved_fields(drawn, {**shared, **own}, behaviours, name)
        types[name] = GraphQLObjectType(
            name, fields, interfaces=lambda: [types["Face"]], is_type_of=_type_check(drawn, name, checked)
        )
    types["Any"] = GraphQLUnionType("Any", lambda: [types[name] for name in OBJECTS], resolve_type=type_of)
    drawn.schema = GraphQLSchema(types["A"], mutation=types["B"], types=list(types.values()))
    writer = _Writer(draw, drawn.schema)
    operation, root = draw.choice((("query", "A"), ("query", "A"), ("mutation", "B")))
    text = f"{operation} ($yes: Boolean!, $no: Boolean = false, $n: Int) {writer.selection(root, 3)}"
    drawn.document = parse("\n".join((text, *writer.fragments)))
    drawn.variables = {"yes": draw.choice((True, False))} | ({"n": 3} if draw.choice((True, False)) else {})
    return drawn


def _behaviour(draw: Draws) -> Behaviour:
    return Behaviour(
        way=draw.choice(WAYS),
        turns=draw.randint(0, 3),
        form=draw.choice(LISTS),
        items=[(draw.choice(WAYS), draw.randint(0, 3)) for _ in range(draw.randint(0, 3))],
        named=draw.choice(OBJECTS),
        odd=draw.choice((*12 * (None,), "text", 1.5, True, float("inf"), 2**40, ["odd"])),
    )


def _field_types(draw: Draws, types: dict[str, Any], names: Sequence[str]) -> dict[str, Callable[[], Any]]:
    """A type for each field; the named ones are looked up late, since they refer to each other."""

    def one() -> Callable[[], Any]:
        named = draw.choice((*LEAVES, *OBJECTS, *OBJECTS, "Face", "Any"))
        wraps = draw.choice(("", "", "", "L", "L", "!", "L!", "!L", "!L!", "LL"))

        def made() -> Any:
            kind = types[named] if isinstance(named, str) else named
            for wrap in wraps:
                kind = GraphQLNonNull(kind) if wrap == "!" else GraphQLList(kind)
            return kind

        return made

    return {name: one() for name in names}


def _fields(made: dict[str, Callable[[], Any]]) -> dict[str, GraphQLField]:
    return {name: GraphQLField(type_(), {"n": GraphQLArgument(GraphQLInt)}) for name, type_ in made.items()}


def _resolved_fields(
    drawn: Drawn, made: dict[str, Callable[[], Any]], behaviours: dict[str, Behaviour], owner: str
) -> Callable[[], dict[str, GraphQLField]]:
    def fields() -> dict[str, GraphQLField]:
        found = _fields(made)
        for name, one in found.items():
            one.resolve = _resolver(drawn, one.type, behaviours[name], f"{owner}.{name}")
        return found

    return fields


def _type_check(drawn: Drawn, name: str, checked: str) -> Callable[[Any, Any], Any] | None:
    def check(value: Any, _info: Any) -> Any:
        right = value["type"] == name
        return _later(drawn.events, "check", 1, right, None) if checked == "later" else right

    return None if checked == "none" else check


def _resolver(drawn: Drawn, type_: Any, behaviour: Behaviour, name: str) -> Callable[..., Any]:
    def resolve(_source: Any, info: Any, n: int | None = None) -> Any:
        place = "/".join(map(str, info.path.as_list()))
        drawn.events.append((place, f"asked {name} {n}"))
        value = _value(drawn.events, type_, behaviour, place)
        return _given(drawn.events, place, behaviour.way, behaviour.turns, value)

    return resolve


def _given(events: Events, place: str, way: str, turns: int, value: Any) -> Any:
    """A value by one of the ways in which resolvers and lists give one."""
    what, _, later = way.partition(" ")
    failure = ValueError(f"of {place}") if what in ("raise", "error") else None
    if later or way == "later":
        return _later(events, place, turns, None if what == "null" else value, failure)
    if way == "raise" and failure is not None:
        raise failure
    return failure if failure is not None else None if what == "null" else value


async def _later(events: Events, place: str, turns: int, value: Any, failure: Exception | None) -> Any:
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        events.append((place, "cancelled"))
        raise
    events.append((place, "done"))
    if failure is not None:
        raise failure
    return value


def _value(events: Events, type_: Any, behaviour: Behaviour, place: str) -> Any:
    kind = get_nullable_type(type_)
    if not is_list_type(kind):
        named = get_named_type(kind)
        if is_leaf_type(named):
            return FITTING[named.name] if behaviour.odd is None else behaviour.odd
        return {"type": behaviour.named if is_abstract_type(named) else named.name}
    return _listed(events, kind.of_type, behaviour, place)


def _listed(events: Events, type_: Any, behaviour: Behaviour, place: str) -> Any:
    def item(number: int, way: str, turns: int) -> Any:
        below = f"{place}/{number}"
        value = _value(events, type_, behaviour, below)
        return _given(events, below, "error" if way == "raise" else way, turns, value)

    if behaviour.form == "no list":
        return 7
    if behaviour.form == "async iterator":
        return _iterate(events, [item(number, *one) for number, one in enumerate(behaviour.items)], place)
    items = [item(number, *one) for number, one in enumerate(behaviour.items)]
    forms: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "iterator": iter}
    return forms.get(behaviour.form, list)(items)


async def _iterate(events: Events, items: Sequence[Any], place: str) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item
    events.append((place, "at its end"))


class _Writer:
    """Writes selections, of which none contradict one another: a key of the answer tells its type and field."""

    def __init__(self, draw: Draws, schema: GraphQLSchema) -> None:
        self._draw, self._schema = draw, schema
        self.fragments: list[str] = []

    def selection(self, type_name: str, depth: int) -> str:
        """A selection of a type."""
        written = [self._part(type_name, depth) for _ in range(self._draw.randint(2, 6))]
        return "{ " + " ".join(written) + " }"

    def _part(self, type_name: str, depth: int) -> str:
        kind: Any = self._schema.type_map[type_name]
        part = self._draw.choice((*6 * ("field",), "typename", "inline", "spread"))
        if part == "field" and not isinstance(kind, GraphQLUnionType):
            return self._field(kind, depth)
        if part == "typename" or depth == 0:
            return f"__typename {self._condition()}"
        below = self._draw.choice(OBJECTS) if is_abstract_type(kind) else type_name
        selection = self.selection(below, depth - 1)
        if part != "spread":
            return f"... on {below} {self._condition()} {selection}"
        name = f"F{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {below} {selection}")
        return f"...{name} {self._condition()}"

    def _field(self, kind: Any, depth: int) -> str:
        name = self._draw.choice(list(kind.fields))
        named: Any = get_named_type(kind.fields[name].type)
        if not is_leaf_type(named) and depth == 0:
            return "__typename"
        below = "" if is_leaf_type(named) else self.selection(named.name, depth - 1)
        given = {"f1": "(n: 1)", "f2": "(n: $n)", "f3": '(n: "no")'}.get(name, "")
        return f"{kind.name}_{name}: {name}{given} {self._condition()} {below}"

    def _condition(self) -> str:
        usual = (*9 * ("",), "@include(if: $yes)", "@skip(if: $no)", "@skip(if: true)")
        return str(self._draw.choice(usual))


def outcome(drawn: Drawn, executor: type[Executor[Any]], *, cancelled_after: int | None = None) -> Outcome:
    """What comes of the operation with this executor, when all that it began has ended."""
    drawn.events.clear()

    async def run() -> Outcome:
        task = asyncio.ensure_future(_executed(drawn, executor))
        if cancelled_after is not None:
            for _ in range(cancelled_after):
                await asyncio.sleep(0)
            task.cancel()
        [result] = await asyncio.gather(task, return_exceptions=True)
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.gather(*others, return_exceptions=True)
        events = sorted(drawn.events)
        if isinstance(result, BaseException):
            return Outcome(None, [], events, type(result).__name__)
        errors = sorted(str(error.formatted) for error in result.errors or ())
        return Outcome(result.data, errors, events, None)

    return asyncio.run(run())


async def _executed(drawn: Drawn, executor: type[Executor[Any]]) -> ExecutionResult:
    result: Any = execute(drawn.schema, drawn.document, variable_values=drawn.variables, executor_class=executor)
    found: ExecutionResult = await result if isinstance(result, Awaitable) else result
    return found
