"""Input types made from the parameters of actions, and what reads a given input into their values.

An input is declared once, by the parameters it fills: each has a description, or an `InputField` where its field has
another name, type or default. What is not declared is as the parameter has it. A declaration that does not fit raises
TypeError at import, where everything is put together; a request only reads.
"""

import dataclasses
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import UnionType, new_class
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

import strawberry
from strawberry import UNSET
from strawberry.types import get_object_definition
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryOptional
from strawberry.utils.str_converters import to_camel_case

from domain.kernel import TypeCode
from schema.kernel.fields import former_name
from schema.kernel.mutations import KEY_DESCRIPTION, VERSION_DESCRIPTION, key_of_type
from schema.kernel.scalars import Paise

KEY, VERSION = "idempotency_key", "expected_version"
EMPTY: Any = inspect.Parameter.empty
"""No default."""

Path: TypeAlias = tuple[str, ...]
Read: TypeAlias = Callable[[Any, Path], Any]
"""Makes the parameter's value of the field's value that lies at the path; it may raise Problems. Null is not read."""


@dataclass(frozen=True, slots=True)
class InputField:
    """A field of an input; what is left out is as the parameter has it.

    `former` is the name that the field had, which is read where the field is left out, and the release that added it.
    `type` and `read` are of the whole value. With `single` they are of a single value, and whether there is a list of
    them or null is as the parameter has it. What is `required` must be given, though the action could do without.
    """

    description: str
    name: str = ""
    type: Any = None
    default: Any = EMPTY
    read: Read | None = None
    single: bool = False
    required: bool = False
    former: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ValueFrom:
    """A parameter that is read from the field of another one, called by its name in the graph, but in snake case."""

    name: str
    read: Read


Declared: TypeAlias = str | InputField | ValueFrom


def id_of(
    code: TypeCode,
    description: str,
    name: str = "",
    *,
    required: bool = False,
    former: tuple[str, str] | None = None,
) -> InputField:
    """An opaque id of one type, of which the action gets the inner key; else BAD_INPUT or NOT_FOUND at its path."""

    def read(opaque: str, path: Path) -> str:
        return key_of_type(code, opaque, *path)

    return InputField(description, name, strawberry.ID, read=read, single=True, required=required, former=former)


def paise(description: str, name: str = "") -> InputField:
    """An amount of money."""
    return InputField(description, name, Paise, single=True)


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an action takes: the type of a single value, whether it takes many or null, and the default."""

    single: Any
    many: bool
    nullable: bool
    default: Any

    @classmethod
    def of(cls, annotation: Any, default: Any) -> "Parameter":
        """The parameter of that annotation and default, which may be EMPTY."""
        nullable = _may_be_null(annotation)
        if nullable:
            annotation = Union[tuple(one for one in get_args(annotation) if one is not type(None))]  # noqa: UP007 - made
        many = get_origin(annotation) in {tuple, list, Sequence}
        return cls(get_args(annotation)[0] if many else annotation, many, nullable, default)

    def type_in_graph(self, single: Any) -> Any:
        """The type of its field, whose single values have that type."""
        whole = list[single] if self.many else single
        return whole | None if self.nullable else whole


def parameters_of(make: Callable[..., Any], skipped: int = 0) -> dict[str, Parameter]:
    """What a dataclass or function takes after the first few, by name."""
    fields = dataclasses.fields(make) if dataclasses.is_dataclass(make) else ()
    defaults = {one.name: one.default_factory() for one in fields if one.default_factory is not dataclasses.MISSING}
    hints, found = get_type_hints(make), {}
    for one in list(inspect.signature(make).parameters.values())[skipped:]:
        found[one.name] = Parameter.of(hints[one.name], defaults.get(one.name, one.default))
    return found


@dataclass(frozen=True, slots=True)
class InputType:
    """An input type of the graph with what reads a given input into values of parameters."""

    type: type[Any]
    readers: tuple[tuple[str, str, str, Read | None], ...]
    """A parameter, the attribute of the input, the one of its former name or nothing, and what reads it."""

    def values(self, given: Any, path: Path) -> dict[str, Any]:
        """The values by parameter; raises Problems with the path of a field that is refused."""
        found = {}
        for parameter, attribute, former, read in self.readers:
            is_former = former and not getattr(given, attribute) and getattr(given, former) is not None
            used = former if is_former else attribute
            value = getattr(given, used)
            found[parameter] = value if read is None else read(value, (*path, to_camel_case(used)))
        return found


class InputFields:
    """The fields of an input as they are declared. Its type is made once, when they are first bound to parameters."""

    def __init__(self, description: str, name: str, declared: Mapping[str, Declared]) -> None:
        self.description, self._name, self._declared = description, name, declared
        self._type: type[Any] | None = None

    def bind(self, parameters: Mapping[str, Parameter], name: str, constants: Collection[str] = ()) -> InputType:
        """The input type that fills all parameters but those that are constant; TypeError where it does not fit."""
        name = self._name or name
        declared = {**self._declared, **_standard_fields(parameters, constants, self._declared)}
        _refuse(f"{name} declares what its action does not take", {*declared, *constants} - {*parameters})
        _refuse(f"{name} does not say where its action gets", {*parameters} - {*declared, *constants})
        _refuse(f"{name} declares what is constant", {*declared} & {*constants})
        completed = {one: _complete_field(how, one, parameters[one]) for one, how in declared.items()}
        fields = {how.name: how for how in completed.values() if isinstance(how, InputField)}
        _refuse(f"{name} reads from fields that it does not have", {how.name for how in completed.values()} - {*fields})
        self._type = self._type or _input_class(name, self.description, fields.values())
        formers = {one.name: one.former[0] for one in fields.values() if one.former}
        readers = [
            (one, how.name, formers.get(how.name, ""), _reader(how, parameters[one])) for one, how in completed.items()
        ]
        return InputType(self._type, tuple(readers))


def input_fields(description: str, name: str = "", /, **declared: Declared) -> InputFields:
    """The fields of an input, by parameter and in the order of the graph; without a name it has the mutation's.

    Version and key come last by themselves where the action takes them.
    """
    return InputFields(description, name, declared)


def nested_input(
    make: Callable[..., Any], name: str, description: str, /, **declared: Declared
) -> Callable[..., InputField]:
    """An input inside others, of which a dataclass or function makes a value; gives the fields that have it."""
    made = input_fields(description, name, **declared).bind(parameters_of(make), name)

    def read(given: Any, path: Path) -> Any:
        return make(**made.values(given, path))

    def field(description: str, name: str = "", default: Any = EMPTY) -> InputField:
        return InputField(description, name, made.type, default, read, single=True)

    return field


def _refuse(what: str, names: Collection[str]) -> None:
    if names:
        raise TypeError(f"{what}: {', '.join(sorted(names))}")


def _standard_fields(
    parameters: Mapping[str, Parameter], constants: Collection[str], declared: Mapping[str, Declared]
) -> dict[str, Declared]:
    """Version and key, where the action takes them and nothing else is said of them; some actions say `key`."""
    key = KEY if KEY in parameters else "key"
    standard: dict[str, Declared] = {VERSION: VERSION_DESCRIPTION, key: InputField(KEY_DESCRIPTION, KEY)}
    return {one: how for one, how in standard.items() if one in {*parameters} - {*constants, *declared}}


def _complete_field(how: Declared, parameter_name: str, parameter: Parameter) -> InputField | ValueFrom:
    """A declaration with name, type and default; null stands for a key in the header."""
    if isinstance(how, ValueFrom):
        return how
    how = InputField(how) if isinstance(how, str) else how
    if how.required:
        parameter = replace(parameter, nullable=False, default=EMPTY)
    name = how.name or parameter_name
    if name == KEY:
        return replace(how, name=name, type=str | None, default=None)
    kind = how.type if how.type and not how.single else parameter.type_in_graph(how.type or parameter.single)
    default = parameter.default if how.default is EMPTY else how.default
    if default is EMPTY and parameter.nullable:
        default = None
    if _may_be_null(kind) and not parameter.nullable and parameter.default is EMPTY:
        raise TypeError(f"{parameter_name} has no value where its field {name} is null")
    return replace(how, name=name, type=kind, default=default)


def _reader(how: InputField | ValueFrom, parameter: Parameter) -> Read | None:
    """What reads the field's value into the parameter's, or None where they are the same.

    Null is the parameter's default where the parameter itself is never null.
    """
    read, absent = how.read, None if parameter.nullable or parameter.default is EMPTY else parameter.default
    if isinstance(how, InputField) and parameter.many and (read is None or how.single):
        read = _read_each(read)
    if read is None and (absent is None or (isinstance(how, InputField) and not _may_be_null(how.type))):
        return None
    return lambda value, path: absent if value is None else value if read is None else read(value, path)


def _read_each(read: Read | None) -> Read:
    if read is None:
        return lambda values, _: tuple(values)
    return lambda values, path: tuple(read(value, (*path, str(place))) for place, value in enumerate(values))


def _may_be_null(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, UnionType} and type(None) in get_args(annotation)


def _input_class(name: str, description: str, fields: Iterable[InputField]) -> type[Any]:
    """The class for Strawberry; an empty collection as default is an empty list of the graph."""
    body: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for one in fields:
        empty = isinstance(one.default, tuple | list | dict)
        default = {"default_factory": list} if empty else {} if one.default is EMPTY else {"default": one.default}
        body["__annotations__"][one.name] = one.type
        body[one.name] = strawberry.field(description=one.description, **default)
        if one.former:
            former, added = one.former
            body["__annotations__"][former] = one.type
            body[former] = strawberry.field(**former_name(to_camel_case(one.name), added), **default)
    return read_by_plan(
        strawberry.input(new_class(name, (), {}, lambda namespace: namespace.update(body)), description=description)
    )


def read_by_plan(kind: type[Any]) -> type[Any]:
    """Let Strawberry make the objects of an input type by a plan: else it looks at all its types for each of them."""
    definition = get_object_definition(kind, strict=True)

    @cache
    def plan() -> list[tuple[str, str, Any]]:
        """For each field its name in the graph, its attribute, and its type, where a value is not taken as it is."""
        types = [(one.python_name, one.resolve_type(type_definition=definition)) for one in definition.fields]
        return [(to_camel_case(name), name, None if _plain(single) in _LEAVES else single) for name, single in types]

    def make(_: type[Any], given: Mapping[str, Any], context: InputContext) -> Any:
        return kind(
            **{
                attribute: value if single is None or value is None else context.convert(value, single, name)
                for name, attribute, single in plan()
                if (value := given.get(name, UNSET)) is not UNSET
            }
        )

    definition.from_input = make
    return kind


_LEAVES = frozenset({str, int, float, bool, strawberry.ID})


def _plain(single: Any) -> Any:
    return single.of_type if type(single) is StrawberryOptional else single
