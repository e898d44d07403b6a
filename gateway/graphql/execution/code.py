"""Writes the Python code of a selection: one function for each object type that the selection was asked of.

In the code `x` is the executor, `s` the object, `p` the path above, `q` the path of the value `v`, `i` the info or
None, `r` the results and `w` which of them are awaited. Nothing of a document gets into the code but as a literal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLString,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from gateway.graphql.execution.sites import FieldSite, ItemSite

Lines: TypeAlias = list[str]

_FITS = {
    id(GraphQLString): "type(v) is str",
    id(GraphQLID): "type(v) is str",
    id(GraphQLBoolean): "type(v) is bool",
    id(GraphQLInt): "type(v) is int and -2147483648 <= v <= 2147483647",
    id(GraphQLFloat): "type(v) is float and isfinite(v)",
}
"""When a value is told as it is."""

_ANY = "type(v) in plain or is_plain(v)"
_STRAWBERRY = "strawberry.schema.schema_converter"


@dataclass(frozen=True, slots=True)
class Outlet:
    """How code goes on with a value: `put` it, `wait` for an awaitable of it, or leave it to graphql-core (`rest`)."""

    put: Callable[[str], Lines]
    wait: Callable[[str], Lines]
    rest: Lines
    site: str
    path: str
    """The expression that makes `q`; empty where there is one."""


class SelectionCode:
    """The code of one selection. `names` are the values that it uses, `links` the selections below."""

    def __init__(self, info_class: type[Any]) -> None:
        self.names: dict[str, Any] = {"Info": info_class}
        self.links: dict[str, tuple[Any, list[Any]]] = {}
        self._functions: list[Lines] = []

    def text(self, sites: Sequence[FieldSite], type_name: str) -> str:
        """The text, in which `select` answers an object."""
        fields = [line for number, site in enumerate(sites) for line in self._field_lines(number, site, type_name)]
        select = [
            "def select(x, s, p):",
            " r, w = {}, []",
            " try:",
            *_indent(2, fields or ["pass"]),
            " except Exception:",
            "  if w: x.settle_in_background([r[k] for k in w])",
            "  raise",
            " return gather_results(r, w) if w else r",
        ]
        return "\n".join(line for lines in (*self._functions, select) for line in lines)

    def _field_lines(self, number: int, site: FieldSite, type_name: str) -> Lines:
        key = repr(site.key)
        if site.nodes[0].name.value == "__typename":
            return [f"r[{key}] = {type_name!r}"]
        name = self._add_name("site", number, site)
        path = f"new(Path, (p, {key}, {type_name!r}))"
        outlet = Outlet(
            lambda value: [f"r[{key}] = {value}"],
            lambda value: [f"r[{key}] = {name}.guard(x, {value}, q)", f"w.append({key})"],
            [f"c = r[{key}] = {name}.complete(x, v, q, i)", f"if x.is_awaitable(c): w.append({key})"],
            name,
            "",
        )
        if site.resolving.attribute is not None:
            body = [f"v = s.{site.resolving.attribute}", *self._attribute_lines(number, site, outlet, path)]
        else:
            body = [f"q = {path}", *self._call_lines(number, site, name), *self._value_lines(number, site, outlet, key)]
        return ["try:", *_indent(1, body), "except Exception as e:", f" r[{key}] = {name}.fail(x, e, {path})"]

    def _attribute_lines(self, number: int, site: FieldSite, outlet: Outlet, path: str) -> Lines:
        if is_leaf_type(_nullable(site.type)):
            rest = [f"q, i = {path}, None", *outlet.rest]
            return self._completion_lines(
                number, site, site.type, Outlet(outlet.put, outlet.wait, rest, outlet.site, "")
            )
        return [f"q, i = {path}, None", *self._completion_lines(number, site, site.type, outlet)]

    def _call_lines(self, number: int, site: FieldSite, name: str) -> Lines:
        """Sets `v` to what the resolver gives, and `i`."""
        direct, has_arguments = site.resolving.call, not site.arguments.none
        info = [f"i = {name}.info(x, q)"]
        given = [f"**{name}.arguments.values(x, i)"] if has_arguments else []
        if direct is None:
            resolve = (
                self._add_name("resolve", number, site.field.resolve) if site.field.resolve else "x.field_resolver"
            )
            return [*info, f"v = {resolve}({', '.join(['s', 'i', *given])})"]
        if direct.info is None and not has_arguments:
            info = ["i = None"]
        definition = self._add_name("definition", number, site.resolving.definition)
        parts = [
            *(["s"] if direct.takes_self else []),
            *given,
            *(f"{parent}=s" for parent in direct.parents),
            *([f"{direct.info}=Info(i, {definition})"] if direct.info else []),
        ]
        return [*info, f"v = {self._add_name('call', number, direct.function)}({', '.join(parts)})"]

    def _value_lines(self, number: int, site: FieldSite, outlet: Outlet, key: str) -> Lines:
        """Goes on with `v`, which may be an awaitable."""
        later = self._add_later_function(number, site, outlet.site)
        return [
            "if type(v) not in plain and x.is_awaitable(v):",
            f" r[{key}] = {later}(x, v, q, i)",
            f" w.append({key})",
            "else:",
            *_indent(1, self._completion_lines(number, site, site.type, outlet)),
        ]

    def _add_later_function(self, number: int, site: FieldSite, name: str) -> str:
        outlet = Outlet(
            lambda value: [f"return {value}"],
            lambda value: [f"return await {value}"],
            [f"return await {name}.complete_later(x, v, q, i)"],
            name,
            "",
        )
        body = ["v = await v", *self._completion_lines(number, site, site.type, outlet)]
        self._functions.append(
            [
                f"async def later{number}(x, v, q, i):",
                " try:",
                *_indent(2, body),
                " except Exception as e:",
                f"  return {name}.fail(x, e, q)",
            ]
        )
        return f"later{number}"

    def _completion_lines(self, number: int, site: FieldSite, type_: Any, outlet: Outlet) -> Lines:
        """Goes on with `v`, a value of a type, which is no awaitable but where `rest` takes awaitables, too."""
        kind = _nullable(type_)
        make = [f"q = {outlet.path}"] if outlet.path else []
        if is_leaf_type(kind):
            fits, then = self._leaf_condition(number, kind)
            found = outlet.put(then)
        elif is_list_type(kind):
            fits = "type(v) is list or type(v) is tuple"
            found = [*make, f"c = {self._add_list_function(number, site, kind.of_type)}(x, v, q, i)"]
            found += _choice("type(c) is list", outlet)
        elif is_object_type(kind):
            fits = self._object_condition(number, kind)
            found = [
                *make,
                f"c = {self._add_link(number, kind, site.details)}(x, v, q)",
                *_choice("type(c) is dict", outlet),
            ]
        else:
            fits = _ANY if is_abstract_type(kind) else "False"
            info = f"i or {self._add_name('site', number, site)}.info(x, q)"
            found = [*make, f"c = {outlet.site}.complete_abstract(x, v, q, {info})"]
            found += _choice("type(c) is dict", outlet)
        null = [] if is_non_null_type(type_) else ["elif v is None:", *_indent(1, outlet.put("None"))]
        return [f"if {fits}:", *_indent(1, found), *null, "else:", *_indent(1, [*make, *outlet.rest])]

    def _leaf_condition(self, number: int, kind: Any) -> tuple[str, str]:
        """When a leaf's value is told at once, and as what."""
        known = _FITS.get(id(kind))
        if known is not None:
            return known, "v"
        members = _member_names(kind)
        if members:
            self._add_name("members", number, members)
            return f"type(v) is {self._add_name('Enum', number, kind.wrapped_cls)}", f"members{number}[v]"
        return _ANY, f"x.complete_leaf_value({self._add_name('leaf', number, kind)}, v)"

    def _object_condition(self, number: int, kind: Any) -> str:
        """When a value is one of the object type without asking more; the type's own check is left to graphql-core."""
        check = kind.is_type_of
        if check is None:
            return _ANY
        if getattr(check, "__module__", None) != _STRAWBERRY:
            return "False"
        return f"({_ANY}) and {self._add_name('check', number, check)}(v, None) is True"

    def _add_list_function(self, number: int, site: FieldSite, item: Any) -> str:
        depth = sum(name.startswith(f"items{number}_") for name in self.names)
        name, function = self._add_name(f"items{number}_", depth, ItemSite(item, site)), f"list{number}_{depth}"
        outlet = Outlet(
            lambda value: [f"r.append({value})"],
            lambda value: ["w.append(n)", f"r.append({name}.guard(x, {value}, q))"],
            [f"if {name}.add(x, v, r, q, i): w.append(n)"],
            name,
            "new(Path, (p, n, None))",
        )
        self._functions.append(
            [
                f"def {function}(x, items, p, i):",
                " r, w, n = [], [], 0",
                " try:",
                "  for v in items:",
                "   try:",
                *_indent(4, self._completion_lines(number, site, item, outlet)),
                "   except Exception as e:",
                f"    {name}.fail(x, e, {outlet.path})",
                "    r.append(None)",
                "   n += 1",
                " except Exception:",
                "  settle(x, [r[k] for k in w], items[n + 1:])",
                "  raise",
                " return gather_results(r, w) if w else r",
            ]
        )
        return function

    def _add_link(self, number: int, kind: Any, details: list[Any]) -> str:
        name = f"select{number}"
        self.links[name] = (kind, details)
        return name

    def _add_name(self, prefix: str, number: int, value: Any) -> str:
        name = f"{prefix}{number}"
        self.names[name] = value
        return name


def _indent(depth: int, lines: Sequence[str]) -> Lines:
    return [" " * depth + line for line in lines]


def _choice(is_there: str, outlet: Outlet) -> Lines:
    """Put `c` where it is there, else wait for it."""
    return [f"if {is_there}:", *_indent(1, outlet.put("c")), "else:", *_indent(1, outlet.wait("c"))]


def _nullable(type_: Any) -> Any:
    return type_.of_type if is_non_null_type(type_) else type_


def _member_names(kind: Any) -> dict[Enum, str]:
    """How each member of one of Strawberry's enums is told; empty for any other type."""
    wrapped = getattr(kind, "wrapped_cls", None)
    if wrapped is None:
        return {}
    try:
        return {member: kind.coerce_output_value(member) for member in wrapped}
    except ValueError:
        return {}
