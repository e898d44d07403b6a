"""The catalogue: services, departments, districts, tehsils and schemes."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from domain.catalogue import Department, District, Scheme, Service, Tehsil
from store.catalogue_rows import (
    departments_table,
    districts_table,
    name_of,
    names,
    scheme_of,
    scheme_values,
    schemes_table,
    service_of,
    service_values,
    services_table,
    tehsils_table,
)
from store.engine import Transaction
from store.sql import AnyRow, count, first, keyset_page, rows_of, upsert

PAST_ALL_SERVICES = ("\U0010ffff", "")
"""A place after every service, to page backwards from the end."""


async def upsert_services(tx: Transaction, services: Iterable[Service]) -> None:
    """Insert services, or bring those with the same code up to date; a known service keeps its id."""
    await upsert(tx, services_table, [service_values(service) for service in services], keys=("code",))


async def upsert_departments(tx: Transaction, rows: Iterable[Department]) -> None:
    """Insert departments, or bring those with the same slug up to date."""
    values = [
        {
            "id": row.id,
            "slug": row.slug,
            **names(row.name),
            "portal_service_count": row.portal_service_count,
            "source": row.source,
            "verified": row.verified,
        }
        for row in rows
    ]
    await upsert(tx, departments_table, values, keys=("slug",))


async def upsert_districts(tx: Transaction, rows: Iterable[District]) -> None:
    """Insert districts, or bring those with the same code up to date."""
    values = [
        {
            "id": row.id,
            "code": row.code,
            **names(row.name),
            "division": row.division,
            "headquarters": row.headquarters,
            "source": row.source,
            "verified": row.verified,
        }
        for row in rows
    ]
    await upsert(tx, districts_table, values, keys=("code",))


async def upsert_tehsils(tx: Transaction, rows: Iterable[Tehsil]) -> None:
    """Insert tehsils, or bring those with the same code up to date."""
    values = [
        {
            "code": row.code,
            "district": row.district,
            **names(row.name),
            "source": row.source,
            "verified": row.verified,
        }
        for row in rows
    ]
    await upsert(tx, tehsils_table, values, keys=("code",))


async def upsert_schemes(tx: Transaction, rows: Iterable[Scheme]) -> None:
    """Insert schemes, or bring those with the same code up to date."""
    await upsert(tx, schemes_table, [scheme_values(row) for row in rows], keys=("code",))


async def service(tx: Transaction, code: str) -> Service | None:
    """The service with a code, or None."""
    return (await services_by_codes(tx, [code])).get(code)


async def service_by_slug(tx: Transaction, slug: str) -> Service | None:
    """The service with a slug of the portal, or None."""
    row = await first(tx, select(services_table).where(services_table.c.slug == slug))
    return service_of(row) if row else None


async def services_by_codes(tx: Transaction, codes: Iterable[str]) -> dict[str, Service]:
    """Services by code; those that are not there are left out."""
    rows = await rows_of(tx, select(services_table), services_table.c.code, codes)
    return {row.code: service_of(row) for row in rows}


async def services_by_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Service]:
    """Services by id; those that are not there are left out."""
    rows = await rows_of(tx, select(services_table), services_table.c.id, ids)
    return {row.id: service_of(row) for row in rows}


async def services_page(
    tx: Transaction,
    *,
    search: str | None = None,
    department: str | None = None,
    category: str | None = None,
    open_only: bool = False,
    after: tuple[str, str] | None = None,
    before: tuple[str, str] | None = None,
    limit: int,
) -> list[Service]:
    """A page of services in the order of (English name, code), which are also what `after` and `before` hold.

    With `before` alone it is the last page before that place; PAST_ALL_SERVICES gives the very last one.
    """
    statement = _services(search, department, category, open_only)
    columns = (services_table.c.name_en, services_table.c.code)
    rows = await keyset_page(tx, statement, columns, after=after, before=before, limit=limit)
    return [service_of(row) for row in rows]


async def count_services(
    tx: Transaction,
    *,
    search: str | None = None,
    department: str | None = None,
    category: str | None = None,
    open_only: bool = False,
) -> int:
    """How many services the same filters let through."""
    return await count(tx, _services(search, department, category, open_only))


async def departments(tx: Transaction) -> list[Department]:
    """Every department by English name."""
    rows = (await tx.connection.execute(select(departments_table).order_by("name_en", "slug"))).all()
    return [
        Department(row.id, row.slug, name_of(row), row.portal_service_count, row.source, row.verified) for row in rows
    ]


async def districts(tx: Transaction) -> list[District]:
    """Every district by English name."""
    rows = (await tx.connection.execute(select(districts_table).order_by("name_en"))).all()
    return [
        District(row.id, row.code, name_of(row), row.division, row.headquarters, row.source, row.verified)
        for row in rows
    ]


async def tehsils(tx: Transaction, district: str) -> list[Tehsil]:
    """The tehsils of a district by English name."""
    return (await tehsils_of(tx, [district])).get(district, [])


async def tehsils_of(tx: Transaction, districts: Iterable[str]) -> dict[str, list[Tehsil]]:
    """The tehsils of each district by English name; districts without any are left out. One query for many."""
    statement = select(tehsils_table).order_by("name_en", "code")
    found: dict[str, list[Tehsil]] = {}
    for row in await rows_of(tx, statement, tehsils_table.c.district, districts):
        tehsil = Tehsil(row.code, row.district, name_of(row), row.source, row.verified)
        found.setdefault(row.district, []).append(tehsil)
    return found


async def schemes(tx: Transaction, codes: Iterable[str] | None = None) -> dict[str, Scheme]:
    """Schemes by code; all of them where no codes are given."""
    statement = select(schemes_table).order_by("name_en", "code")
    if codes is None:
        rows: Sequence[AnyRow] = (await tx.connection.execute(statement)).all()
    else:
        rows = await rows_of(tx, statement, schemes_table.c.code, codes)
    return {row.code: scheme_of(row) for row in rows}


async def scheme_for_service(tx: Transaction, service_code: str) -> Scheme | None:
    """The scheme that a service grants, or None; the first by code where there are several."""
    statement = select(schemes_table).where(schemes_table.c.service_code == service_code).order_by("code").limit(1)
    row = await first(tx, statement)
    return scheme_of(row) if row else None


def _services(search: str | None, department: str | None, category: str | None, open_only: bool) -> Select[Any]:
    table = services_table
    statement = select(table)
    if search and search.strip():
        for word in search.split():
            statement = statement.where(_mentions(word))
    if department is not None:
        statement = statement.where(table.c.department == department)
    if category is not None:
        statement = statement.where(table.c.category == category)
    if open_only:
        statement = statement.where(table.c.open)
    return statement


def _mentions(word: str) -> ColumnElement[bool]:
    """Rows with the word in a name or the code; capital and small Latin letters are the same."""
    columns = (services_table.c.name_en, services_table.c.name_hi, services_table.c.code)
    return or_(*(func.lower(column).contains(word.lower(), autoescape=True) for column in columns))
