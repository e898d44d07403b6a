"""Turns the fields of an HTML form into the variables of an operation, by the types of the graph.

A field is named by its way into the variables: `input.reason`, `input.documents.0.uri`. In a list of `{name, value}`
or `{key, value}` pairs, such as the answers to a form, the rest of the way is the name: `input.form.father_name`;
`@source` behind it names the token of a prefilled answer. An object that is chosen whole, in a list of options, is one
field with its members as a query string: `input.documents.0` is `key=income&uri=...`. The path of a problem in
`userErrors` is such a name too, so a page finds the field that it is about. Amounts are written in rupees, and times as
they are in India.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    type_from_ast,
)
from graphql.utilities import validate_input_value

from domain.kernel import latin_digits

Tree = dict[str, "Tree | list[str]"]

NAMES, VALUE, SOURCE = ("name", "key"), "value", "source"
_TICKED = {"true", "on", "1"}
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)
_RUPEES = re.compile(r"\d{1,11}(\.\d{1,2})?", re.ASCII)


def variables_of(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fields: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """The variables that an operation declares, out of what was filled in. What is empty is left out where it may be.

    What does not fit its type goes in as the text that it is, so that the graph says what is wrong with it.
    """
    tree, declared = _tree_of(fields), _variable_types(schema, operation)
    empty: dict[str, Any] = {
        name: {}
        for name, type_ in declared.items()
        if isinstance(type_, GraphQLNonNull) and isinstance(type_.of_type, GraphQLInputObjectType)
    }
    return {**empty, **_members(declared, tree)}


def unfit_fields(
    schema: GraphQLSchema, operation: OperationDefinitionNode, fields: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """The fields whose text does not fit the type of what they are named for, each with what is expected there.

    That is `choice`, `number` or `value`, which page.frame says in words.
    """
    declared = _variable_types(schema, operation)
    found = {}
    for name, texts in fields.items():
        for variable, given in _members(declared, _tree_of({name: texts})).items():
            ways = _unfit_ways(given, declared[variable])
            # A member that is missing beside this field is told of the object, which is of no use here.
            kinds = [kind for way in ways if (kind := _kind_at(declared[variable], way))]
            if kinds:
                found[name] = kinds[0]
    return found


def field_of(path: Sequence[str], fields: Mapping[str, Sequence[str]]) -> str:
    """The name of the field that the path of a problem is about: rows that were left empty have no number in a path.

    Of one about the whole input nothing: no field is wrong.
    """
    name = ".".join(path)
    for place, step in enumerate(path):
        before = ".".join(path[:place]) + "."
        rows = [field.removeprefix(before) for field in fields if field.startswith(before) and fields[field][-1]]
        whole = sorted((row for row in rows if row.isdecimal()), key=int)
        if step.isdecimal() and int(step) < len(whole):
            name = before + whole[int(step)]
    return "" if name == "input" else name


def _variable_types(schema: GraphQLSchema, operation: OperationDefinitionNode) -> dict[str, Any]:
    """The types of the variables that an operation declares."""
    return {node.variable.name.value: type_from_ast(schema, node.type) for node in operation.variable_definitions or ()}


def _unfit_ways(value: Any, type_: Any) -> list[list[str | int]]:
    """The ways into a variable at which its value does not fit."""
    ways: list[list[str | int]] = []
    validate_input_value(value, type_, lambda _, way: ways.append(way))
    return ways


def _kind_at(type_: Any, way: Sequence[str | int]) -> str | None:
    """What is expected at a way into a variable; None where that is an object."""
    whole = get_named_type(type_)
    for step in way:
        whole = get_named_type(whole.fields[step].type) if isinstance(step, str) else whole
    if isinstance(whole, GraphQLInputObjectType):
        return None
    return "choice" if isinstance(whole, GraphQLEnumType) else "number" if whole is GraphQLInt else "value"


def _tree_of(fields: Mapping[str, Sequence[str]]) -> Tree:
    tree: Tree = {}
    for name, values in fields.items():
        *way, last = name.split(".")
        node = tree
        for step in way:
            below = node.setdefault(step, {})
            if not isinstance(below, dict):
                break
            node = below
        else:
            node.setdefault(last, list(values))
    return tree


def _members(types: Mapping[str, Any], tree: Tree) -> dict[str, Any]:
    read = {name: _value(types[name], tree[name]) for name in tree if types.get(name) is not None}
    return {name: value for name, value in read.items() if value is not None}


def _value(type_: GraphQLInputType, given: Tree | list[str]) -> Any:
    whole = get_nullable_type(type_)
    if isinstance(whole, GraphQLList):
        return _list(whole.of_type, given)
    if isinstance(whole, GraphQLInputObjectType) and not isinstance(given, dict):
        given = {name: [text] for name, text in parse_qsl(given[-1])}
        if not given:
            return None
    if isinstance(given, dict):
        if not isinstance(whole, GraphQLInputObjectType):
            return None
        if not isinstance(type_, GraphQLNonNull) and not _is_filled_in(given):
            return None
        members = _members({name: field.type for name, field in whole.fields.items()}, given)
        return members or ({} if isinstance(type_, GraphQLNonNull) else None)
    read = _leaf(whole, given[-1].strip()) if given else None
    if read is None and isinstance(type_, GraphQLNonNull):
        return False if whole is GraphQLBoolean else ""
    return read


def _leaf(type_: Any, text: str) -> Any:
    if not text:
        return None
    if type_ is GraphQLBoolean:
        return text in _TICKED
    if type_ is GraphQLInt:
        digits = latin_digits(text)
        return int(digits) if digits.removeprefix("-").isdecimal() else text
    if type_.name == "DateTime" and _LOCAL.fullmatch(text):
        return f"{text}:00+05:30"
    if type_.name == "Paise":
        amount = latin_digits(text).replace(",", "")
        return int(Decimal(amount) * 100) if _RUPEES.fullmatch(amount) else text
    return text


def _list(item: Any, given: Tree | list[str]) -> Any:
    if not isinstance(given, dict):
        return [value for text in given if (value := _leaf(get_nullable_type(item), text.strip())) is not None]
    whole = get_nullable_type(item)
    fields = set(whole.fields) if isinstance(whole, GraphQLInputObjectType) else set()
    if named := next((one for one in NAMES if {one, VALUE} <= fields <= {one, VALUE, SOURCE}), None):
        pairs = dict(_flat(given))
        sources = {name: {SOURCE: pairs[f"{name}@{SOURCE}"]} for name in pairs if f"{name}@{SOURCE}" in pairs}
        return [
            {named: name, VALUE: text, **sources.get(name, {})}
            for name, text in pairs.items()
            if text and not name.endswith(f"@{SOURCE}")
        ]
    rows = sorted((name for name in given if name.isdecimal() and _is_filled_in({name: given[name]})), key=int)
    return [value for name in rows if (value := _value(item, given[name])) is not None]


def _is_filled_in(given: Tree | list[str]) -> bool:
    return not isinstance(given, dict) or any(text for _, text in _flat(given))


def _flat(tree: Tree, before: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, below in tree.items():
        if isinstance(below, dict):
            pairs += _flat(below, f"{before}{name}.")
        else:
            pairs.append((before + name, below[-1].strip()))
    return pairs
