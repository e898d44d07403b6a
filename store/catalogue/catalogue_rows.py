"""The tables of the catalogue, and the mapping between their rows and domain objects."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from domain.applications.deadline import DayUnit
from domain.benefits.benefits import Rail
from domain.catalogue.catalogue import Eligibility, LifeEvent, Outcome, RequiredDocument, Scheme, Service, Situation
from domain.kernel import Bilingual
from store.database import AnyRow, Instant, Json, Key
from store.database.metadata import metadata

services_table = Table(
    "services",
    metadata,
    Column("id", Key, primary_key=True),
    Column("code", Key, nullable=False),
    Column("code_source", Key, nullable=False),
    Column("slug", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("department", Key),
    Column("category", Text),
    Column("rts_notified", Boolean),
    Column("limit_days", Integer),
    Column("limit_unit", Key, nullable=False),
    Column("portal_delivery_days", Integer),
    Column("designated_officer", Text),
    Column("first_appellate", Text),
    Column("second_appellate", Text),
    Column("fee_paise", BigInteger),
    Column("documents", Json, nullable=False),
    Column("channels", Json, nullable=False),
    Column("outcome", Key, nullable=False),
    Column("doctype", Key),
    Column("scheme_id", Key),
    Column("open", Boolean, nullable=False),
    Column("needs_second_pair", Boolean),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("life_events", Json),
    Column("eligibility", Json),
    Column("keywords", Json),
    Column("version", Integer),
    Column("needs_no_documents", Boolean),
    UniqueConstraint("code"),
    UniqueConstraint("slug"),
    Index(None, "name_en", "code"),
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

departments_table = Table(
    "departments",
    metadata,
    Column("id", Key, primary_key=True),
    Column("slug", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("portal_service_count", Integer),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    UniqueConstraint("slug"),
)

districts_table = Table(
    "districts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("code", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("division", Text, nullable=False),
    Column("headquarters", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    UniqueConstraint("code"),
)

tehsils_table = Table(
    "tehsils",
    metadata,
    Column("code", Key, primary_key=True),
    Column("district", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    Index(None, "district"),
)

schemes_table = Table(
    "schemes",
    metadata,
    Column("id", Key, primary_key=True),
    Column("code", Key, nullable=False),
    Column("name_hi", Text),
    Column("name_en", Key, nullable=False),
    Column("department_hi", Text),
    Column("department_en", Text, nullable=False),
    Column("benefit_type", Key, nullable=False),
    Column("amount_paise", BigInteger),
    Column("period", Key),
    Column("service_code", Key),
    Column("source", Text, nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("rail", Key),
    Column("head_of_account", Key),
    Column("terms", Integer),
    Column("life_certificate", Boolean),
    Column("annual_review", Boolean),
    Column("eligibility_hi", Text),
    Column("eligibility_en", Text),
    Column("documents_hi", Text),
    Column("documents_en", Text),
    Column("limit_days", Integer),
    Column("is_dbt", Boolean),
    Column("portal", Text),
    Column("notes", Text),
    UniqueConstraint("code"),
    Index(None, "service_code"),
)


def names(name: Bilingual) -> dict[str, str | None]:
    """The two columns of a name."""
    return {"name_hi": name.hi, "name_en": name.en}


def name_of(row: AnyRow) -> Bilingual:
    """The name in the two columns of a row."""
    return Bilingual(row.name_hi, row.name_en)


_SERVICE_AS_IS = (
    "id",
    "code",
    "code_source",
    "slug",
    "department",
    "category",
    "rts_notified",
    "limit_days",
    "portal_delivery_days",
    "designated_officer",
    "first_appellate",
    "second_appellate",
    "fee_paise",
    "doctype",
    "scheme_id",
    "open",
    "needs_second_pair",
    "source",
    "verified",
)
_SCHEME_AS_IS = (
    "id",
    "code",
    "benefit_type",
    "amount_paise",
    "period",
    "service_code",
    "source",
    "verified",
    "head_of_account",
    "terms",
    "life_certificate",
    "annual_review",
    "limit_days",
    "is_dbt",
    "portal",
    "notes",
)


def service_values(service: Service) -> dict[str, Any]:
    """The row of a service."""
    documents = [{"key": paper.key, "name": paper.name, "required": paper.required} for paper in service.documents]
    events = service.life_events
    return {
        **{name: getattr(service, name) for name in _SERVICE_AS_IS},
        **names(service.name),
        "limit_unit": service.limit_unit.value,
        "documents": documents,
        "channels": list(service.channels),
        "outcome": service.outcome.value,
        "life_events": None if events is None else [event.value for event in events],
        "eligibility": _eligibility_values(service.eligibility),
        "keywords": list(service.keywords),
        "version": service.version,
        "needs_no_documents": service.needs_no_documents,
    }


def service_of(row: AnyRow) -> Service:
    """The service of a row."""
    return service_from({column.name: getattr(row, column.name) for column in services_table.columns})


def service_from(values: Mapping[str, Any]) -> Service:
    """The service of a row's values; what a row of an earlier release lacks is not known."""
    papers: Iterable[Mapping[str, Any]] = values["documents"]
    events: Iterable[str] | None = values.get("life_events")
    return Service(
        **{name: values[name] for name in _SERVICE_AS_IS},
        name=Bilingual(values["name_hi"], values["name_en"]),
        limit_unit=DayUnit(values["limit_unit"]),
        documents=tuple(RequiredDocument(paper["key"], paper["name"], paper["required"]) for paper in papers),
        channels=tuple(values["channels"]),
        outcome=Outcome(values["outcome"]),
        life_events=None if events is None else tuple(LifeEvent(event) for event in events),
        eligibility=_eligibility_of(values.get("eligibility")),
        keywords=tuple(values.get("keywords") or ()),
        version=values.get("version") or 1,
        needs_no_documents=values.get("needs_no_documents"),
    )


def _eligibility_values(eligibility: Eligibility | None) -> dict[str, Any] | None:
    if eligibility is None:
        return None
    return {
        "text": eligibility.text,
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
        text=values["text"],
        least_age=values["leastAge"],
        most_age=values["mostAge"],
        situations=situations,
        most_income_paise=values["mostIncomePaise"],
        bpl_instead=values["bplInstead"],
    )


def scheme_values(scheme: Scheme) -> dict[str, Any]:
    """The row of a scheme."""
    return {
        **{name: getattr(scheme, name) for name in _SCHEME_AS_IS},
        **names(scheme.name),
        "department_hi": scheme.department.hi,
        "department_en": scheme.department.en,
        "rail": scheme.rail.value,
        **_two(scheme.eligibility, "eligibility"),
        **_two(scheme.papers, "documents"),
    }


def scheme_of(row: AnyRow) -> Scheme:
    """The scheme of a row."""
    as_is: dict[str, Any] = {name: getattr(row, name) for name in _SCHEME_AS_IS}
    return Scheme(
        **as_is,
        name=name_of(row),
        department=Bilingual(row.department_hi, row.department_en),
        rail=Rail(row.rail) if row.rail else Rail.IFMS,
        eligibility=Bilingual(row.eligibility_hi, row.eligibility_en) if row.eligibility_en else None,
        papers=Bilingual(row.documents_hi, row.documents_en) if row.documents_en else None,
    )


def _two(said: Bilingual | None, name: str) -> dict[str, str | None]:
    return {f"{name}_hi": said.hi if said else None, f"{name}_en": said.en if said else None}
