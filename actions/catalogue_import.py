"""Loads the catalogue into the store: services, places, departments, schemes, calendar, e-Taal codes."""

from actions.catalogue_rows import Catalogue, CatalogueRows, named_holidays, read_catalogue
from actions.environment import Environment
from domain.people import SYSTEM
from domain.policy import Purpose
from store import audit, calendar, catalogue, ledger
from store.engine import Transaction


async def import_catalogue(env: Environment, rows: CatalogueRows) -> Catalogue:
    """Read the rows and bring the store up to date, all in one transaction; may be run again.

    Entries keep their identifiers. Raises ValueError for a row that breaks the rules.
    """
    read = read_catalogue(rows)

    async def work(tx: Transaction) -> None:
        await catalogue.upsert_districts(tx, read.districts)
        await catalogue.upsert_tehsils(tx, read.tehsils)
        await catalogue.upsert_departments(tx, read.departments)
        await catalogue.upsert_schemes(tx, read.schemes)
        await catalogue.upsert_services(tx, read.services)
        if not await calendar.is_there(tx, read.calendar.version):  # else a calendar imported since would be hidden
            await calendar.save_calendar(tx, read.calendar, named_holidays(rows.holidays))
        enrolled = await ledger.etaal_codes(tx)
        for service_code, etaal_code in read.etaal_codes.items():
            if service_code not in enrolled:
                await ledger.save_etaal_code(tx, service_code, etaal_code)
        line = audit.AuditLine(
            SYSTEM.label,
            "catalogue.import",
            "CATALOGUE",
            None,
            Purpose.OPERATE.value,
            {"services": len(read.services), "calendar": read.calendar.version},
        )
        await audit.append(tx, line)

    await env.store.carry_out(work)
    return read
