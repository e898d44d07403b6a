"""Decides alarms, stores each change with an audit line, and sends it through the outbox."""

from dataclasses import replace
from datetime import datetime, timedelta

from actions.feedback.texts import unreadable_texts
from actions.identity.one_time_codes import closings
from actions.kernel import Environment, access
from actions.officers.administrators import changes_of_watched
from actions.platform.incidents import systems_that_answer
from actions.platform.stolen_keys import distrusted_keys
from actions.umang import umang_compare
from domain.applications.deadline import WorkCalendar
from domain.applications.holidays import lists_in_doubt
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, Subject, ist_date
from domain.platform.alarms import (
    FEWEST_HELPED,
    HELPED_DAYS,
    RULES,
    Alarm,
    AlarmCode,
    AlarmState,
    ProcessFacts,
    Readings,
    Where,
    active_alarms,
)
from domain.statistics.silence import LOOK_BACK_DAYS, silent_for
from store.database import Transaction, audit
from store.database.leases import Lease, still_held
from store.feedback import message_days, whatsapp_templates
from store.identity import assistances
from store.officers import desk_reads
from store.platform import alarms, event_receivers, incidents, outbox
from store.reconciliation import finance_cases, reconciliation
from store.statistics import figures

HOUR = timedelta(hours=1)

NOTIFY = "alarm.notify"
"""The outbox topic of changes of alarms."""


async def readings(tx: Transaction, session_key_made_at: datetime) -> Readings:
    """What alarms are decided by, as the store has it now."""
    now = tx.clock.now()
    waiting = await outbox.counts(tx)
    unsealed = await audit.unsealed_since(tx)
    doubtful = await whatsapp_templates.needing_attention(tx)
    return Readings(
        processes=tuple(await alarms.reported_facts(tx)),
        dead_letters=waiting.dead,
        outbox_seconds=waiting.oldest_seconds,
        unsealed_seconds=_seconds(unsealed, now),
        session_key_seconds=_seconds(session_key_made_at, now),
        critical_cases=sum(many for (_, grave), many in (await finance_cases.open_counts(tx)).items() if grave),
        reconciliation_seconds={
            rail.value: _seconds(since, now) for rail, since in (await reconciliation.ended_since(tx)).items()
        },
        codes_closed=await closings(tx),
        distrusted_keys=await distrusted_keys(tx, now),
        paper_shares=await assistances.paper_shares(tx, now - timedelta(days=HELPED_DAYS), FEWEST_HELPED),
        posts_changed=await changes_of_watched(tx),
        unusable_templates=tuple(f"{one.name}/{one.language}" for one in doubtful if one.language),
        troubled_numbers=tuple(f"{one.name}/{one.warning}" for one in doubtful if not one.language),
        failed_receivers=dict.fromkeys(await event_receivers.failed_ids(tx), 1),
        unusual_reads={one.officer_id: one.count for one in await desk_reads.unusual_reads(tx, now - HOUR)},
    )


async def evaluate(
    env: Environment, lease: Lease, *, session_key_made_at: datetime, notify: bool, worker_seconds: float = 0.0
) -> list[Alarm]:
    """Decide every alarm and keep what changed; gives the changes.

    `worker_seconds` is the time since a worker's last heartbeat, which only other processes can say.

    Nothing is kept where the lease has passed to another. With `notify` each change is put into the outbox. The look
    counts for the day of each outside system too.
    """
    async with env.store.read_transaction() as tx:
        read = await readings(tx, session_key_made_at)
        silent = await silent_offices(tx, env.work_calendar)
        read = replace(read, umang_differences=await umang_compare.count_differences(tx))
        doubtful = tuple(map(str, lists_in_doubt(env.work_calendar, ist_date(tx.clock.now()))))
        costs = env.rules.message_costs
        shares = {
            each.value: costs[each].share_used(cost)
            for each, (_, cost) in (await message_days.counts_of_today(tx)).items()
            if each in costs
        }
        read = replace(read, message_shares=shares, unreadable_texts=tuple(await unreadable_texts(tx)))
        read = replace(read, silent_offices=silent, holiday_lists_in_doubt=doubtful)
        holding = active_alarms(replace(read, worker_seconds=worker_seconds))

    async def keep(tx: Transaction) -> list[Alarm]:
        if not await still_held(tx, lease):
            return []
        changed = _changes(holding, await alarms.all_alarms(tx), tx.clock.now())
        for alarm in changed:
            await alarms.save(tx, alarm)
            await audit.append(tx, _line(alarm), always=True)  # the alarm that tells of it must get out
            if notify:
                await outbox.add(tx, NOTIFY, message_id(alarm), payload_of(alarm, tx.clock.now()))
        await incidents.add_looks(tx, systems_that_answer(read.processes))
        await alarms.forget_old_facts(tx)
        return changed

    return await env.store.carry_out(keep)


async def silent_offices(tx: Transaction, calendar: WorkCalendar) -> dict[str, int]:
    """The working days of silence of each tehsil that is silent against its own norm (domain/statistics/silence.py)."""
    today = ist_date(tx.clock.now())
    found = {}
    for active in await figures.activity(tx, today - timedelta(days=LOOK_BACK_DAYS)):
        days = silent_for(active, calendar, today)
        if days is not None:
            found[active.about] = days
    return found


async def alarms_for(env: Environment, subject: Subject) -> list[Alarm]:
    """Every alarm that was ever raised, for an administrator or auditor; raises as `access.require_operations`."""
    access.require_operations(subject)
    async with env.store.read_transaction() as tx:
        return list((await alarms.all_alarms(tx)).values())


async def tell(env: Environment, process_id: str, facts: ProcessFacts) -> dict[AlarmCode, int]:
    """Keep what a process tells of itself, and give how many alarms of each code hold."""

    async def keep(tx: Transaction) -> dict[AlarmCode, int]:
        await alarms.save_facts(tx, process_id, facts)
        return await alarms.counts(tx)

    return await env.store.carry_out(keep)


def message_id(alarm: Alarm) -> str:
    """The name of one change of an alarm; a receiver takes each name once."""
    return f"{alarm.code.value}:{alarm.about}:{alarm.changes}"


def payload_of(alarm: Alarm, at: datetime) -> dict[str, str | float]:
    """The message about a change; it has no personal data."""
    rule = RULES[alarm.code]
    return {
        "id": message_id(alarm),
        "code": alarm.code.value,
        "about": alarm.about,
        "state": alarm.state.value,
        "severity": rule.severity.value,
        "value": alarm.value,
        "unit": rule.unit,
        "at": at.isoformat(timespec="seconds"),
        "runbook": rule.runbook,
    }


def _changes(holding: dict[Where, float], known: dict[Where, Alarm], now: datetime) -> list[Alarm]:
    changed = []
    for (code, about), value in holding.items():
        before = known.get((code, about))
        if before is None or before.state is AlarmState.CLEARED:
            changes = before.changes + 1 if before else 1
            changed.append(Alarm(code, about, AlarmState.RAISED, float(value), now, None, changes))
    for where, alarm in known.items():
        if alarm.state is AlarmState.RAISED and where not in holding:
            changed.append(replace(alarm, state=AlarmState.CLEARED, cleared_at=now, changes=alarm.changes + 1))
    return changed


def _line(alarm: Alarm) -> audit.AuditLine:
    return audit.AuditLine(
        SYSTEM.label,
        f"alarm.{alarm.state.value.lower()}",
        "ALARM",
        f"{alarm.code.value}:{alarm.about}",
        Purpose.OPERATE.value,
        {"value": alarm.value, "change": alarm.changes},
    )


def _seconds(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since else 0.0
