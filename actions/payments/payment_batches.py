"""Makes the batches for PFMS three times a day from all due payments, one scheme and agency in each file.

A run of a batch time is done in transactions of one batch each: its number, names, lines and the message that sends
it stand or fall together, as does how far the run came. So a dead process leaves a run that another carries on, and
no payment is in two batches.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import structlog

from actions.kernel import Environment, UnitOfWork
from actions.payments.beneficiary_endings import end_and_return
from actions.payments.closing import note_batch
from actions.payments.registrations import enrol
from actions.payments.signers import may_sign
from domain.kernel import SYSTEM, ist_date
from domain.payments.files import NOW, BatchKind, BatchState, Group, PaymentFileBatch
from integrations.dbt_finance.pfms import Pfms, names
from store.database import Transaction, crash_points
from store.payments import beneficiaries, beneficiary_endings, payment_batches, payment_runs
from store.payments.payment_runs import Due, Run
from store.platform import outbox

SEND = "pfms.send"
"""The outbox topic of a batch that is to be sent; its key is our id of the batch."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What a run puts in its next batch: payments of one group, at least one."""

    group: Group
    due: list[Due]


async def batch_round(env: Environment) -> int:
    """Make the batches of the batch time that has come, and of runs that were cut off; returns how many were made.

    Between the batch times, and on days without banks, there is nothing to do; nor while PFMS declines our signer.
    """
    if not await _is_ready(env):
        return 0
    now = env.clock.now()
    slot = env.rules.payments.slot(now, env.work_calendar)
    if slot is not None:
        await _begin(env, ist_date(now), slot)
    return await _carry_on(env)


async def batch_now(env: Environment) -> int:
    """Make batches of what is due at once, whatever the time, for an operator; returns how many were made.

    On a day without banks nothing is made, as nothing would be taken.
    """
    now = env.clock.now()
    if not env.rules.payments.is_bank_day(ist_date(now), env.work_calendar) or not await _is_ready(env):
        return 0
    await _begin(env, ist_date(now), f"{NOW} {env.ids.key()}")
    return await _carry_on(env)


async def _is_ready(env: Environment) -> bool:
    partner = env.partners.pfms
    if partner is None:
        return False
    ready = await env.store.read(lambda tx: may_sign(tx, partner.papers.signer.fingerprint))
    if not ready:
        _log.warning("payment_signer_declined")
    return ready


async def _begin(env: Environment, day: date, slot: str) -> None:
    async with env.store.read_transaction() as tx:
        if await payment_runs.is_begun(tx, day, slot):
            return
    await enrol(env)
    await end_and_return(env)
    if await env.store.carry_out(lambda tx: payment_runs.begin_run(tx, day, slot)):
        _log.info("payment_run_begun", day=day.isoformat(), slot=slot)


async def _carry_on(env: Environment) -> int:
    made = 0
    while True:
        async with env.store.read_transaction() as tx:
            run = await payment_runs.open_run(tx)
            if run is None:
                return made
            ahead = await _ahead(UnitOfWork(env, tx, SYSTEM), run)
        batch = await env.store.carry_out(partial(_step, env, run, ahead))
        if batch is not None:
            crash_points.reach(crash_points.PAYMENT_BUILT)
            made += 1


async def _ahead(acting: UnitOfWork, run: Run) -> _Ahead | None:
    """What is due behind the place that the run has come to; None where nothing is.

    It is looked for without a lock, as there may be a million beneficiaries of whom few are to be paid.
    """
    partner = acting.env.partners.pfms
    group, place = run.group or await payment_runs.next_group(acting.tx, None), run.place
    while group is not None:
        limit = acting.env.rules.payments.lines_per_file
        due = await payment_runs.due(acting.tx, group, acting.today, after=place, limit=limit)
        if due and (partner is None or partner.identity.scheme_code(group.scheme_code) is not None):
            return _Ahead(group, due)
        if due:
            _log.warning("scheme_without_code_of_pfms", scheme=group.scheme_code)
        group, place = await payment_runs.next_group(acting.tx, group), None
    return None


async def _step(env: Environment, run: Run, ahead: _Ahead | None, tx: Transaction) -> PaymentFileBatch | None:
    """One batch of a run; None where it is at its end, or another worker went on with it."""
    partner, present = env.partners.pfms, await payment_runs.open_run(tx)
    if partner is None or present != run:
        return None
    acting = UnitOfWork(env, tx, SYSTEM)
    batch = await _registrations(acting, partner)
    if batch is None and ahead is not None:
        batch = await _payments(acting, partner, run, ahead)
    elif batch is None:
        await payment_runs.save_run(tx, replace(run, finished=True))
        _log.info("payment_run_finished", slot=run.slot, batches=run.batches, lines=run.lines)
    if batch is None:
        return None
    payload = {"batch_id": batch.id}
    await outbox.add(tx, SEND, batch.id, payload)
    detail: dict[str, int | str] = {"lines": batch.lines, "totalPaise": batch.total_paise, "scheme": batch.pfms_scheme}
    await note_batch(acting, batch, "payment_batch.built", detail)
    return batch


async def _registrations(acting: UnitOfWork, partner: Pfms) -> PaymentFileBatch | None:
    """Those of the next group who wait to be registered."""
    group: Group | None = None
    while group := await beneficiaries.next_group(acting.tx, group):
        batch = await _new(acting, partner, BatchKind.BENEFICIARY, group)
        if batch is None:
            continue
        await payment_batches.add(acting.tx, batch)
        limit = acting.env.rules.payments.lines_per_file
        many = await beneficiaries.place_waiting(acting.tx, batch.id, group, limit)
        await payment_batches.set_size(acting.tx, batch.id, many, 0)
        await beneficiary_endings.look_again(acting.tx, batch.id)
        return replace(batch, lines=many)
    return None


async def _payments(acting: UnitOfWork, partner: Pfms, run: Run, ahead: _Ahead) -> PaymentFileBatch | None:
    """A batch of what was seen ahead and is due still; None where nothing of it is."""
    tx, group = acting.tx, ahead.group
    due = await payment_runs.still_due(tx, group, acting.today, ahead.due)
    batch = await _new(acting, partner, BatchKind.PAYMENT, group) if due else None
    if batch is not None:
        batch = replace(batch, lines=len(due), total_paise=sum(one.amount_paise for one in due))
        await payment_batches.add(tx, batch)
        await payment_runs.fill(tx, batch.id, due)
    await payment_runs.save_run(
        tx, payment_runs.advance_run(run, group, ahead.due[-1].place, batch.lines if batch else 0)
    )
    return batch


async def _new(acting: UnitOfWork, partner: Pfms, kind: BatchKind, group: Group) -> PaymentFileBatch | None:
    """A batch with names of its own; None where PFMS has given the scheme no code yet."""
    today = acting.today
    scheme = partner.identity.scheme_code(group.scheme_code)
    if scheme is None:
        _log.warning("scheme_without_code_of_pfms", scheme=group.scheme_code)
        return None
    number = await payment_runs.next_number(acting.tx, kind, today)
    source, long = partner.identity.source_id, partner.identity.forms.long_batch_ids
    if kind is BatchKind.PAYMENT:
        message = names.payment_message_id(source, today, number)
        name = names.payment_batch_id(source, today, number, long=long)
    else:
        message = names.beneficiary_message_id(source, today, number)
        name = names.beneficiary_batch_id(source, today, number, long=long)
    return PaymentFileBatch(
        id=acting.env.ids.key(),
        kind=kind,
        message_id=message,
        batch_id=name,
        file_name=names.file_name(message),
        group=group,
        pfms_scheme=scheme,
        agency_name=partner.agency_name(group.agency),
        lines=0,
        total_paise=0,
        state=BatchState.BUILT,
        created_at=acting.now,
        executes_on=_executes_on(acting),
    )


def _executes_on(acting: UnitOfWork) -> date:
    """Today, or the next day on which banks work."""
    day, rules, calendar = acting.today, acting.env.rules.payments, acting.env.work_calendar
    while not rules.is_bank_day(day, calendar):
        day += timedelta(days=1)
    return day
