"""The catalogue: services, departments, districts, tehsils and schemes.

Each write raises the version of the catalogue, since processes keep what they read of it (each_kept).
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, exists, func, not_, select, tuple_, type_coerce

from domain.catalogue.catalogue import Department, District, Scheme, Service, Tehsil
from store.catalogue.catalogue_rows import (
    DEPARTMENTS,
    DISTRICTS,
    SCHEMES,
    SERVICES,
    TEHSILS,
    departments_table,
    districts_table,
    schemes_table,
    service_from,
    service_versions_table,
    services_table,
    tehsils_table,
)
from store.database import (
    Board,
    Records,
    Transaction,
    count,
    each_kept,
    equals_given,
    insert_into,
    keyset_page,
    raise_version,
    read_kept,
    rows_of,
)

PAST_ALL_SERVICES = ("\U0010ffff", "")
"""A place after every service, to page backwards from the end."""
services_by_ids = SERVICES.by_ids
services_by_codes = SERVICES.reader_of_many_by(services_table.c.code)
"""Services by code; those that are not there are left out."""


async def upsert_services(tx: Transaction, services: Iterable[Service]) -> list[Service]:
    """Insert services, or bring those with the same code up to date; gives those that are new or changed.

    A known service keeps its id. One that changed gets the next version, and every version that it had is kept:
    what was filed under it is judged by it.
    """
    given = list(services)
    known = await services_by_codes(tx, [service.code for service in given])
    changed = [entry for service in given if (entry := _next_version(known.get(service.code), service)) is not None]
    before = [known[service.code] for service in changed if service.code in known]
    versions = [
        {
            "service_code": entry.code,
            "version": entry.version,
            "content": SERVICES.values(tx, entry),
            "since": tx.clock.now(),
        }
        for entry in (*before, *changed)
    ]
    if versions:
        await tx.connection.execute(insert_into(tx, service_versions_table).on_conflict_do_nothing(), versions)
    await _upsert(tx, SERVICES, changed, "code")
    return changed


def _next_version(known: Service | None, given: Service) -> Service | None:
    """The entry that follows the known one; None where they say the same."""
    if known is None:
        return replace(given, version=1)
    if replace(given, id=known.id, version=known.version) == known:
        return None
    return replace(given, id=known.id, version=known.version + 1)


async def catalogue_stamp(tx: Transaction) -> int:
    """A number that grows with each change of a service, for what is derived from them."""
    counted = select(func.coalesce(func.sum(func.coalesce(services_table.c.version, 1)), 0))

    async def read() -> int:
        return int((await tx.connection.execute(counted)).scalar_one())

    return await read_kept(tx, catalogue_stamp, read)


async def codes_closed_again(tx: Transaction) -> set[str]:
    """The codes of the closed services of which an earlier entry was open."""
    versions = service_versions_table.c
    joined = select(versions.service_code, versions.content).join(
        services_table, services_table.c.code == versions.service_code
    )
    rows = (await tx.connection.execute(joined.where(not_(services_table.c.open)))).all()
    return {row.service_code for row in rows if row.content["open"]}


async def all_services(tx: Transaction) -> list[Service]:
    """Every service by English name and code."""
    statement = select(services_table).order_by(services_table.c.name_en, services_table.c.code)
    return await _all_rows(tx, SERVICES, statement)


async def services_as_filed(
    tx: Transaction, filed: Iterable[tuple[str, int | None]]
) -> dict[tuple[str, int | None], Service]:
    """The entry of each service that an application was filed under, by code and version.

    An application of a release that kept no versions was filed under the first. Services that are not there are
    left out.
    """
    wanted = list(dict.fromkeys(filed))
    present = await services_by_codes(tx, [code for code, _ in wanted])
    older = [(code, at or 1) for code, at in wanted if code in present and present[code].version != (at or 1)]
    versions = service_versions_table
    place = tuple_(versions.c.service_code, versions.c.version)

    async def read(places: list[tuple[str, int]]) -> dict[tuple[str, int], Service]:
        rows = await rows_of(tx, select(versions), place, places)
        return {(row.service_code, row.version): service_from(tx, row.content) for row in rows}

    kept = await each_kept(tx, versions, older, read) if older else {}
    return {(code, at): kept.get((code, at or 1), present[code]) for code, at in wanted if code in present}


async def service_as_filed(tx: Transaction, code: str, version: int | None) -> Service | None:
    """The entry of one service that an application was filed under, or None."""
    return (await services_as_filed(tx, [(code, version)])).get((code, version))


def filed_as_not_notified(code: ColumnElement[str], version: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the entry that services_as_filed gives for a code and version is known as not notified, as SQL.

    A row that names no version, or a service that is not there, is dealt with as there.
    """
    at, now, then = func.coalesce(version, 1), services_table.c, service_versions_table.c
    older = and_(then.service_code == now.code, then.version == at, func.coalesce(now.version, 1) != at)
    # Canonical JSON writes a value in one way only, and no text in it can hold an unescaped quotation mark.
    was = type_coerce(then.content, Text).contains('"rts_notified":false', autoescape=True)
    not_notified = case((then.service_code.is_(None), now.rts_notified.is_(False)), else_=was)
    joined = services_table.outerjoin(service_versions_table, older)
    return exists().select_from(joined).where(now.code == code, not_notified)


async def upsert_departments(tx: Transaction, rows: Iterable[Department]) -> None:
    """Insert departments, or bring those with the same slug up to date."""
    await _upsert(tx, DEPARTMENTS, rows, "slug")


async def upsert_districts(tx: Transaction, rows: Iterable[District]) -> None:
    """Insert districts, or bring those with the same code up to date."""
    await _upsert(tx, DISTRICTS, rows, "code")


async def upsert_tehsils(tx: Transaction, rows: Iterable[Tehsil]) -> None:
    """Insert tehsils, or bring those with the same code up to date."""
    await _upsert(tx, TEHSILS, rows, "code")


async def upsert_schemes(tx: Transaction, rows: Iterable[Scheme]) -> None:
    """Insert schemes, or bring those with the same code up to date."""
    await _upsert(tx, SCHEMES, rows, "code")


async def _upsert(tx: Transaction, records: Records[Any], rows: Iterable[Any], key: str) -> None:
    await raise_version(tx, Board.CATALOGUE)
    await records.upsert(tx, rows, keys=(key,))


async def service(tx: Transaction, code: str) -> Service | None:
    """The service with a code, or None."""
    return (await services_by_codes(tx, [code])).get(code)


async def service_by_slug(tx: Transaction, slug: str) -> Service | None:
    """The service with a slug of the portal, or None."""
    return (await SERVICES.by_keys(tx, services_table.c.slug, [slug])).get(slug)


async def services_by_schemes(tx: Transaction, scheme_codes: Iterable[str]) -> dict[str, Service]:
    """The service that grants each scheme, the first by code; schemes that none grants are left out."""
    column = services_table.c.scheme_id
    statement = select(services_table).where(column.is_not(None)).order_by(services_table.c.code.desc())
    granting = {one.scheme_id: one for one in await _all_rows(tx, SERVICES, statement, services_by_schemes)}
    return {code: granting[code] for code in scheme_codes if code in granting}


async def services_page(
    tx: Transaction,
    *,
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
    columns = (services_table.c.name_en, services_table.c.code)

    async def read() -> list[Service]:
        statement = _services(department, category, open_only)
        rows = await keyset_page(tx, statement, columns, after=after, before=before, limit=limit)
        return [SERVICES.read(tx, row) for row in rows]

    return list(await read_kept(tx, (services_page, department, category, open_only, after, before, limit), read))


async def count_services(
    tx: Transaction, *, department: str | None = None, category: str | None = None, open_only: bool = False
) -> int:
    """How many services the same filters let through."""
    filters = (department, category, open_only)
    return await read_kept(tx, (count_services, *filters), lambda: count(tx, _services(*filters)))


async def departments(tx: Transaction) -> list[Department]:
    """Every department by English name."""
    return await _all_rows(tx, DEPARTMENTS, select(departments_table).order_by("name_en", "slug"))


async def districts(tx: Transaction) -> list[District]:
    """Every district by English name."""
    return await _all_rows(tx, DISTRICTS, select(districts_table).order_by("name_en"))


async def _all_rows(tx: Transaction, records: Records[Any], statement: Select[Any], what: object = None) -> list[Any]:
    return list(await read_kept(tx, what or records, partial(records.select_all, tx, statement)))


async def tehsils(tx: Transaction, district: str) -> list[Tehsil]:
    """The tehsils of a district by English name."""
    return (await tehsils_of(tx, [district])).get(district, [])


async def tehsils_of(tx: Transaction, districts: Iterable[str]) -> dict[str, list[Tehsil]]:
    """The tehsils of each district by English name; districts without any are left out. One query for many."""
    statement = select(tehsils_table).order_by("name_en", "code")
    column = tehsils_table.c.district
    return await each_kept(tx, column, districts, partial(TEHSILS.groups, tx, statement, column))


async def schemes(tx: Transaction, codes: Iterable[str] | None = None) -> dict[str, Scheme]:
    """Schemes by code; all of them where no codes are given."""
    statement = select(schemes_table).order_by("name_en", "code")
    if codes is not None:
        return await SCHEMES.by_keys(tx, schemes_table.c.code, codes)
    return {scheme.code: scheme for scheme in await _all_rows(tx, SCHEMES, statement)}


def _services(department: str | None, category: str | None, open_only: bool) -> Select[Any]:
    table = services_table
    statement = select(table).where(*equals_given({table.c.department: department, table.c.category: category}))
    return statement.where(table.c.open) if open_only else statement
