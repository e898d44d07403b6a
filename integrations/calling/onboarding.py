"""Reads the settings of a system from what its onboarding handed over, by the names and types of their fields."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
_NOTHING: tuple[Any, ...] = (None, [], ())


def read_settings(kind: type[T], given: Mapping[str, Any], prefix: str = "", **named: Any) -> T:
    """A dataclass of settings; `named` are the fields that come from elsewhere or have a form of their own.

    The parts in `given` are named as the fields are, behind `prefix`. A field without a default must be there; one
    with a default may be missing, or an empty list. Raises KeyError with the name of a part that is missing,
    ValueError for one that is not of its type.
    """
    types, read = get_type_hints(kind), dict(named)
    for each in fields(cast("Any", kind)):
        needed = each.default is MISSING and each.default_factory is MISSING
        part = prefix + each.name
        if each.name not in named and (needed or given.get(part) not in _NOTHING):
            read[each.name] = _convert(types[each.name], given[part])
    return kind(**read)


def _convert(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin is UnionType:
        return _convert(next(each for each in get_args(kind) if each is not NoneType), value)
    if origin in {tuple, frozenset}:
        return origin(map(str, value))
    if origin is Literal and value not in get_args(kind):
        raise ValueError(f"one of {', '.join(get_args(kind))} is needed")
    if kind is date:
        return date.fromisoformat(str(value))
    return kind(value) if origin is None else value
