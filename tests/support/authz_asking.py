"""Asks the graph for everything, as everybody: documents and inputs are made from the schema itself."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_leaf_type,
)

from domain.kernel import NumberKind, Subject, TypeCode, make_number
from schema.nodes import TYPE_NAMES
from tests.support.authz import Things

Outcome: TypeAlias = tuple[Any, ...]
"""Everything about an answer that could tell something: codes with their places, and whether there are data."""

DENIED = frozenset({"UNAUTHENTICATED", "NOT_FOUND", "FORBIDDEN"})

ID_NAMES: Mapping[str, TypeCode] = {
    "applicationId": TypeCode.APPLICATION,
    "applicationIds": TypeCode.APPLICATION,
    "appealId": TypeCode.APPEAL,
    "benefitId": TypeCode.BENEFIT,
    "certificateId": TypeCode.CERTIFICATE,
    "clearanceId": TypeCode.CLEARANCE,
    "grievanceId": TypeCode.GRIEVANCE,
    "suggestionId": TypeCode.SUGGESTION,
    "visitId": TypeCode.VISIT,
    "notificationId": TypeCode.NOTIFICATION,
    "draftId": TypeCode.APPLICATION,
    "leaveId": TypeCode.LEAVE,
    "conversationId": TypeCode.NOTIFICATION,  # in place of a conversation, of which none is there (rows.py)
    "batchId": TypeCode.NOTIFICATION,  # in place of a batch of certificates, of which none is there (rows.py)
}
"""Of what an input field holds the id."""

STAFF_NAMES: Mapping[str, TypeCode] = {
    "agentId": TypeCode.OPERATOR,
    "id": TypeCode.OFFICER,
    "ids": TypeCode.OFFICER,
    "officerId": TypeCode.OFFICER,
    "substituteId": TypeCode.OFFICER,
}
"""Ids of others whom a mutation names, and of what root fields look up by id alone; they are always there.

Any other required id must be in ID_NAMES.
"""

_WORDS: Mapping[str, Any] = {
    "String": "text",
    "Int": 1,
    "Boolean": True,
    "Long": 1,
    "Paise": 100,
    "Date": "2026-11-25",
    "DateTime": "2026-11-25T10:00:00+05:30",
}
_KNOWN: Mapping[str, Any] = {
    "departments": ["social-welfare"],
    "serviceCode": "ES09",
    "on": "2026-11-25",
    "district": "49",
    "tehsil": "304",
    "part": "applications",
}


class Asking:
    """Inputs for one world: about things that are there, or about things that are not."""

    def __init__(self, things: Things, schema: GraphQLSchema) -> None:
        self._things = things
        self._schema = schema

    def input_of(self, field: GraphQLField, *, there: bool, key: str) -> dict[str, Any]:
        """The arguments of a field: everything that is required, and the key."""
        return {
            name: self._value(name, argument.type, there=there, key=key)
            for name, argument in field.args.items()
            if is_required(argument)
        }

    def _value(self, name: str, kind: Any, *, there: bool, key: str) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self._value(name, kind.of_type, there=there, key=key)
        if name == "idempotencyKey":
            return key
        if name in _KNOWN:
            return _KNOWN[name]
        if isinstance(kind, GraphQLList):
            return [self._value(name, kind.of_type, there=there, key=key)]
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind, there=there, key=key)
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        return self._identifier(name, there=there) if kind.name == "ID" else _WORDS[kind.name]

    def _object(self, kind: GraphQLInputObjectType, *, there: bool, key: str) -> dict[str, Any]:
        fields = {name: field for name, field in kind.fields.items() if is_required(field) or name == "idempotencyKey"}
        if fields.keys() <= {"idempotencyKey"}:  # of several ids one must be there, which no type can say
            fields |= {name: kind.fields[name] for name in [name for name in kind.fields if name in ID_NAMES][:1]}
        if kind.is_one_of:
            name = next(iter(kind.fields))
            fields = {name: kind.fields[name]}
        made = {name: self._value(name, field.type, there=there, key=key) for name, field in fields.items()}
        if "Roster" in kind.name:  # rosters and their rows are named by plain words
            made |= {name: word for name, word in self._words_of_roster(there=there).items() if name in fields}
        return made

    def _words_of_roster(self, *, there: bool) -> Mapping[str, str]:
        if there:
            return {"number": self._things.numbers["roster"], "rowId": self._things.numbers["row"]}
        return {"number": make_number(NumberKind.ROSTER, 2026, "0123456789"), "rowId": "01930000-0000-7000-8000-0fffff"}

    def _identifier(self, name: str, *, there: bool) -> str:
        if name in STAFF_NAMES:
            return self._things.there[STAFF_NAMES[name]]
        code = ID_NAMES[name]
        return self._things.there[code] if there else self._things.absent(code)


def is_required(argument: GraphQLArgument | GraphQLInputField) -> bool:
    """Whether an argument or a field of an input must be given."""
    return isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined


async def mutated(things: Things, name: str, subject: Subject, *, there: bool, key: str) -> Outcome:
    """The outcome of a mutation; nothing of the answer but what could tell whether the thing is there."""
    graph: Any = things.world.graph
    field = graph._schema.mutation_type.fields[name]
    given = Asking(things, graph._schema).input_of(field, there=there, key=key)
    declared = ", ".join(f"${name}: {field.args[name].type}" for name in given)
    passed = ", ".join(f"{name}: ${name}" for name in given)
    query = f"mutation ({declared}) {{ {name}({passed}) {{ {_problems(field)} }} }}"
    return outcome_of(await things.world.ask(query, subject, **given), name)


def _problems(field: GraphQLField) -> str:
    payload: Any = get_named_type(field.type)
    parts = ["__typename", "userErrors { code path }"]
    if "results" in payload.fields:
        parts.append("results { userErrors { code path } }")
    return " ".join(parts)


def outcome_of(answer: Mapping[str, Any], name: str) -> Outcome:
    """Codes and places."""
    errors = tuple((error["extensions"]["code"], tuple(error["path"] or ())) for error in answer["errors"])
    payload = (answer["data"] or {}).get(name)
    if not isinstance(payload, Mapping):
        return errors, payload is None
    results = payload.get("results", ())
    told = [payload.get("userErrors", []), *(one["userErrors"] for one in results)]
    return errors, tuple(tuple((problem["code"], tuple(problem["path"])) for problem in problems) for problems in told)


def codes_of(outcome: Outcome) -> set[str]:
    """All codes of an outcome."""
    errors, told = outcome
    codes = {code for code, _ in errors}
    return codes | {code for problems in told for code, _ in problems} if isinstance(told, tuple) else codes


def ways(things: Things, code: TypeCode, *, there: bool) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every way by which a thing of a type can be asked for by its id: its name, the document, the variables."""
    opaque = things.there[code] if there else things.absent(code)
    yield "node", "query ($id: ID!) { node(id: $id) { __typename id } }", {"id": opaque}
    yield "nodes", "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", {"ids": [opaque]}
    graph: Any = things.world.graph
    if any(kind.name == TYPE_NAMES[code] for kind in graph._schema.type_map["_Entity"].types):
        reference = {"__typename": TYPE_NAMES[code], "id": opaque}
        document = "query ($refs: [_Any!]!) { _entities(representations: $refs) { __typename } }"
        yield "_entities", document, {"refs": [reference]}
    root = {TypeCode.APPLICATION: "application", TypeCode.APPEAL: "appeal", TypeCode.SERVICE: "service"}.get(code)
    if root is not None:
        yield root, f"query ($id: ID!) {{ {root}(by: {{id: $id}}) {{ __typename id }} }}", {"id": opaque}


def leaves_of(kind: GraphQLObjectType | GraphQLInterfaceType) -> str:
    """A selection of everything in a type that needs no argument, one level deep."""
    parts = []
    for name, field in kind.fields.items():
        if any(is_required(argument) for argument in field.args.values()) or {"first", "last"} & set(field.args):
            continue
        parts.append(name if is_leaf_type(get_named_type(field.type)) else f"{name} {{ __typename }}")
    return " ".join(parts)
