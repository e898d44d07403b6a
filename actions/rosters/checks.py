"""Checks a row before it joins a roster: duplicates, open applications, answers, documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from actions.catalogue.submit_checks import DocumentSource, NewDocument, document_problems, form_problems
from actions.kernel import UnitOfWork
from actions.uploads.uploads import known_uploads
from domain.applications.applications import Application
from domain.applications.lifecycle import OPEN
from domain.catalogue.catalogue import Service
from domain.catalogue.form_checking import check_answers
from domain.catalogue.forms import Form
from domain.kernel import ErrorCode, Problem, Remedy
from domain.rosters.rosters import MOST_ROWS, OPEN_ROWS, Roster, RosterRow, RowPerson
from domain.rosters.rows import RawRow, answers_for, same_person
from store.applications import applications
from store.rosters import roster_rows, rosters


@dataclass(slots=True)
class Batch:
    """What the rows of one batch are checked with. `room` is how many more rows the roster takes."""

    roster: Roster
    service: Service
    form: Form | None
    there: Mapping[str, RosterRow]
    room: int
    references: set[str] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)


def papers_of(person: RowPerson) -> tuple[NewDocument, ...]:
    """The papers of a row as an application names them."""
    upload = DocumentSource.UPLOAD.value
    return tuple(NewDocument(key, reference, upload) for key, reference in person.documents.items())


async def row_problems(acting: UnitOfWork, batch: Batch, person: RowPerson, raw: RawRow) -> list[Problem]:
    """Every cause why a row is not taken; paths begin at the row."""
    there = batch.there.get(person.reference)
    if person.reference in batch.references:
        return [Problem(ErrorCode.ROW_TWICE, ("reference",))]
    if there is not None and there.state not in OPEN_ROWS:
        return [Problem(ErrorCode.STEP_NOT_ALLOWED, ("reference",), Remedy.NONE, {"state": there.state.value})]
    if there is None and batch.room <= 0:
        return [Problem(ErrorCode.ROSTER_FULL, ("reference",), params={"most": str(MOST_ROWS)})]
    answers = answers_for(batch.form, person)
    checked = (
        check_answers(batch.form, answers, today=acting.today, complete=True).problems
        if batch.form
        else form_problems(answers)
    )
    return [
        *await _twins(acting, batch, person, answers),
        *checked,
        *document_problems(batch.service, papers_of(person)),
        *await _unknown_uploads(acting, person, raw.consent_paper),
    ]


async def _twins(acting: UnitOfWork, batch: Batch, person: RowPerson, answers: Mapping[str, str]) -> list[Problem]:
    """ROW_TWICE for somebody who is on the roster already, ALREADY_APPLIED where her application here is open.

    Applications that came in elsewhere are not reported before the guardian has consented: filing looks at those.
    """
    rows = await roster_rows.of_person(acting.tx, person)
    others = [row for row in rows if row.reference != person.reference or row.roster_id != batch.roster.id]
    here = any(row.roster_id == batch.roster.id for row in others)
    if here or same_person(person) in batch.persons:
        return [Problem(ErrorCode.ROW_TWICE, ("name",))]
    lists = await rosters.by_ids(acting.tx, {row.roster_id for row in others})
    mine = [row.application_id for row in others if lists[row.roster_id].centre_code == batch.roster.centre_code]
    for application in await _applications(acting, [one for one in mine if one is not None]):
        same = batch.form is None or batch.form.same_matter(answers, application.form)
        if application.service_code == batch.service.code and application.status in OPEN and same:
            params = {"number": application.number}
            return [Problem(ErrorCode.ALREADY_APPLIED, ("name",), params=params)]
    return []


async def _applications(acting: UnitOfWork, ids: Sequence[str]) -> list[Application]:
    return list((await applications.by_ids(acting.tx, ids)).values()) if ids else []


async def _unknown_uploads(acting: UnitOfWork, person: RowPerson, paper: str | None) -> list[Problem]:
    """UPLOAD_UNKNOWN for each reference that is no file which she herself handed in."""
    named: dict[tuple[str, ...], str] = {("documents", key): reference for key, reference in person.documents.items()}
    named |= {("consentPaper",): paper} if paper else {}
    found = await known_uploads(acting.tx, acting.subject, list(named.values()))
    return [
        Problem(ErrorCode.UPLOAD_UNKNOWN, path)
        for path, reference in named.items()
        if reference not in found or not await acting.env.objects.exists(reference)
    ]
