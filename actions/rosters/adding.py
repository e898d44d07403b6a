"""Adds rows to a roster in batches, each checked by itself; a wrong row does not reject the others."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from actions.catalogue.submit_checks import open_service
from actions.kernel import Environment, UnitOfWork, note, of_row, run_idempotently
from actions.rosters.checks import Batch, row_problems
from actions.rosters.rosters import ROW, of_roster, require_open, row_taken_up, taken_up
from actions.uploads.uploads import known_uploads, use
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ErrorCode, Problem, Problems, Subject
from domain.rosters.rosters import (
    DRAFT_DAYS,
    MOST_AT_ONCE,
    MOST_ROWS,
    OPEN_ROWS,
    ConsentWay,
    Roster,
    RosterRow,
    RowConsent,
    RowOutcome,
    RowPerson,
    problem_of,
    problem_values,
    state_after,
)
from domain.rosters.rows import RawRow, at_row, read_row, same_person
from store.catalogue import forms
from store.database import FieldCipher, Transaction
from store.rosters import roster_rows
from store.uploads import uploads

SWEEP = 200
"""Rows that are forgotten in one transaction."""


@dataclass(frozen=True, slots=True)
class AddRows:
    """Rows for a roster, at most MOST_AT_ONCE. One with a reference that is there changes that row."""

    number: str
    rows: tuple[RawRow, ...]
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row: as it now is, or why it was refused."""

    outcome: RowOutcome
    row: RosterRow | None
    problems: tuple[Problem, ...] = ()


async def add_rows(env: Environment, subject: Subject, request: AddRows) -> tuple[list[RowResult], bool]:
    """Add rows, or change those with the same references; one result for each, in the order given.

    Raises Problems where nothing was tried: NOT_FOUND, NUMBER_MISTYPED, STEP_NOT_ALLOWED while the roster is filed,
    CAMP_CLOSED, SERVICE_CLOSED, BAD_INPUT for none or too many rows. Of a row: ROW_INVALID, ROW_TWICE, ROSTER_FULL,
    ALREADY_APPLIED, DOCUMENT_MISSING, DOCUMENT_UNKNOWN, UPLOAD_UNKNOWN and the FORM_ codes.
    """
    if not 1 <= len(request.rows) <= MOST_AT_ONCE:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "rows"), params={"most": str(MOST_AT_ONCE)}))

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"results": await _add_batch(UnitOfWork(env, tx, subject), request)}

    # Names and birth dates go into the request's hash only under our key: they would be found by trying.
    given = json.dumps(asdict(request), sort_keys=True)
    body = {"request": FieldCipher(env.keyrings).blind_index("roster_request", given)}
    answer, replayed = await run_idempotently(
        env, subject, "addRosterRows", key=request.idempotency_key, body=body, work=work
    )
    return await _present_results(env, answer["results"]), replayed


async def remove_row(env: Environment, subject: Subject, row_id: str, key: str) -> tuple[bool, bool]:
    """Take a row off that is not filed. Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, CAMP_CLOSED."""

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        roster, row = await row_taken_up(acting, row_id, Purpose.APPLY)
        await require_open(acting, roster)
        if row.state not in OPEN_ROWS:
            raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ROW, params={"state": row.state.value}))
        await uploads.no_longer_use(tx, ObjectKind.ROSTER_ROW.value, row.id)
        await roster_rows.remove(tx, row.id)
        await note(acting, "roster.remove_row", of_row(roster, row), Purpose.APPLY)
        return {"removed": True}

    answer, replayed = await run_idempotently(env, subject, "removeRosterRow", key=key, body={"row": row_id}, work=work)
    return bool(answer["removed"]), replayed


async def forget_unfiled(env: Environment) -> int:
    """Delete rows that were never filed within DRAFT_DAYS; returns how many. May be run by any worker."""
    before = env.clock.now() - timedelta(days=DRAFT_DAYS)

    async def work(tx: Transaction) -> int:
        gone = await roster_rows.forget_unfiled(tx, before, SWEEP)
        for row_id in gone:
            await uploads.no_longer_use(tx, ObjectKind.ROSTER_ROW.value, row_id)
        return len(gone)

    swept = 0
    while (many := await env.store.carry_out(work)) > 0:
        swept += many
    return swept


async def _add_batch(acting: UnitOfWork, request: AddRows) -> list[dict[str, Any]]:
    roster = await taken_up(acting, request.number)
    await require_open(acting, roster)
    service = await open_service(acting.tx, roster.service_code)
    references = [raw.reference.strip() for raw in request.rows]
    batch = Batch(
        roster=roster,
        service=service,
        form=(await forms.of_services(acting.tx, [service.code])).get(service.code),
        there=await roster_rows.by_references(acting.tx, roster.id, references),
        room=MOST_ROWS - await roster_rows.size(acting.tx, roster.id),
    )
    results = [await _add_row(acting, batch, place, raw) for place, raw in enumerate(request.rows)]
    counts = {one.value: sum(result["outcome"] == one.value for result in results) for one in RowOutcome}
    await note(acting, "roster.add_rows", of_roster(roster), Purpose.APPLY, **counts)
    return results


async def _add_row(acting: UnitOfWork, batch: Batch, place: int, raw: RawRow) -> dict[str, Any]:
    """Look at one row, and keep it where nothing is wrong with it."""
    person, found = read_row(raw, acting.today)
    paper = (raw.consent_paper or "").strip() or None
    if person is not None:
        held = batch.there.get(person.reference)
        if held is not None and _is_unchanged(held, person, paper) and person.reference not in batch.references:
            batch.references.add(person.reference)
            return {"outcome": RowOutcome.UNCHANGED.value, "row": held.id, "problems": []}
        found = await row_problems(acting, batch, person, replace(raw, consent_paper=paper))
    if person is None or found:
        told = [problem_values(at_row(one, place)) for one in found]
        return {"outcome": RowOutcome.REFUSED.value, "row": None, "problems": told}
    outcome, row = await _save_row(acting, batch, person, paper)
    batch.references.add(person.reference)
    batch.persons.add(same_person(person))
    return {"outcome": outcome.value, "row": row.id, "problems": []}


async def _save_row(
    acting: UnitOfWork, batch: Batch, person: RowPerson, paper: str | None
) -> tuple[RowOutcome, RosterRow]:
    """Add the row or change the one that is there; another person, or another guardian, needs a word anew."""
    held = batch.there.get(person.reference)
    consent = RowConsent(ConsentWay.SIGNED_PAPER, acting.now, paper) if paper else None
    if held is None:
        row = _new(acting, batch.roster, person, consent)
        await roster_rows.add(acting.tx, row)
        batch.room -= 1
    else:
        if consent is None and _same_word(held.person, person):
            consent = held.consent
        changed = replace(
            held,
            person=person,
            consent=consent,
            state=state_after(consent),
            problems=(),
            added_by=acting.subject.person_id or "",
        )
        row = await roster_rows.save(acting.tx, changed)
        await uploads.no_longer_use(acting.tx, ObjectKind.ROSTER_ROW.value, row.id)
    await _name_uploads(acting, batch.roster, row)
    return (RowOutcome.ADDED if held is None else RowOutcome.CHANGED), row


def _new(acting: UnitOfWork, roster: Roster, person: RowPerson, consent: RowConsent | None) -> RosterRow:
    return RosterRow(
        id=acting.env.ids.key(),
        roster_id=roster.id,
        reference=person.reference,
        person=person,
        state=state_after(consent),
        consent=consent,
        added_at=acting.now,
        added_by=acting.subject.person_id or "",
    )


async def _name_uploads(acting: UnitOfWork, roster: Roster, row: RosterRow) -> None:
    """Keep the files of the row from the deletion of unreferenced files."""
    paper = row.consent.paper_sha256 if row.consent else None
    named = [*row.person.documents.values(), *([paper] if paper else [])]
    for upload in (await known_uploads(acting.tx, acting.subject, named)).values():
        await use(acting, upload, of_row(roster, row))


def _same_word(held: RowPerson, person: RowPerson) -> bool:
    """Whether who consented, and for whom, is the same as before."""
    speaks = (held.guardian, held.relation, held.mobile) == (person.guardian, person.relation, person.mobile)
    return speaks and same_person(held) == same_person(person)


def _is_unchanged(held: RosterRow, person: RowPerson, paper: str | None) -> bool:
    """Whether a row that is there says the same; one without a paper may have its consent by now."""
    known = held.consent.paper_sha256 if held.consent else None
    return held.person == person and paper in (None, known)


async def _present_results(env: Environment, results: Sequence[dict[str, Any]]) -> list[RowResult]:
    """Results with their rows as they now are; a row that was taken off since is None."""
    rows = await env.store.read(lambda tx: roster_rows.by_ids(tx, [one["row"] for one in results if one["row"]]))
    return [
        RowResult(
            RowOutcome(one["outcome"]), rows.get(one["row"] or ""), tuple(problem_of(held) for held in one["problems"])
        )
        for one in results
    ]
