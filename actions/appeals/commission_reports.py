"""Reports the notified services with their time limits and each day's summary to the Commission."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from actions.appeals.commission_filing import commission_of
from actions.appeals.commission_hook import compare_cases, settle_all_waiting
from actions.appeals.delay_review import is_due, make_review
from actions.kernel import Environment
from domain.catalogue.catalogue import Service
from domain.kernel import ist_date, ist_midnight
from domain.kernel.errors import camel_case
from integrations.right_to_service import NotifiedService
from store.appeals import commission_figures
from store.catalogue import catalogue
from store.database import Transaction
from store.platform import outbox, seeds

SERVICE, SUMMARY = "commission.service", "commission.summary"
"""Outbox topics: one version of a notified service, the summary of one day."""


async def commission_round(env: Environment) -> None:
    """Everything about the Commission that waits for a day or an hour; may be run again any time, by any worker."""
    await settle_all_waiting(env)
    if is_due(env):
        await make_review(env)
    if env.partners.commission is None:
        return
    await note_services(env)
    await note_summary(env)
    await compare_cases(env)


async def note_services(env: Environment) -> int:
    """Have each version of each notified service reported once; returns how many are new."""

    async def work(tx: Transaction) -> int:
        stamp = f"commission-services:{await catalogue.catalogue_stamp(tx)}"
        if not await seeds.mark(tx, stamp):
            return 0  # nothing in the catalogue changed since
        new = 0
        for service in await catalogue.all_services(tx):
            if service.rts_notified:
                key = f"{service.code}:{service.version}"
                new += await outbox.add(tx, SERVICE, key, {"code": service.code, "version": service.version})
        return new

    return await env.store.carry_out(work)


async def note_summary(env: Environment) -> bool:
    """Have the summary of yesterday sent; False where it was noted before."""
    day = (ist_date(env.clock.now()) - timedelta(days=1)).isoformat()

    async def work(tx: Transaction) -> bool:
        return await outbox.add(tx, SUMMARY, day, {"day": day})

    return await env.store.carry_out(work)


async def send_service(env: Environment, payload: Mapping[str, Any]) -> None:
    """Tell of a notified service as it now is; an older version is left out. Raises Unavailable, Refused."""
    partner = commission_of(env)
    service = await env.store.read(lambda tx: catalogue.service(tx, payload["code"]))
    if service is not None and service.version == payload["version"]:
        await partner.put_service(_notified_service(service))


async def send_summary(env: Environment, day: date) -> None:
    """Send the summary of a day by service and district. Raises Unavailable, Refused."""
    partner = commission_of(env)
    async with env.store.read_transaction() as tx:
        rows = await commission_figures.day_rows(tx, ist_midnight(day), ist_midnight(day + timedelta(days=1)))
    shown = [{camel_case(name): value for name, value in asdict(row).items()} for row in rows]
    await partner.send_summary(day, {"date": day.isoformat(), "rows": shown})


def _notified_service(service: Service) -> NotifiedService:
    return NotifiedService(
        code=service.code,
        version=service.version,
        name_hi=service.name.hi,
        name_en=service.name.en,
        department=service.department,
        limit_days=service.limit_days,
        limit_unit=service.limit_unit.value if service.limit_days is not None else None,
        roles={"do": service.designated_officer, "faa": service.first_appellate, "saa": service.second_appellate},
        notification=None,  # no source names it yet
        valid_from=None,
    )
