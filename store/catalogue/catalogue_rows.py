"""The tables of the catalogue, and the mapping between their rows and domain objects."""

from collections.abc import Mapping
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Column, Index, Integer, Table, Text, UniqueConstraint

from domain.catalogue.catalogue import (
    Department,
    District,
    Eligibility,
    Fact,
    FactSource,
    HandOver,
    LifeEvent,
    RequiredDocument,
    Scheme,
    Service,
    Situation,
    Tehsil,
)
from domain.catalogue.definitions import definition_from, definition_values
from domain.kernel import Bilingual
from store.database import AnyRow, Instant, Json, KeptRecords, Key, Transaction
from store.database.metadata import metadata, table_of

services_table = table_of(
    Service,
    "services",
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("category", Text),
    Column("designated_officer", Text),
    Column("first_appellate", Text),
    Column("second_appellate", Text),
    Column("source", Text, nullable=False),
    Column("eligibility", Json),
    Column("keywords", Json),
    Column("version", Integer),
    Column("hand_over", Json),
    Column("fact_sources", Json),
    Column("definition", Json),
    UniqueConstraint("code"),
    UniqueConstraint("slug"),
    Index(None, "name_en", "code"),
    apart=("name",),
)
"""`version` is null in rows of a release that kept no versions, which is the first one."""

service_versions_table = Table(
    "service_versions",
    metadata,
    Column("service_code", Key, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("content", Json, nullable=False),
    Column("since", Instant, nullable=False),
)
"""Every entry that a service ever had; `content` is its row, and rows are only added."""

departments_table = table_of(
    Department,
    "departments",
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("source", Text, nullable=False),
    UniqueConstraint("slug"),
    apart=("name",),
)

districts_table = table_of(
    District,
    "districts",
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("division", Text, nullable=False),
    Column("headquarters", Text, nullable=False),
    Column("source", Text, nullable=False),
    UniqueConstraint("code"),
    apart=("name",),
)

tehsils_table = table_of(
    Tehsil,
    "tehsils",
    Column("code", Key, primary_key=True),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("source", Text, nullable=False),
    Index(None, "district"),
    apart=("name",),
)

schemes_table = table_of(
    Scheme,
    "schemes",
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("department_hi", Text),
    Column("department_en", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("rail", Key),
    Column("eligibility_hi", Text),
    Column("eligibility_en", Text),
    Column("documents_hi", Text),
    Column("documents_en", Text),
    Column("portal", Text),
    Column("notes", Text),
    UniqueConstraint("code"),
    Index(None, "service_code"),
    apart=("name", "department", "eligibility", "papers"),
)


DEPARTMENTS = KeptRecords(Department, departments_table, "the department")
DISTRICTS = KeptRecords(District, districts_table, "the district")
TEHSILS = KeptRecords(Tehsil, tehsils_table, "the tehsil")
SCHEMES = KeptRecords(Scheme, schemes_table, "the scheme", renamed={"papers": "documents"})


def service_from(tx: Transaction, values: Mapping[str, Any]) -> Service:
    """The service of a row's values; what a row of an earlier release lacks is not known."""
    missing = dict.fromkeys(column.name for column in services_table.columns)
    row: Any = SimpleNamespace(**missing | dict(values))
    return SERVICES.read(tx, row)


def _contents(_: Transaction, row: AnyRow) -> dict[str, Any]:
    return {
        "documents": tuple(RequiredDocument(paper["key"], paper["name"], paper["required"]) for paper in row.documents),
        "life_events": None if row.life_events is None else tuple(map(LifeEvent, row.life_events)),
        "eligibility": _eligibility_of(row.eligibility),
        "keywords": tuple(row.keywords or ()),
        "hand_over": _hand_over_of(row.hand_over),
        "fact_sources": tuple(
            FactSource(one["source"], one["confirmed"], tuple(map(Fact, one["facts"])))
            for one in row.fact_sources or ()
        ),
        "definition": definition_from(row.definition),
    }


def _contents_values(_: Transaction, service: Service) -> dict[str, Any]:
    events = service.life_events
    return {
        "documents": [asdict(paper) for paper in service.documents],
        "life_events": None if events is None else [event.value for event in events],
        "eligibility": _eligibility_values(service.eligibility),
        "keywords": list(service.keywords),
        "hand_over": _hand_over_values(service.hand_over),
        "fact_sources": [asdict(one) for one in service.fact_sources],
        "definition": definition_values(service.definition),
    }


def _hand_over_values(hand_over: HandOver | None) -> dict[str, Any] | None:
    if hand_over is None:
        return None
    return {
        "body": _pair_values(hand_over.body),
        "address": hand_over.address,
        "bring": [_pair_values(paper) for paper in hand_over.bring],
        "statusAddress": hand_over.status_address,
    }


def _hand_over_of(values: Mapping[str, Any] | None) -> HandOver | None:
    if values is None:
        return None
    bring = tuple(_pair_of(paper) for paper in values["bring"])
    return HandOver(_pair_of(values["body"]), values["address"], bring, values["statusAddress"])


def _pair_values(text: Bilingual) -> dict[str, Any]:
    return {"hi": text.hi, "en": text.en}


def _pair_of(values: Mapping[str, Any]) -> Bilingual:
    return Bilingual(values["hi"], values["en"])


def _eligibility_values(eligibility: Eligibility | None) -> dict[str, Any] | None:
    if eligibility is None:
        return None
    return {
        "text": eligibility.text.en,
        "textHi": eligibility.text.hi,
        "leastAge": eligibility.least_age,
        "mostAge": eligibility.most_age,
        "situations": [situation.value for situation in eligibility.situations],
        "mostIncomePaise": eligibility.most_income_paise,
        "bplInstead": eligibility.bpl_instead,
    }


def _eligibility_of(values: Mapping[str, Any] | None) -> Eligibility | None:
    if values is None:
        return None
    situations = tuple(Situation(situation) for situation in values["situations"])
    return Eligibility(
        text=Bilingual(values.get("textHi"), values["text"]),
        least_age=values["leastAge"],
        most_age=values["mostAge"],
        situations=situations,
        most_income_paise=values["mostIncomePaise"],
        bpl_instead=values["bplInstead"],
    )


SERVICES = KeptRecords(
    Service,
    services_table,
    "the service",
    apart=("documents", "life_events", "eligibility", "keywords", "hand_over", "fact_sources", "definition"),
    read=_contents,
    write=_contents_values,
)
