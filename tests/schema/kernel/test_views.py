"""Graph types that read their fields from domain objects: what they read is there, of a type that fits."""

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

import pytest
import strawberry
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.lazy_type import LazyType

import schema
from domain.kernel import Language, TypeCode, to_global_id
from domain.kernel.messages import label
from schema.kernel import Mapped, Paise, View
from schema.kernel.resolved_fields import PATH_KEY, PREFIX_KEY
from schema.kernel.views import read_paths

SCHEMA = Path(schema.__file__).parent


def source_of(owner: type) -> object:
    """The S of the class's Mapped[S]."""
    return next(
        get_args(base)[0]
        for kind in owner.__mro__
        for base in getattr(kind, "__orig_bases__", ())
        if get_origin(base) in {Mapped, View}
    )


def uses() -> Iterator[tuple[type, frozenset[str]]]:
    """Each graph type that is mapped, with the fields that it is given instead."""
    schema.build()
    for path in sorted(SCHEMA.rglob("*.py")):
        module = sys.modules.get(".".join(path.relative_to(SCHEMA.parent).with_suffix("").parts))
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            owner = getattr(module, node.name, None) if isinstance(node, ast.ClassDef) else None
            if not hasattr(owner, "__strawberry_definition__") or not issubclass(owner, Mapped):
                continue
            calls = [call for call in ast.walk(node) if isinstance(call, ast.Call)]
            given = [
                frozenset(one.arg for one in call.keywords) for call in calls if ast.unparse(call.func) == "cls.read"
            ]
            yield from ((owner, names) for names in given or [frozenset()])


def type_at(source: Any, path: str) -> Any:
    """The type of what lies at a path of an object of a class."""
    found = source
    for name in path.split("."):
        hints = get_type_hints(found)
        if name not in hints:
            made = getattr(found, name)
            getter = made.func if isinstance(made, cached_property) else made.fget
            found = get_type_hints(getter)["return"]
        else:
            found = hints[name]
    return found


def fits(wanted: Any, found: Any) -> bool:
    """Whether a value of the found type may stand in a field of the graph's type."""
    kinds = set(get_args(found)) if get_origin(found) in {Union, UnionType} else {found}
    if isinstance(wanted, StrawberryOptional):
        return all(fits(wanted.of_type, kind) for kind in kinds - {NoneType})
    if NoneType in kinds:
        return False
    if isinstance(wanted, StrawberryList):
        sequences = all(get_origin(kind) in {tuple, list, Sequence} for kind in kinds)
        return sequences and all(fits(wanted.of_type, get_args(kind)[0]) for kind in kinds)
    if isinstance(wanted, LazyType):
        wanted = wanted.resolve_type()
    if hasattr(wanted, "__strawberry_definition__"):
        return not issubclass(wanted, Mapped) or kinds == {source_of(wanted)}
    plain = wanted.wrapped_cls if isinstance(wanted, StrawberryEnumDefinition) else wanted
    plain = str if plain is strawberry.ID else plain
    plain = plain.__supertype__ if isinstance(plain, NewType) else plain
    return all(issubclass(kind, plain) for kind in kinds)


def unfit_fields(owner: type, given: frozenset[str]) -> dict[str, object]:
    """The mapped fields whose value is not of the graph's type, by their names, with what lies there."""
    source = source_of(owner)
    if source is Any:  # A row of the store has no class.
        return {}
    declared = {field.python_name: field.type for field in owner.__strawberry_definition__.fields}
    return {
        f"{owner.__name__}.{name}": type_at(source, path)
        for name, path in read_paths(owner, given).items()
        if name in declared and not fits(declared[name], type_at(source, path))
    }


def test_every_mapped_field_is_in_the_domain_object_and_of_a_type_that_fits():
    mapped = list(uses())

    unfit = {name: found for owner, given in mapped for name, found in unfit_fields(owner, given).items()}

    assert len(mapped) > 90
    assert unfit == {}


def resolved_fields(key: str) -> Iterator[tuple[str, Any, dict[str, str]]]:
    """Each field that has the key in its metadata: its name, the type at its path, its metadata."""
    for one in schema.build().schema_converter.type_map.values():
        for field in getattr(one.definition, "fields", ()):
            if key in (field.metadata or {}):
                owner = one.definition.origin
                yield f"{owner.__name__}.{field.python_name}", type_at(owner, field.metadata[PATH_KEY]), field.metadata


def test_every_path_of_a_resolved_field_leads_to_something():
    paths = {name: found for name, found, _ in resolved_fields(PATH_KEY)}

    assert len(paths) > 120
    assert None not in paths.values()


@pytest.mark.parametrize("language", [Language.HI, Language.EN])
def test_every_value_that_a_field_says_in_words_has_a_text(language):
    texts = [
        label(f"{metadata[PREFIX_KEY]}.{value.value}", language)
        for _, found, metadata in resolved_fields(PREFIX_KEY)
        for kind in get_args(found) or (found,)
        if kind is not NoneType
        for value in kind
    ]

    assert len(texts) > 200
    assert all(texts)


@dataclass(frozen=True)
class Part:
    name: str


@dataclass(frozen=True)
class Whole:
    id: str
    fee_paise: int | None
    until: int
    parts: tuple[Part, ...]
    best: Part | None
    application_id: str


@strawberry.type
class PartView(View[Part]):
    name: str


@strawberry.type
class WholeView(View[Whole], id_of=TypeCode.APPEAL, ends="until"):
    item: strawberry.Private[Whole]
    id: strawberry.ID
    fee: Paise | None
    ends: int
    parts: list[PartView]
    best: PartView | None
    application_id: strawberry.ID


def test_fields_are_read_by_name_path_and_type():
    whole = Whole("7", 4000, 3, (Part("a"), Part("b")), None, "9")

    view = WholeView.of(whole)

    assert (view.item, view.id, view.fee, view.ends) == (whole, to_global_id(TypeCode.APPEAL, "7"), 4000, 3)
    assert [part.name for part in view.parts] == ["a", "b"]
    assert (view.best, view.application_id) == (None, to_global_id(TypeCode.APPLICATION, "9"))


def test_a_given_field_is_not_read():
    assert PartView.read(Part("a"), name="b").name == "b"


def test_a_path_of_no_field_is_refused():
    @strawberry.type
    class Astray(View[Part], nmae="name"):
        name: str

    with pytest.raises(TypeError, match="Astray has no field nmae"):
        Astray.of(Part("a"))


def test_a_field_that_the_object_lacks_is_named():
    @strawberry.type
    class Lacking(View[Part]):
        title: str

    with pytest.raises(AttributeError, match="title"):
        Lacking.of(Part("a"))
