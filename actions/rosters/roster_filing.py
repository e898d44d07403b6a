"""Files a roster: submits one application for each row by the ordinary action, each in its own transaction.

The worker takes some rows at a time. What was filed before it was stopped stays filed: each row has a key of its own
and its state, both written with its application, so that a row is never filed twice.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from actions.applications import submit
from actions.applications.submit import SubmitApplication
from actions.documents.attachments import check_documents
from actions.identity.contact_lookup import citizen_by_contact
from actions.kernel import Environment, UnitOfWork, note, of_row, run_idempotently, run_once
from actions.rosters.checks import papers_of
from actions.rosters.consents import enter_in_ledger
from actions.rosters.rosters import NUMBER, of_roster, require_open, taken_up
from actions.uploads.uploads import known_uploads, use
from domain.applications.applications import DeliveryMode
from domain.consents.consents import ConsentPurpose, consent_required
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Bilingual, Citizen, ErrorCode, PersonKind, Problem, Problems, Remedy, Subject, state_language
from domain.rosters.rosters import (
    CHANNELS,
    FILED_AT_ONCE,
    KEEPERS,
    STRENGTH,
    ConsentWay,
    Roster,
    RosterRow,
    RosterState,
    RowState,
)
from domain.rosters.rows import answers_for
from store.catalogue import forms
from store.database import Transaction, audit, crash_points
from store.identity import people
from store.platform import outbox
from store.rosters import roster_rows, rosters
from store.uploads import uploads

FILE = "roster.file"
"""The outbox topic of a roster whose rows are to be filed."""

_PASSING = (ErrorCode.IN_PROGRESS, ErrorCode.CONFLICT)
"""Another worker is at the same row: the message is tried again, and then finds it filed."""

_CONSENT_MISSING = consent_required(ConsentPurpose.ROSTER, "input")


async def file_roster(env: Environment, subject: Subject, number: str, key: str) -> tuple[Roster, bool]:
    """Have the rows of a roster filed; those that were refused before are tried again.

    A row without her guardian's consent is left out, and says so. Raises Problems: NOT_FOUND, NUMBER_MISTYPED,
    STEP_NOT_ALLOWED while it is being filed or where there is nothing to file, CAMP_CLOSED, CONSENT_REQUIRED where
    no row has a consent.
    """
    body = {"number": number}
    try:
        return await run_once(
            env, subject, "fileRoster", lambda acting: ask(acting, number), key=key, body=body, read=rosters.get
        )
    except Problems as refusal:
        if refusal.code is ErrorCode.CONSENT_REQUIRED:
            await env.store.carry_out(partial(_say_which_lack_it, env, subject, number=number))
        raise


async def ask(acting: UnitOfWork, number: str, *, by_worker: bool = True) -> Roster:
    """The inner step of having a roster filed, in the caller's transaction."""
    roster = await taken_up(acting, number)
    await require_open(acting, roster)
    lacking = await roster_rows.note_missing_consents(acting.tx, roster.id, _CONSENT_MISSING)
    await roster_rows.try_again(acting.tx, roster.id)
    if not await roster_rows.next_ready(acting.tx, roster.id, 1):
        if lacking:
            raise Problems(consent_required(ConsentPurpose.ROSTER, *NUMBER))
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, NUMBER, Remedy.NONE, {"state": roster.state.value}))
    begun = await rosters.save(acting.tx, replace(roster, state=RosterState.FILING, rounds=roster.rounds + 1))
    if by_worker:
        await _queue_round(acting.tx, begun, "begin")
    await note(acting, "roster.file", of_roster(begun), Purpose.APPLY, round=begun.rounds, without_consent=lacking)
    return begun


async def _say_which_lack_it(env: Environment, subject: Subject, tx: Transaction, *, number: str) -> None:
    """Rows without a consent say so also where the refusal of the whole took back what it had noted."""
    roster = await taken_up(UnitOfWork(env, tx, subject), number)
    await roster_rows.note_missing_consents(tx, roster.id, _CONSENT_MISSING)


async def file_some(env: Environment, payload: Mapping[str, str]) -> None:
    """File the next rows of a roster, and ask for the rest; may be run again, and by two workers at once."""
    async with env.store.read_transaction() as tx:
        roster = await rosters.get(tx, payload["roster_id"])
        if roster is None or roster.state is not RosterState.FILING or roster.rounds != int(payload["round"]):
            return
        rows = await roster_rows.next_ready(tx, roster.id, FILED_AT_ONCE)
    for row in rows:
        await file_row(env, roster, row)
        crash_points.reach(crash_points.VERB_AFTER_COMMIT)
    after = rows[-1].id if rows else "nothing"
    await env.store.carry_out(partial(go_on, env, roster=roster, after=after))


async def file_row(env: Environment, roster: Roster, row: RosterRow) -> None:
    """File one row in a transaction of its own; what refuses it is kept with it, in the words of the codes.

    The key is that of the row as it was read: one that was refused, or changed, since then has a key of its own.
    """
    enters = _enters(roster, row)
    documents = papers_of(row.person)
    findings = await check_documents(env, enters, "", documents)
    async with env.store.read_transaction() as tx:
        form = (await forms.of_services(tx, [roster.service_code])).get(roster.service_code)
    key = f"{row.id}:{row.version}"
    request = SubmitApplication(
        service_code=roster.service_code,
        district=roster.district,
        tehsil=roster.tehsil,
        channel=CHANNELS[roster.kind],
        delivery=DeliveryMode.COUNTER,
        form=answers_for(form, row.person),
        documents=documents,
        idempotency_key=key,
    )

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"id": await _file_row(UnitOfWork(env, tx, enters), roster, row, request, findings)}

    try:
        await run_idempotently(env, enters, "fileRosterRow", key=key, body={"row": row.id}, work=work)
    except Problems as refusal:
        if refusal.code in _PASSING:
            raise
        keep = partial(_refuse_row, env, enters, roster=roster, row_id=row.id, problems=refusal.problems)
        await env.store.carry_out(keep)


async def _file_row(
    acting: UnitOfWork, roster: Roster, read: RosterRow, request: SubmitApplication, findings: Any
) -> str | None:
    """The inner step: who she is, her guardian's consent, her application, and the row, all or nothing."""
    row = await roster_rows.get(acting.tx, read.id)
    if row is None or row.version != read.version or row.state is not RowState.READY or row.consent is None:
        return row.application_id if row is not None else None  # somebody quicker filed it, changed it, took it off
    citizen_id = await _citizen_of_row(acting, roster, row)
    for_her = replace(
        acting.subject,
        on_behalf_of=citizen_id,
        assurance=STRENGTH[row.consent.way],
        assisted_service=roster.service_code,
    )
    hers = replace(acting, subject=for_her)
    await enter_in_ledger(hers, roster, row, citizen_id)
    application, service = await submit.file(hers, request, findings)
    application = await submit.open_case(hers, application, service)
    filed = replace(row, state=RowState.FILED, citizen_id=citizen_id, application_id=application.id, problems=())
    await roster_rows.save(acting.tx, filed)
    await _give_paper_to(hers, roster, filed)
    await note(hers, "roster.file_row", of_row(roster, filed), Purpose.APPLY, application=application.id)
    return application.id


async def _refuse_row(
    env: Environment, enters: Subject, tx: Transaction, *, roster: Roster, row_id: str, problems: tuple[Problem, ...]
) -> None:
    acting = UnitOfWork(env, tx, enters)
    row = await roster_rows.get(tx, row_id)
    if row is None or row.state is not RowState.READY:
        return
    refused = replace(row, state=RowState.REFUSED, problems=problems)
    await roster_rows.save(tx, refused)
    codes = ",".join(problem.code.value for problem in problems)
    await note(acting, "roster.row_refused", of_row(roster, refused), Purpose.APPLY, codes=codes)


async def go_on(env: Environment, tx: Transaction, *, roster: Roster, after: str) -> None:
    """Ask for the next rows, or note that all were tried."""
    present = await rosters.get(tx, roster.id)
    if present is None or present.state is not RosterState.FILING or present.rounds != roster.rounds:
        return
    if await roster_rows.next_ready(tx, roster.id, 1):
        await _queue_round(tx, present, after)
        return
    now = env.clock.now()
    filed = await rosters.save(tx, replace(present, state=RosterState.FILED, filed_at=now))
    detail = {"round": filed.rounds}
    await audit.record(tx, "SYSTEM", "roster.filed", ObjectKind.ROSTER, filed.id, Purpose.APPLY, **detail)


async def _queue_round(tx: Transaction, roster: Roster, after: str) -> None:
    payload = {"roster_id": roster.id, "round": str(roster.rounds)}
    await outbox.add(tx, FILE, f"{roster.id}:{roster.rounds}:{after}", payload)


async def _citizen_of_row(acting: UnitOfWork, roster: Roster, row: RosterRow) -> str:
    """The citizen of a row: as she was filed for before, by her telephone and name, or entered now.

    Without a telephone only her own school or camp knows her again: elsewhere another may bear her name, her
    birth date and her guardian's name. An account is named by a telephone only where its owner proved that by a code.
    """
    if row.citizen_id is not None:
        return row.citizen_id
    before = [one for one in await roster_rows.of_person(acting.tx, row.person) if one.citizen_id is not None]
    lists = await rosters.by_ids(acting.tx, {one.roster_id for one in before})
    for other in before:
        if row.person.mobile is not None or lists[other.roster_id].centre_code == roster.centre_code:
            return other.citizen_id or ""
    proved = row.person.mobile if row.consent is not None and row.consent.way is ConsentWay.OTP else None
    if proved is not None:
        known = await citizen_by_contact(acting.tx, proved, row.person.born_on)
        if known is not None and await _bears(acting, known, row):
            return known
    return await _enter_citizen(acting, roster, row, proved)


async def _bears(acting: UnitOfWork, citizen_id: str, row: RosterRow) -> bool:
    name = (await people.citizens(acting.tx, [citizen_id]))[citizen_id].name
    written = {text.casefold() for text in (row.person.name, row.person.name_hi) if text}
    return bool(written & {text.casefold() for text in (name.hi, name.en) if text})


async def _enter_citizen(acting: UnitOfWork, roster: Roster, row: RosterRow, mobile: str | None) -> str:
    citizen = Citizen(
        id=acting.env.ids.key(),
        name=Bilingual(row.person.name_hi, row.person.name),
        born_on=row.person.born_on,
        mobile=mobile,
        district=roster.district,
        tehsil=roster.tehsil,
        language=state_language(),
        created_at=acting.now,
    )
    await people.add_citizen(acting.tx, citizen)
    detail = {"roster": roster.id, "centre": roster.centre_code}
    await acting.record("citizen.enter", ObjectKind.CITIZEN, citizen.id, Purpose.APPLY, **detail)
    return citizen.id


async def _give_paper_to(acting: UnitOfWork, roster: Roster, row: RosterRow) -> None:
    """The scan of what the guardian signed is the citizen's from now on, and goes with her."""
    await uploads.no_longer_use(acting.tx, ObjectKind.ROSTER_ROW.value, row.id)
    paper = row.consent.paper_sha256 if row.consent else None
    for upload in (await known_uploads(acting.tx, acting.subject, [paper] if paper else [])).values():
        await use(acting, upload, of_row(roster, row))


def _enters(roster: Roster, row: RosterRow) -> Subject:
    """Who files a row: the principal or camp officer who handed it in."""
    places = frozenset({roster.centre_code})
    return Subject(
        frozenset({KEEPERS[roster.kind]}), PersonKind.OPERATOR, row.added_by, district=roster.district, places=places
    )
