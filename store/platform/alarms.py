"""Current alarms, and the last health report of each process, from which the worker decides them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Float, Index, Table, delete, func, select

from domain.platform.alarms import (
    PRESENT_SECONDS,
    Alarm,
    AlarmCode,
    AlarmState,
    Event,
    JobRuns,
    ProcessFacts,
    Where,
)
from domain.platform.process_reports import BreakerReport, JobReport, ProcessReport
from domain.platform.source_reports import LastHeard
from store.database import Instant, Json, Key, Records, Transaction, upsert
from store.database.metadata import metadata, table_of

alarms_table = table_of(
    Alarm,
    "alarms",
    Column("code", Key, primary_key=True),
    Column("about", Key, primary_key=True),
    Column("value", Float, nullable=False),
    Column("changes", BigInteger, nullable=False),
    Index(None, "state"),
)

health_facts_table = Table(
    "health_facts",
    metadata,
    Column("process_id", Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("facts", Json, nullable=False),
)

FORGOTTEN_AFTER = timedelta(hours=2)
"""Facts of a process without a report for so long are deleted; longer than any event is remembered."""

_A, _F = alarms_table.c, health_facts_table.c
_ALARMS = Records(Alarm, alarms_table, "the alarm")


async def all_alarms(tx: Transaction) -> dict[Where, Alarm]:
    """Every alarm that was ever raised."""
    alarms = await _ALARMS.select_all(tx, select(alarms_table).order_by(_A.code, _A.about))
    return {(alarm.code, alarm.about): alarm for alarm in alarms}


async def counts(tx: Transaction) -> dict[AlarmCode, int]:
    """How many alarms of each code hold now; a code without one is left out."""
    holding = select(_A.code, func.count().label("alarms")).where(_A.state == AlarmState.RAISED.value)
    rows = await tx.connection.execute(holding.group_by(_A.code))
    return {AlarmCode(row.code): row.alarms for row in rows.all()}


async def save(tx: Transaction, alarm: Alarm) -> None:
    """Store the present state of an alarm."""
    await _ALARMS.upsert(tx, [alarm], keys=("code", "about"))


async def save_facts(tx: Transaction, process_id: str, facts: ProcessFacts) -> None:
    """Store the health report of a process, in place of its last one."""
    kept = asdict(facts)
    kept["heard"] = kept.pop("last_heard")  # as releases before this one write and read it
    values = {"process_id": process_id, "at": tx.clock.now(), "facts": kept}
    await upsert(tx, health_facts_table, [values], keys=("process_id",))


async def reported_facts(tx: Transaction) -> list[ProcessFacts]:
    """The last report of every process, with its age."""
    now = tx.clock.now()
    rows = (await tx.connection.execute(select(health_facts_table).order_by(_F.process_id))).all()
    return [_facts(row.facts, age=abs((now - row.at).total_seconds())) for row in rows]


async def process_reports(tx: Transaction) -> list[tuple[ProcessReport, ProcessFacts]]:
    """The last report of every process by its label, as operators are shown it, with all that it said."""
    now = tx.clock.now()
    rows = (await tx.connection.execute(select(health_facts_table).order_by(_F.process_id))).all()
    found = []
    for row in rows:
        age = abs((now - row.at).total_seconds())
        facts = _facts(row.facts, age=age)
        report = ProcessReport(
            row.process_id,
            facts.process,
            row.at,
            age <= PRESENT_SECONDS,
            facts.release,
            facts.knows,
            facts.switches,
            facts.breakers,
            facts.job_reports,
            {name: job.failures for name, job in facts.jobs.items()},
        )
        found.append((report, facts))
    return sorted(found, key=lambda one: one[0].label)


async def last_worker_beat(tx: Transaction) -> datetime | None:
    """When a worker last reported; None where none did within FORGOTTEN_AFTER."""
    rows = (await tx.connection.execute(select(health_facts_table))).all()
    beats = [row.at for row in rows if row.facts.get("sweep") is not None]  # only workers run the legal clock
    return max(beats, default=None)


async def gateways_that_count_alone(tx: Transaction, heard_within: timedelta) -> dict[str, datetime]:
    """When each gateway last reported that counts rates by itself, by the id of its process."""
    rows = (await tx.connection.execute(select(health_facts_table).where(_F.at > tx.clock.now() - heard_within))).all()
    return {row.process_id: row.at for row in rows if row.facts.get("counts_alone") is not None}


async def older_worker(tx: Transaction, revision: str, heard_within: timedelta) -> bool:
    """Whether a worker runs, as far as was heard lately, whose release does not know a revision of the schema."""
    since = tx.clock.now() - heard_within
    rows = (await tx.connection.execute(select(_F.facts).where(_F.at > since))).scalars()
    return any(facts.get("sweep") is not None and facts.get("knows", "") < revision for facts in rows)


async def forget_old_facts(tx: Transaction) -> None:
    """Delete old reports of ended processes."""
    before = tx.clock.now() - FORGOTTEN_AFTER
    await tx.connection.execute(delete(health_facts_table).where(_F.at < before))


def _facts(kept: Mapping[str, Any], *, age: float) -> ProcessFacts:
    return ProcessFacts(
        process=kept["process"],
        not_closed=kept["not_closed"],
        integrity={source: Event(**event) for source, event in kept["integrity"].items()},
        sign_in_failures=kept["sign_in_failures"],
        free_bytes=kept["free_bytes"],
        store_away=_event(kept["store_away"]),
        clock_step=_event(kept["clock_step"]),
        sweep=kept.get("sweep"),
        not_let_in={source: Event(**event) for source, event in kept.get("not_let_in", {}).items()},
        switches=kept.get("switches", 0),
        knows=kept.get("knows", ""),
        last_heard={source: LastHeard(**heard) for source, heard in kept.get("heard", {}).items()},
        jobs={name: JobRuns(**job) for name, job in kept.get("jobs", {}).items()},
        disk_refusals=_event(kept.get("disk_refusals")),
        counts_alone=kept.get("counts_alone"),
        release=kept.get("release", ""),
        breakers={source: BreakerReport(**one) for source, one in kept.get("breakers", {}).items()},
        job_reports={name: JobReport(**one) for name, one in kept.get("job_reports", {}).items()},
        age=age,
    )


def _event(kept: Mapping[str, Any] | None) -> Event | None:
    return None if kept is None else Event(**kept)
