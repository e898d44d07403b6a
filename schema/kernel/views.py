"""Reads the fields of a graph type from a domain object: by equal names, or along the paths that the type names."""

import dataclasses
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar, cast

import strawberry
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.lazy_type import LazyType

from domain.kernel import TypeCode
from schema.kernel.node import node_id
from schema.kernel.scalars import Paise

S = TypeVar("S")
Convert: TypeAlias = Callable[[Any], Any]


class Mapped(Generic[S]):
    """A graph type whose fields are read from an object S; its `of` gives the graph's view of one.

    A field is read from the attribute of its name, an amount `fee` from `fee_paise`; or along the path that the class
    gives for it as a keyword (`expires_at="until"`). A value becomes a graph type by that type's `of`, in lists and
    where it may be null too. Ids become opaque: `id` by the code `id_of`, `application_id` and the like by the code of
    their name. A private field `item` holds the object itself.
    """

    mapped_paths: ClassVar[dict[str, str]] = {}
    mapped_code: ClassVar[TypeCode | None] = None

    def __init_subclass__(cls, *, id_of: TypeCode | None = None, **paths: str) -> None:
        super().__init_subclass__()
        cls.mapped_paths = cls.mapped_paths | paths
        cls.mapped_code = id_of or cls.mapped_code

    @classmethod
    def read(cls, item: S, /, **given: object) -> Self:
        """The graph's view of an object; what is given is not read from it."""
        key = (cls, *given)
        plan = _PLANS.get(key)
        if plan is None:
            plan = _PLANS[key] = _Plan(cls, frozenset(given))
        return cls(**plan.values(item), **given)


class View(Mapped[S]):
    """A graph type of which every field is read from an object S."""

    @classmethod
    def of(cls, item: S) -> Self:
        """The graph's view of an object."""
        return cls.read(item)


class _Plan:
    """Where each field of a graph type is read, found out once for each type and set of given fields."""

    def __init__(self, owner: type[Mapped[Any]], given: frozenset[str]) -> None:
        paths = read_paths(owner, given)
        self._holds_item = "item" not in given and any(
            field.name == "item" for field in dataclasses.fields(cast("Any", owner))
        )
        self._names = tuple(paths)
        # Of one name alone attrgetter would give the value itself.
        one = [attrgetter(path) for path in paths.values()]
        self._get = attrgetter(*paths.values()) if len(paths) > 1 else lambda item: [get(item) for get in one]
        declared = _declared_types(owner)
        converts = ((name, _convert_to(declared.get(name), _code_of(owner, name))) for name in paths)
        self._converts = tuple((name, convert) for name, convert in converts if convert)

    def values(self, item: object) -> dict[str, Any]:
        """The values by the names of their fields."""
        found = dict(zip(self._names, self._get(item), strict=True))
        for name, convert in self._converts:
            found[name] = convert(found[name])
        if self._holds_item:
            found["item"] = item
        return found


_PLANS: dict[tuple[object, ...], _Plan] = {}


def read_paths(owner: type[Mapped[Any]], given: frozenset[str]) -> dict[str, str]:
    """The path in the domain object of each field that is read from it; raises TypeError for a path of no field."""
    names = [field.name for field in dataclasses.fields(cast("Any", owner)) if field.init]
    unknown = (owner.mapped_paths.keys() | given) - set(names)
    if unknown:
        raise TypeError(f"{owner.__name__} has no field {', '.join(sorted(unknown))}")
    declared = _declared_types(owner)
    usual = {name: f"{name}_paise" if _of_optional(declared.get(name)) is Paise else name for name in names}
    return {name: path for name, path in (usual | owner.mapped_paths).items() if name not in given | {"item"}}


def _declared_types(owner: type[Mapped[Any]]) -> dict[str, object]:
    """The types of the fields that the graph shows."""
    return {field.python_name: field.type for field in cast("Any", owner).__strawberry_definition__.fields}


def _of_optional(declared: object) -> object:
    return declared.of_type if isinstance(declared, StrawberryOptional) else declared


def _code_of(owner: type[Mapped[Any]], name: str) -> TypeCode | None:
    return owner.mapped_code if name == "id" else TypeCode.__members__.get(name.removesuffix("_id").upper())


def _convert_to(wanted: object, code: TypeCode | None) -> Convert | None:
    """What makes a field's value of the value that was read; None where both are the same."""
    if isinstance(wanted, StrawberryOptional):
        make = _convert_to(wanted.of_type, code)
        return make and (lambda value: None if value is None else make(value))
    if isinstance(wanted, StrawberryList):
        each = _convert_to(wanted.of_type, code)
        return each and (lambda values: [each(one) for one in values])
    if isinstance(wanted, LazyType):
        wanted = wanted.resolve_type()
    if wanted is strawberry.ID and code is not None:
        return partial(node_id, code)
    return cast("Convert | None", getattr(wanted, "of", None)) if hasattr(wanted, "__strawberry_definition__") else None
