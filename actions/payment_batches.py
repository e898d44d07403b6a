"""Batches for PFMS: three times a day everything that is due, one scheme and agency in each file.

A run of a batch time is done in transactions of one batch each: its number, names, lines and the message that sends
it stand or fall together, as does how far the run came. So a dead process leaves a run that another carries on, and
no payment is in two batches.
"""

from dataclasses import replace
from datetime import date, timedelta

import structlog

from actions.acting import Acting
from actions.environment import Environment
from actions.payment_closing import note_batch
from actions.payment_partner import Pfms, connected
from actions.payment_registrations import enrol
from domain.clock import ist_date
from domain.payment_files import NOW, BatchKind, BatchState, Group, PaymentFileBatch
from domain.people import SYSTEM
from integrations.dbt_finance import pfms_names
from store import beneficiaries, crash_points, outbox, payment_batches, payment_runs
from store.engine import Transaction
from store.payment_runs import Run

SEND = "pfms.send"
"""The outbox topic of a batch that is to be sent; its key is our id of the batch."""

_log = structlog.get_logger(__name__)


async def batch_round(env: Environment) -> int:
    """Make the batches of the batch time that has come, and of runs that were cut off; tells how many were made.

    Between the batch times, and on days without banks, there is nothing to do.
    """
    if connected(env) is None:
        return 0
    now = env.clock.now()
    slot = env.payments.slot(now, env.work_calendar)
    if slot is not None:
        await _begin(env, ist_date(now), slot)
    return await _carry_on(env)


async def batch_now(env: Environment) -> int:
    """Make batches of what is due at once, whatever the time, for an operator; tells how many were made.

    On a day without banks nothing is made, as nothing would be taken.
    """
    now = env.clock.now()
    if connected(env) is None or not env.payments.is_bank_day(ist_date(now), env.work_calendar):
        return 0
    await _begin(env, ist_date(now), f"{NOW} {env.ids.key()}")
    return await _carry_on(env)


async def _begin(env: Environment, day: date, slot: str) -> None:
    async with env.store.reading() as tx:
        if await payment_runs.is_begun(tx, day, slot):
            return
    await enrol(env)
    if await env.store.carry_out(lambda tx: payment_runs.begin_run(tx, day, slot)):
        _log.info("payment_run_begun", day=day.isoformat(), slot=slot)


async def _carry_on(env: Environment) -> int:
    made = 0
    while True:
        async with env.store.reading() as tx:
            if not await payment_runs.has_open_run(tx):
                return made
        batch = await env.store.carry_out(lambda tx: _step(env, tx))
        if batch is not None:
            crash_points.reach(crash_points.PAYMENT_BUILT)
            made += 1


async def _step(env: Environment, tx: Transaction) -> PaymentFileBatch | None:
    """One batch of the oldest open run; None where that run is at its end, or is another's now."""
    partner, run = connected(env), await payment_runs.open_run(tx)
    if partner is None or run is None:
        return None
    acting = Acting(env, tx, SYSTEM)
    batch = await _registrations(acting, partner) or await _payments(acting, partner, run)
    if batch is None:
        await payment_runs.save_run(tx, replace(run, finished=True))
        _log.info("payment_run_finished", slot=run.slot, batches=run.batches, lines=run.lines)
        return None
    payload = {"batch_id": batch.id}
    await outbox.add(tx, SEND, batch.id, payload)
    detail: dict[str, int | str] = {"lines": batch.lines, "totalPaise": batch.total_paise, "scheme": batch.pfms_scheme}
    await note_batch(acting, batch, "payment_batch.built", detail)
    return batch


async def _registrations(acting: Acting, partner: Pfms) -> PaymentFileBatch | None:
    """Those of the next group who wait to be registered."""
    group: Group | None = None
    while group := await beneficiaries.next_group(acting.tx, group):
        batch = await _new(acting, partner, BatchKind.BENEFICIARY, group)
        if batch is None:
            continue
        await payment_batches.add(acting.tx, batch)
        limit = acting.env.payments.lines_per_file
        many = await beneficiaries.place_waiting(acting.tx, batch.id, group, limit)
        await payment_batches.set_size(acting.tx, batch.id, many, 0)
        return replace(batch, lines=many)
    return None


async def _payments(acting: Acting, partner: Pfms, run: Run) -> PaymentFileBatch | None:
    """What is due behind the place that the run has come to."""
    tx, today, limit = acting.tx, acting.today, acting.env.payments.lines_per_file
    group, place = run.group, run.place
    while True:
        if group is None or not await payment_runs.anything_due(tx, group, today, place):
            group, place = await payment_runs.next_group(tx, group, today), None
        if group is None:
            return None
        batch = await _new(acting, partner, BatchKind.PAYMENT, group)
        if batch is not None:
            break
        place = None
        group = await payment_runs.next_group(tx, group, today)
        if group is None:
            return None
    await payment_batches.add(tx, batch)
    filled = await payment_runs.fill(tx, batch.id, group, today, after=place, limit=limit)
    await payment_batches.set_size(tx, batch.id, filled.lines, filled.total_paise)
    await payment_runs.save_run(tx, payment_runs.advanced(run, group, filled))
    return replace(batch, lines=filled.lines, total_paise=filled.total_paise)


async def _new(acting: Acting, partner: Pfms, kind: BatchKind, group: Group) -> PaymentFileBatch | None:
    """A batch with names of its own; None where PFMS has given the scheme no code yet."""
    today = acting.today
    scheme = partner.identity.scheme_code(group.scheme_code)
    if scheme is None:
        _log.warning("scheme_without_code_of_pfms", scheme=group.scheme_code)
        return None
    number = await payment_runs.next_number(acting.tx, kind, today)
    source = partner.identity.source_id
    if kind is BatchKind.PAYMENT:
        message = pfms_names.payment_message_id(source, today, number)
        name = pfms_names.payment_batch_id(source, today, number)
    else:
        message = pfms_names.beneficiary_message_id(source, today, number)
        name = pfms_names.beneficiary_batch_id(today, number)
    return PaymentFileBatch(
        id=acting.env.ids.key(),
        kind=kind,
        message_id=message,
        batch_id=name,
        file_name=pfms_names.file_name(message),
        group=group,
        pfms_scheme=scheme,
        agency_name=partner.agency_name(group.agency),
        lines=0,
        total_paise=0,
        state=BatchState.BUILT,
        created_at=acting.now,
        executes_on=_executes_on(acting),
    )


def _executes_on(acting: Acting) -> date:
    """Today, or the next day on which banks work."""
    day, rules, calendar = acting.today, acting.env.payments, acting.env.work_calendar
    while not rules.is_bank_day(day, calendar):
        day += timedelta(days=1)
    return day
