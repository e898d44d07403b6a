"""Checks that each application's history is a path of the state machine with one author a step (I1, I3)."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from domain.applications.lifecycle import TRANSITIONS, Move, Status
from domain.etaal.counting import CountingEvent, counted_channel
from domain.etaal.counting_rules import rules_on
from domain.kernel import Role, ist_date
from store.applications.application_rows import applications_table
from store.applications.imports import imported_steps
from store.applications.timeline import timeline_table
from store.checks.finding import PAGE, Finding
from store.database import AnyRow, Transaction, audit_lines_table, row_pages
from store.etaal.ledger import event_key, ledger_table

_EVENTS = (CountingEvent.DELIVERED, CountingEvent.REJECTED_BY_ORDER)
"""What steps enter into the ledger, each once."""
IMPORTED = "application.import"
"""The audit line of what an import brought; a test compares it with that of the actions."""
_FIRST: Mapping[Move, Status] = {Move.SAVE_DRAFT: Status.DRAFT, Move.SUBMIT: Status.SUBMITTED}
_A, _E, _L = applications_table.c, timeline_table.c, audit_lines_table.c

Steps = Sequence[AnyRow]


async def histories(tx: Transaction) -> AsyncIterator[Finding]:
    """Timelines, audit lines and ledger of every application, then whether the ledger has more."""
    ledger_rows = 0
    columns = [column for column in _A if column.name not in {"form", "reason"}]
    async for rows in row_pages(tx, select(*columns), (_A.id,), PAGE):
        ids = [row.id for row in rows]
        steps = await _group_rows(tx, select(timeline_table).where(_E.application_id.in_(ids)), "application_id")
        told = await _audit_lines(tx, ids)
        brought = await imported_steps(tx, ids)
        events = await _ledger(tx, ids)
        for row in rows:
            mine = sorted(steps.get(row.id, ()), key=lambda step: step.sequence)
            many = brought.get(row.id, 0)
            audited = _lines(mine, told.get(row.id, ()), many)
            for code in (*_path(row, mine, many), *audited, *_events(row, mine[many:], events)):
                yield Finding(code, f"application:{row.id}")
        ledger_rows += len(events)
    async for finding in _more_in_the_ledger(tx, ledger_rows):
        yield finding


def _path(application: AnyRow, steps: Steps, brought: int) -> Iterator[str]:
    """Whether the steps lead lawfully from the start to the application's current state.

    Who took the first `brought` ones, which were taken in a former system, is not known here.
    """
    if [step.sequence for step in steps] != list(range(1, application.version + 1)):
        yield "VERSIONS_HAVE_A_GAP"
    before: str | None = None
    for step in steps:
        expected = _FIRST.get(Move(step.move)) if before is None else TRANSITIONS.get((Status(before), Move(step.move)))
        if step.status_before != before or expected is None or step.status_after != expected.value:
            yield "STEP_NOT_LAWFUL"
        if step.actor_id is None and step.actor_role != Role.SYSTEM.value and step.sequence > brought:
            yield "STEP_WITHOUT_AUTHOR"
        before = step.status_after
    if before != application.status:
        yield "STATUS_IS_NOT_THE_LAST"


def _lines(steps: Steps, entries: Sequence[tuple[str, Any]], brought: int) -> Iterator[str]:
    """One audit line for each step, and none for a step that did not happen; one for all that an import brought."""
    expected = Counter((f"application.{step.move.lower()}", step.sequence) for step in steps[brought:])
    if brought:
        expected[(IMPORTED, brought)] = 1
    if Counter(entries) != expected:
        yield "AUDIT_LINES_ARE_NOT_THE_STEPS"


def _events(application: AnyRow, steps: Steps, events: dict[str, AnyRow]) -> Iterator[str]:
    """The ledger has exactly the events that happened and count, on the application's service and place."""
    for event in _EVENTS:
        row = events.get(event_key(event, application.id))
        step = next((one for one in steps if rules_on(ist_date(one.at)).event_of(Move(one.move)) is event), None)
        counts = step is not None and rules_on(ist_date(step.at)).category(event) is not None
        if (row is not None) is not counts:
            yield "LEDGER_IS_NOT_THE_STEPS"
        elif row is not None and step is not None:
            channel = counted_channel(Move(step.move), step.actor_role, application.channel, application.delivery)
            if (row.service_code, row.channel) != (application.service_code, channel):
                yield "LEDGER_ROW_IS_ANOTHER"


async def _more_in_the_ledger(tx: Transaction, found: int) -> AsyncIterator[Finding]:
    names = [event.value for event in _EVENTS]
    rows = select(func.count()).where(ledger_table.c.event.in_(names), ledger_table.c.corrects.is_(None))
    if (await tx.connection.execute(rows)).scalar_one() != found:
        yield Finding("LEDGER_HAS_EVENTS_OF_NO_APPLICATION", "ledger")


async def _audit_lines(tx: Transaction, ids: Sequence[str]) -> dict[str, list[tuple[str, Any]]]:
    """The audit lines of steps, as (action, version), by application; other lines about it do not matter here."""
    moves = [IMPORTED, *(f"application.{move.value.lower()}" for move in Move)]
    statement = select(_L.object_id, _L.action, _L.detail).where(
        _L.object_kind == "APPLICATION", _L.object_id.in_(ids), _L.action.in_(moves)
    )
    found: dict[str, list[tuple[str, Any]]] = defaultdict(list)
    for row in (await tx.connection.execute(statement)).all():
        found[row.object_id].append((row.action, row.detail.get("version")))
    return found


async def _ledger(tx: Transaction, ids: Sequence[str]) -> dict[str, AnyRow]:
    keys = [event_key(event, key) for event in _EVENTS for key in ids]
    statement = select(ledger_table).where(ledger_table.c.event_key.in_(keys))
    return {row.event_key: row for row in (await tx.connection.execute(statement)).all()}


async def _group_rows(tx: Transaction, statement: Any, by: str) -> dict[str, list[AnyRow]]:
    found: dict[str, list[AnyRow]] = defaultdict(list)
    for row in (await tx.connection.execute(statement)).all():
        found[getattr(row, by)].append(row)
    return found
