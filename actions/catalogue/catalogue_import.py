"""Loads the catalogue into the store: services, places, departments, schemes, calendar.

An import is one transaction: all of it, or nothing. It may be run again; what is the same is not touched, and a
service that changed gets the next version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from actions.catalogue.cells import Reject
from actions.catalogue.changes import Change, Imported, ProgressCallback, changes_of
from actions.catalogue.definitions import lock_catalogue
from actions.catalogue.files import FILES, CatalogueRows
from actions.catalogue.portal import merge_records
from actions.catalogue.rows import Catalogue, etaal_code, examine_catalogue, read_catalogue
from actions.kernel import Environment
from domain.applications.holidays import better_lists, version_of
from domain.catalogue.catalogue import Service
from domain.etaal.counting import FIRST_DAY, Category, EnrolledService
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM
from integrations.portal import ReadCatalogue
from store.catalogue import calendar, catalogue
from store.database import Store, Transaction, audit
from store.etaal import etaal

BATCH = 50
"""Services between two tellings of progress."""

PORTAL = "portal"
"""What stands as the file of a reject of the portal's catalogue."""


def _quiet(done: int, total: int, /) -> None:
    del done, total


async def import_catalogue(env: Environment, rows: CatalogueRows) -> Catalogue:
    """Read the rows of the files and bring the store up to date; entries keep their identifiers.

    For the demo and tests: new services are enrolled with e-Taal under stand-ins of its codes.

    Raises ValueError for a row that breaks the rules: our own files have none.
    """
    read = read_catalogue(rows)
    await _write(env.store, read, dry_run=False, by=SYSTEM.label, tell=_quiet, stand_ins=True)
    return read


async def import_rows(
    store: Store, rows: CatalogueRows, *, dry_run: bool, by: str = SYSTEM.label, tell: ProgressCallback = _quiet
) -> Imported:
    """Bring the store up to date with the rows that keep the rules, and tell what changed and what was left out.

    With `dry_run` nothing is written. `by` is whom the audit line names.
    """
    return await _write(store, examine_catalogue(rows), dry_run=dry_run, by=by, tell=tell)


async def import_portal(
    store: Store,
    read: ReadCatalogue,
    *,
    dry_run: bool,
    by: str = SYSTEM.label,
    tell: ProgressCallback = _quiet,
    open_unknown: bool = False,
) -> Imported:
    """Bring the services up to date with the portal's own catalogue; what it does not say stays as it is.

    `open_unknown` as for merge_records.
    """

    async def work(tx: Transaction) -> Imported:
        await lock_catalogue(tx)
        known = {service.code: service for service in await catalogue.all_services(tx)}
        closed = await catalogue.codes_closed_again(tx) if open_unknown else ()
        departments = await catalogue.departments(tx)
        join = merge_records(read, known, departments, open_unknown=open_unknown, closed=closed)
        services = _leave_defined_services(join.services, known)
        of_services, unchanged = changes_of("service", "code", known.values(), services)
        changes = (*changes_of("department", "slug", (), join.departments)[0], *of_services)
        absent = sorted(known.keys() - {service.code for service in join.services} - {one.key for one in join.rejects})
        if not dry_run and changes:
            await catalogue.upsert_departments(tx, join.departments)
            await _services(tx, services, tell)
            await _note(tx, by, {"source": PORTAL, **_counts(changes), "rejects": len(join.rejects)})
        return Imported(changes, unchanged, tuple(absent), join.rejects, dry_run)

    return await store.carry_out(work)


async def _write(
    store: Store, read: Catalogue, *, dry_run: bool, by: str, tell: ProgressCallback, stand_ins: bool = False
) -> Imported:
    async def work(tx: Transaction) -> Imported:
        await lock_catalogue(tx)
        services, late = await _without_taken_slugs(tx, read)
        changed = await _differences(tx, read, services)
        rejects = (*read.rejects, *late)
        if not dry_run:
            await _places(tx, read)
            await _services(tx, services, tell)
            if stand_ins:
                await _enrol(tx, services)
            await _calendar(tx, read)
            await _note(
                tx,
                by,
                {
                    "services": len(services),
                    "calendar": read.calendar.version,
                    **_counts(changed.changes),
                    "rejects": len(rejects),
                },
            )
        return replace(changed, rejects=rejects, dry_run=dry_run)

    return await store.carry_out(work)


def _leave_defined_services(services: Sequence[Service], known: Mapping[str, Service]) -> tuple[Service, ...]:
    """The services, but one whose definition a department published as it is: an import does not change it."""
    return tuple(held if (held := known.get(one.code)) and held.definition else one for one in services)


async def _differences(tx: Transaction, read: Catalogue, services: Sequence[Service]) -> Imported:
    known = await catalogue.all_services(tx)
    districts = await catalogue.districts(tx)
    tehsils = [tehsil for district in districts for tehsil in await catalogue.tehsils(tx, district.code)]
    parts = (
        changes_of("district", "code", districts, read.districts),
        changes_of("tehsil", "code", tehsils, read.tehsils),
        changes_of("department", "slug", await catalogue.departments(tx), read.departments),
        changes_of("scheme", "code", (await catalogue.schemes(tx)).values(), read.schemes),
        changes_of("service", "code", known, services),
    )
    changes = tuple(change for found, _ in parts for change in found)
    absent = {service.code for service in known} - {service.code for service in services}
    return Imported(changes, sum(same for _, same in parts), tuple(sorted(absent)), (), dry_run=True)


async def _without_taken_slugs(tx: Transaction, read: Catalogue) -> tuple[tuple[Service, ...], tuple[Reject, ...]]:
    """A slug that another service of the store has is refused, so that the rest continues; defined services stay."""
    known = await catalogue.all_services(tx)
    owners = {service.slug: service.code for service in known}
    taken = {service.code for service in read.services if owners.get(service.slug, service.code) != service.code}
    rejects = tuple(Reject(FILES["services"], read.lines[code], code, "slug", "TWICE") for code in sorted(taken))
    kept = tuple(service for service in read.services if service.code not in taken)
    return _leave_defined_services(kept, {service.code: service for service in known}), rejects


async def _places(tx: Transaction, read: Catalogue) -> None:
    await catalogue.upsert_districts(tx, read.districts)
    await catalogue.upsert_tehsils(tx, read.tehsils)
    await catalogue.upsert_departments(tx, read.departments)
    await catalogue.upsert_schemes(tx, read.schemes)


async def _services(tx: Transaction, services: Sequence[Service], tell: ProgressCallback) -> None:
    """Write the services, those that changed with the next version."""
    for start in range(0, len(services), BATCH):
        await catalogue.upsert_services(tx, services[start : start + BATCH])
        tell(min(start + BATCH, len(services)), len(services))


async def _enrol(tx: Transaction, services: Sequence[Service]) -> None:
    known = {each.service_code for each in await etaal.enrolled_services(tx)}
    new = [service.code for service in services if service.code not in known]
    enrolled = [EnrolledService(code, FIRST_DAY, etaal_code(code), Category.A) for code in new]
    await etaal.enrol_all(tx, enrolled, by=SYSTEM.label)


async def _calendar(tx: Transaction, read: Catalogue) -> None:
    if await calendar.is_there(tx, read.calendar.version):
        return  # a calendar imported since would be hidden
    latest = await calendar.latest_version(tx)
    holidays = better_lists([] if latest is None else await calendar.holidays(tx, latest), read.holidays)
    if not await calendar.is_there(tx, version := version_of(holidays)):
        await calendar.save_calendar(tx, version, holidays)


async def _note(tx: Transaction, by: str, detail: dict[str, str | int]) -> None:
    await audit.record(tx, by, "catalogue.import", "CATALOGUE", None, Purpose.OPERATE, **detail)


def _counts(changes: Sequence[Change]) -> dict[str, str | int]:
    added = sum(change.is_new for change in changes)
    return {"added": added, "changed": len(changes) - added}
