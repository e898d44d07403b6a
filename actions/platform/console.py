"""What operators see of the outbox, of processes, systems, jobs and versions, and how they have messages tried again.

All of it is read from the store, so that it is the same whichever gateway answers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from actions.kernel import Environment, access, run_idempotently
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Problem, Problems, Source, Subject, ist_date, mask_aadhaar_in
from domain.platform.alarms import ProcessFacts
from domain.platform.incidents import SHOWN_DAYS, Incident
from domain.platform.outbox import TopicCounts
from domain.platform.process_reports import BreakerReport, JobState, ProcessReport, job_states
from domain.platform.switches import LONGEST_REASON, SwitchKind, SwitchState
from store.catalogue import calendar
from store.database import Board, Transaction, all_versions
from store.database.dump import revision_of
from store.feedback import text_proposals
from store.platform import alarms, incidents, outbox_desk, switches
from store.platform.outbox import OutboxMessage
from store.platform.outbox_desk import OutboxFilter

OPERATION = "retryOutboxMessages"
_OPERATIONS = Resource(ObjectKind.OPERATIONS)


@dataclass(frozen=True, slots=True)
class RetryOutboxMessages:
    """Which messages are tried now, and why: one by its number, or all dead ones of a topic."""

    reason: str
    number: int | None = None
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class SystemState:
    """An outside system as all processes report it; the breakers are those of living processes that are not closed."""

    name: str
    switched: SwitchState
    answered_at: datetime | None
    failed_at: datetime | None
    breakers: Sequence[tuple[ProcessReport, BreakerReport]]


@dataclass(frozen=True, slots=True)
class InstalledVersions:
    """What the store has: numbers of changes, and since when the latest text of messages is in force."""

    schema_revision: str
    catalogue: int
    calendar: str | None
    switches: int
    texts: int
    texts_on: date | None


@dataclass(frozen=True, slots=True)
class OperationsStatus:
    """What an operator sees, as it was in the store at one moment."""

    topics: Sequence[TopicCounts]
    systems: Sequence[SystemState]
    processes: Sequence[ProcessReport]
    jobs: Sequence[JobState]
    versions: InstalledVersions
    incidents: Sequence[Incident]


async def operations_status(env: Environment, subject: Subject, connected: Iterable[Source]) -> OperationsStatus:
    """The state of everything for an administrator or auditor; raises as `access.require_operations`.

    `connected` are the outside systems to tell of; what processes heard of others is told too.
    """
    access.require_operations(subject)
    async with env.store.read_transaction() as tx:
        told = await alarms.process_reports(tx)
        reports = [report for report, _ in told]
        now = tx.clock.now()
        board = await switches.all_switches(tx)
        switched = {one.name: one.state_at(now) for one in board if one.kind is SwitchKind.SYSTEM}
        names = sorted({name for _, facts in told for name in facts.last_heard} | {one.value for one in connected})
        return OperationsStatus(
            await outbox_desk.topic_counts(tx),
            [
                SystemState(
                    name,
                    switched.get(name, SwitchState.ON),
                    _last_heard(told, name, "success"),
                    _last_heard(told, name, "failure"),
                    [(one, one.breakers[name]) for one in reports if one.alive and name in one.breakers],
                )
                for name in names
            ],
            reports,
            job_states(reports),
            await _versions(tx),
            await incidents.incidents_since(tx, now - timedelta(days=SHOWN_DAYS - 1)),
        )


async def outbox_messages(
    env: Environment, subject: Subject, wanted: OutboxFilter, limit: int, *, backward: bool = False
) -> list[OutboxMessage]:
    """Messages, the oldest first, for an administrator or auditor; raises as `access.require_operations`."""
    access.require_operations(subject)
    return await env.store.read(lambda tx: outbox_desk.search(tx, wanted, limit, backward=backward))


async def count_outbox_messages(env: Environment, subject: Subject, wanted: OutboxFilter) -> int:
    """How many there are, for the same people."""
    access.require_operations(subject)
    return await env.store.read(lambda tx: outbox_desk.count(tx, wanted))


async def retry_outbox_messages(
    env: Environment, subject: Subject, wanted: RetryOutboxMessages, *, idempotency_key: str
) -> tuple[int, bool]:
    """Have messages tried now; gives how many, and True for a replay.

    Raises Problems: NOT_FOUND where the subject may not operate the gateway or nothing is there to be tried, BAD_INPUT
    unless either a number or a topic is given, REASON_REQUIRED.
    """
    reason = mask_aadhaar_in(" ".join(wanted.reason.split()))

    async def work(tx: Transaction) -> dict[str, int]:
        await access.require(env, tx, subject, _OPERATIONS, Purpose.OPERATE)
        _check(wanted, reason)
        done = await outbox_desk.retry_dead(
            tx, tx.clock.now(), number=wanted.number, topic=wanted.topic, reason=reason, by=subject.label
        )
        if not done:
            raise Problems(Problem(ErrorCode.NOT_FOUND, ("input", "number" if wanted.topic is None else "topic")))
        return {"messages": done}

    body = {"number": str(wanted.number), "topic": str(wanted.topic), "reason": wanted.reason}
    answer, replayed = await run_idempotently(env, subject, OPERATION, key=idempotency_key, body=body, work=work)
    return int(answer["messages"]), replayed


def _check(wanted: RetryOutboxMessages, reason: str) -> None:
    problems = []
    if (wanted.number is None) == (wanted.topic is None):
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "number")))
    if not reason:
        problems.append(Problem(ErrorCode.REASON_REQUIRED, ("input", "reason")))
    elif len(reason) > LONGEST_REASON:
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "reason")))
    if problems:
        raise Problems(*problems)


async def _versions(tx: Transaction) -> InstalledVersions:
    changes = await all_versions(tx)
    texts = (await text_proposals.in_force(tx, ist_date(tx.clock.now()))).values()
    return InstalledVersions(
        await revision_of(tx),
        changes.get(Board.CATALOGUE, 0),
        await calendar.latest_version(tx),
        changes.get(Board.SWITCHES, 0),
        len(texts),
        max((one.publish_on for one in texts if one.publish_on), default=None),
    )


def _last_heard(told: Sequence[tuple[ProcessReport, ProcessFacts]], name: str, how: str) -> datetime | None:
    """The latest instant at which any process had an answer of a system, or none: `success` or `failure`."""
    heard = [(report, getattr(facts.last_heard[name], how)) for report, facts in told if name in facts.last_heard]
    return max((report.ago(seconds) for report, seconds in heard if seconds is not None), default=None)
