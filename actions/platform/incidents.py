"""Incidents of the status page: entered, changed and ended by an administrator; and the history of each system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from actions.kernel import Environment, access, run_idempotently
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import (
    Bilingual,
    ErrorCode,
    Problem,
    Problems,
    Source,
    Subject,
    ist_date,
    mask_aadhaar_in,
    require_found,
)
from domain.platform.incidents import LONGEST_TEXT, LONGEST_TITLE, SHOWN_DAYS, Incident, SourceDay
from domain.platform.source_reports import SourceReport, last_heard
from store.database import Transaction, audit
from store.platform import incidents

OPERATION = "reportIncident"
_OPERATIONS = Resource(ObjectKind.OPERATIONS)


@dataclass(frozen=True, slots=True)
class ReportIncident:
    """An incident as it is to be told. Without `incident_id` it is a new one; `ended` ends it."""

    title_hi: str
    title_en: str
    text_hi: str
    text_en: str
    meanwhile_hi: str
    meanwhile_en: str
    source: Source | None = None
    incident_id: str | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class StatusHistory:
    """What the status page tells beside the present: incidents, the latest first, and days of systems by name."""

    incidents: Sequence[Incident] = ()
    days: Mapping[str, Sequence[SourceDay]] | None = None


async def report_incident(
    env: Environment, subject: Subject, wanted: ReportIncident, *, idempotency_key: str
) -> tuple[Incident, bool]:
    """Tell of an incident for an administrator; the second value is True for a replay.

    Raises Problems: NOT_FOUND where the subject may not operate the gateway, and those of `keep_incident`.
    """

    async def work(tx: Transaction) -> dict[str, str]:
        await access.require(env, tx, subject, _OPERATIONS, Purpose.OPERATE)
        return {"id": (await keep_incident(env, tx, wanted, by=subject.label)).id}

    body = {name: str(getattr(wanted, name)) for name in ReportIncident.__slots__}
    answer, replayed = await run_idempotently(env, subject, OPERATION, key=idempotency_key, body=body, work=work)
    return require_found(await env.store.read(lambda tx: incidents.find(tx, answer["id"]))), replayed


async def keep_incident(env: Environment, tx: Transaction, wanted: ReportIncident, *, by: str) -> Incident:
    """Keep an incident in a transaction, with its audit line.

    Raises Problems: BAD_INPUT for a text that is missing or too long, NOT_FOUND for an incident that is not there.
    """
    _check(wanted)
    now = tx.clock.now()
    known = None
    if wanted.incident_id is not None:
        known = require_found(await incidents.find(tx, wanted.incident_id), "input", "incidentId")
    incident = Incident(
        id=known.id if known else env.ids.key(),
        source=wanted.source,
        title=_text(wanted.title_hi, wanted.title_en),
        text=_text(wanted.text_hi, wanted.text_en),
        meanwhile=_text(wanted.meanwhile_hi, wanted.meanwhile_en),
        began_at=known.began_at if known else now,
        ended_at=(known.ended_at if known and known.ended_at else now) if wanted.ended else None,
        updated_at=now,
        reported_by=by,
    )
    return await _save(tx, incident, "incident.changed" if known else "incident.reported")


async def end_incident(tx: Transaction, incident_id: str, *, by: str) -> Incident:
    """End an incident with its texts as they are. Raises Problems: NOT_FOUND."""
    known = require_found(await incidents.find(tx, incident_id))
    now = tx.clock.now()
    ended = replace(known, ended_at=known.ended_at or now, updated_at=now, reported_by=by)
    return await _save(tx, ended, "incident.ended")


async def status_history(env: Environment) -> StatusHistory:
    """Incidents and days of the last SHOWN_DAYS, for everybody."""
    now = env.clock.now()
    first = now - timedelta(days=SHOWN_DAYS - 1)
    async with env.store.read_transaction() as tx:
        return StatusHistory(
            await incidents.incidents_since(tx, first), await incidents.days_since(tx, ist_date(first))
        )


def systems_that_answer(reports: Sequence[SourceReport]) -> dict[str, bool]:
    """By system, whether it answered when it was asked last; of several systems of one source all must have."""
    found: dict[str, bool] = {}
    for name, heard in last_heard(reports).items():
        source = name.partition("/")[0]
        answered = heard.failure is None or (heard.success is not None and heard.success <= heard.failure)
        found[source] = answered and found.get(source, True)
    return found


async def forget_old_days(tx: Transaction, before: datetime) -> None:
    """Delete the days that the page shows no more."""
    await incidents.forget_days(tx, ist_date(before))


async def _save(tx: Transaction, incident: Incident, action: str) -> Incident:
    await incidents.save(tx, incident)
    detail = {"source": incident.source.value if incident.source else None, "ended": incident.ended_at is not None}
    await audit.record(tx, incident.reported_by, action, "INCIDENT", incident.id, Purpose.OPERATE, **detail)
    return incident


def _check(wanted: ReportIncident) -> None:
    problems = []
    for name in ("title", "text", "meanwhile"):
        longest = LONGEST_TITLE if name == "title" else LONGEST_TEXT
        for language in ("Hi", "En"):
            given = getattr(wanted, f"{name}_{language.lower()}")
            if not given.strip() or len(given) > longest:
                problems.append(Problem(ErrorCode.BAD_INPUT, ("input", name + language)))
    if problems:
        raise Problems(*problems)


def _text(hi: str, en: str) -> Bilingual:
    """Both on one line and without Aadhaar numbers: everybody reads them."""
    return Bilingual(*(mask_aadhaar_in(" ".join(text.split())) for text in (hi, en)))
