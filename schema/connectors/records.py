"""Records of departments' systems that joined by a file: generic types, so that a new system changes no SDL."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Self, cast

import strawberry

from actions.connectors.reads import Record, RecordsView
from domain.connectors import DepartmentStatus
from domain.kernel import IST, Language
from domain.kernel.messages import label
from domain.kernel.money import shown_rupees
from integrations.connectors import Field
from schema.catalogue.places import district_by_code
from schema.connectors.systems import DepartmentSystem
from schema.kernel import (
    Info,
    InLanguage,
    Long,
    Paise,
    Provenance,
    assumed_list_size,
    field_language,
    label_field,
    resolver_field,
)
from schema.kernel.source_usage import PartialFailure

MOST_FIELDS = 60
"""A file has no more for one record (integrations/connectors/schema.json)."""


@strawberry.type(description="A field of a record of a department's system, as text and as what it is.")
class DepartmentField:
    field: strawberry.Private[Field]
    value: strawberry.Private[Any]
    name: str = strawberry.field(description="Its name in the system's file; it stays the same in every version.")

    @resolver_field(description="What it is called.")
    def label(self, info: Info, language: InLanguage = None) -> str:
        shown = field_language(info, language)
        return self.field.label.in_language(shown) if self.field.label else self.name

    @resolver_field(description="Its value as people read it: a district by its name, an amount in rupees.")
    async def shown(self, info: Info, language: InLanguage = None) -> str:
        spoken = field_language(info, language)
        district = await info.context.load(district_by_code, self.value) if self.field.kind == "lgd" else None
        return district.name.in_language(spoken) if district else shown_value(self.field, self.value, spoken)

    @resolver_field(description="A whole number; null for any other value.")
    def long(self) -> Long | None:
        return Long(self.value) if self.field.kind == "int" else None

    @resolver_field(description="An amount; null for any other value.")
    def paise(self) -> Paise | None:
        return Paise(self.value) if self.field.kind == "paise" else None

    @resolver_field(description="A day; null for any other value.")
    def on(self) -> date | None:
        return cast("date", self.value) if self.field.kind == "date" else None

    @resolver_field(description="An instant; null for any other value.")
    def at(self) -> datetime | None:
        return cast("datetime", self.value) if self.field.kind == "instant" else None

    @resolver_field(description="Yes or no; null for any other value.")
    def flag(self) -> bool | None:
        return bool(self.value) if self.field.kind == "flag" else None


@strawberry.type(description="A record of a department's system.")
class DepartmentRecord:
    item: strawberry.Private[Record]
    system: DepartmentSystem = strawberry.field(description="The system that gave it.")
    kind: str = strawberry.field(description="What it is, by the word of the system's file.")
    number: str | None = strawberry.field(description="Its number at the system; null where the system gives none.")
    status: DepartmentStatus | None = strawberry.field(description="How it stands; null where nothing is said of it.")
    fields: list[DepartmentField] = strawberry.field(
        description="What else is said of it, in the order of the system's file.",
        directives=[assumed_list_size(10)],
    )
    provenance: list[Provenance] = strawberry.field(
        description="From where it came, and how fresh it is.", directives=[assumed_list_size(1)]
    )

    status_label = label_field(
        "department_status", "status", description="How it stands, in words; null where nothing is said.", nullable=True
    )

    @classmethod
    def of(cls, item: Record, provenance: list[Provenance]) -> Self:
        """The graph's view of a row; a field of which nothing is said is left out."""
        number, status = item.values.get("number"), first_status(item)
        named = {"number", *(name for name, one in item.fields.items() if one.kind == "status")}
        return cls(
            item=item,
            system=DepartmentSystem.of(item.connector),
            kind=item.kind,
            number=None if number is None else str(number),
            status=status,
            fields=[
                DepartmentField(field=one, value=item.values[name], name=name)
                for name, one in item.fields.items()
                if name not in named and item.values.get(name) is not None
            ],
            provenance=provenance,
        )


@strawberry.type(description="Records of departments' systems.")
class DepartmentRecordList:
    nodes: list[DepartmentRecord] = strawberry.field(description="The records.")
    complete: bool = strawberry.field(description="Whether every system answered, and with its whole list.")
    provenance: list[Provenance] = strawberry.field(
        description="Each system with its state.", directives=[assumed_list_size(1)]
    )

    @classmethod
    def of(cls, info: Info, view: RecordsView) -> Self:
        """The graph's view; a system that failed is reported at the list's own path."""
        provenance = told_to(info, view)
        nodes = [DepartmentRecord.of(one, [provenance[one.connector.name]]) for one in view.records]
        return cls(nodes=nodes, complete=view.complete, provenance=list(provenance.values()))


def told_to(info: Info, view: RecordsView) -> dict[str, Provenance]:
    """The provenance of the field that is being resolved by its systems, and what is missing in it."""
    sources = info.context.sources
    for name, told in view.told.items():
        sources.note(info.path, *told, system=name)
    sources.failures += [PartialFailure(one, tuple(info.path.as_list())) for one in view.failures]
    return {name: Provenance.of(info, told) for name, told in view.told.items()}


def first_status(item: Record) -> DepartmentStatus | None:
    """The status that a row says."""
    said = (item.values.get(name) for name, one in item.fields.items() if one.kind == "status")
    return next((DepartmentStatus(one) for one in said if one is not None), None)


def shown_value(field: Field, value: Any, language: Language) -> str:
    """A value in words: amounts in rupees, instants in India's zone, our own words for what a file maps to them."""
    if field.kind in _WORDS:
        word = str(value) if field.kind != "flag" else ("yes" if value else "no")
        return label(f"{_WORDS[field.kind]}.{word}", language)
    show = _SHOWN.get(field.kind, str)
    return show(value)


_WORDS: Mapping[str, str] = MappingProxyType(
    {"flag": "page.notified.yes_no", "clearance": "clearance_state", "status": "department_status"}
)
_SHOWN: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "texts": ", ".join,
        "paise": shown_rupees,
        "instant": lambda value: value.astimezone(IST).strftime("%d-%m-%Y %H:%M"),
        "date": lambda value: value.strftime("%d-%m-%Y"),
        "point": lambda value: ", ".join(map(str, value.values() if isinstance(value, Mapping) else value)),
        "decimal": lambda value: format(value, "f"),
    }
)
