"""Builds one batch of old applications from validated rows and writes it in one transaction.

It writes the application in its present state, its history, certificate, old numbers, figures and one audit line.
No message is sent, nothing is put into the outbox, and the ledger of e-transactions is not touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from actions.certificates.content import CertificateContent
from actions.certificates.fields import Answers, CertificateHolder, holder_of, printed_fields
from actions.kernel import draw_numbers
from domain.applications.applications import Application, TimelineEntry
from domain.applications.deadline import WorkCalendar
from domain.applications.lifecycle import OPEN, Move, Status
from domain.catalogue.catalogue import Department, District, Tehsil
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.certificates.kinds import APPLICANT, CertificateKinds
from domain.identity.aliases import AliasKind
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import IST, Bilingual, Citizen, Ids, NumberKind, OfficerLevel, Role
from domain.statistics.figures import figure_inputs, marks_of
from legacy import import_rows
from legacy.applications import LegacyRow, Life, life_of, statuses_of
from legacy.import_rows import Bookmark, TakenOver
from legacy.people import People, Slot, new_citizen
from store.applications import applications, timeline
from store.certificates import certificates
from store.database import Transaction, audit
from store.database.vault import VaultReference
from store.identity import aliases, people
from store.statistics import figures

ACTION = "application.import"
"""The audit line of an application that was taken over; its `version` is the number of steps it came with."""

_STATE = Bilingual("उत्तराखण्ड शासन", "Government of Uttarakhand")
_UNKNOWN = Bilingual("नामित अधिकारी", "Designated Officer")


class MovedOn(Exception):
    """Another process continues with the same import."""


@dataclass(frozen=True, slots=True)
class Places:
    """The catalogue as certificates and officers need it, read once for an import."""

    calendar: WorkCalendar
    departments: Mapping[str, Department]
    districts: Mapping[str, District]
    tehsils: Mapping[str, Tehsil]
    kinds: CertificateKinds = field(default_factory=CertificateKinds)
    officers: dict[tuple[str | None, str, str | None, str], str | None] = field(default_factory=dict)
    """The designated officers of places, as they are asked for."""


@dataclass(slots=True)
class Case:
    """One application on its way in. `pdf_sha256` and `xml_sha256` are set where a certificate came with it."""

    row: LegacyRow
    content: str
    slot: Slot
    life: Life
    id: str
    pdf_sha256: str = ""
    xml_sha256: str = ""
    certificate_id: str = ""
    uri: str = ""

    @property
    def status(self) -> Status:
        """Its state."""
        return self.life.status


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes, and how the bookmark moves."""

    cases: Sequence[Case]
    people: People
    references: Mapping[str, VaultReference]
    before: Bookmark
    after: Bookmark
    finished: bool
    by: str


def case_of(row: LegacyRow, content: str, slot: Slot, places: Places, ids: Ids) -> Case:
    """The application of a row, with its life laid out."""
    life = life_of(row, statuses_of(row.steps, row.service), places.calendar)
    return Case(row, content, slot, life, ids.key())


def content_of(case: Case, places: Places, uri: str) -> CertificateContent:
    """What the signed XML of an old certificate says; its number is the one on the paper."""
    row, certificate = case.row, case.row.certificate
    if certificate is None:
        raise ValueError("the row brings no certificate")
    holder = _holder(row, places.kinds)
    department = places.departments.get(row.service.department or "")
    tehsil = places.tehsils.get(row.tehsil or "")
    return CertificateContent(
        number=certificate.printed,
        doctype=row.service.doctype or "",
        service=row.service.name,
        holder=holder.name,
        guardian=holder.guardian,
        guardian_relation=holder.relation,
        born_on=holder.born_on,
        gender=holder.gender,
        district=places.districts[row.district].name,
        tehsil=tehsil.name if tehsil else None,
        department=department.name if department else _STATE,
        officer=_UNKNOWN,
        designation=_designation(row),
        issued_on=certificate.issued_on,
        valid_until=certificate.valid_until,
        fields=printed_fields(Answers(row.form, None, places.kinds)),
        verify_url="",
        uri=uri,
        mother=holder.mother,
    )


def _holder(row: LegacyRow, kinds: CertificateKinds) -> CertificateHolder:
    """Whom the certificate is about by its kind; the person of the row where the old form names nobody else."""
    kind = kinds.of_service(row.service.slug, row.service.template)
    questions = kind.holder if kind and row.form.get(kind.holder.name or "") else APPLICANT
    applicant = CertificateHolder(row.person.name, row.person.born_on, row.person.gender)
    return holder_of(questions, Answers(row.form, None, kinds), applicant)


def _designation(row: LegacyRow) -> Bilingual:
    told = [step.by for step in row.steps if step.move is Move.APPROVE and step.by]
    return Bilingual(None, told[-1]) if told else _UNKNOWN


async def write(tx: Transaction, batch: Batch, places: Places, ids: Ids) -> None:
    """Write a batch and move the bookmark. Raises MovedOn, AlreadyThere where a number was taken meanwhile."""
    if not await import_rows.move_on(tx, batch.before, batch.after, finished=batch.finished):
        raise MovedOn
    await people.add_citizens(tx, _new_people(tx, batch, ids))
    await import_rows.add_persons(tx, batch.people.new_signs(batch.references))
    numbers = await draw_numbers(tx, ids, NumberKind.APPLICATION, len(batch.cases))
    officers = [await _officer(tx, case, places) for case in batch.cases]
    new = [
        _application(case, number, officer)
        for case, number, officer in zip(batch.cases, numbers, officers, strict=True)
    ]
    told = {case.id for case in batch.cases if case.status in OPEN or case.slot.known_id}
    await applications.add_many(tx, new, announced=told)
    entries = [(entry, case.slot.citizen_id) for case in batch.cases for entry in _entries(case, ids)]
    await timeline.add_entries(tx, entries)
    await _add_certificates(tx, batch.cases, new, ids, places.kinds)
    await aliases.add_many(tx, AliasKind.APPLICATION, {case.row.number: case.id for case in batch.cases})
    await import_rows.add(tx, batch.before.id, [_import_record(case) for case in batch.cases])
    await _count(tx, new)
    await audit.append_many(tx, [_line(case, batch) for case in batch.cases])


def _new_people(tx: Transaction, batch: Batch, ids: Ids) -> list[Citizen]:
    """Records for those who have none; the same slot may stand behind several rows."""
    new: dict[int, Citizen] = {}
    for case in batch.cases:
        slot = case.slot
        if slot.known_id is None and id(slot) not in new:
            slot.citizen = new[id(slot)] = new_citizen(slot, ids.key(), tx, batch.references)
    return list(new.values())


def _application(case: Case, number: str, officer_id: str | None) -> Application:
    row, life = case.row, case.life
    return Application(
        id=case.id,
        number=number,
        citizen_id=case.slot.citizen_id,
        service_code=row.service.code,
        department=row.service.department,
        district=row.district,
        tehsil=row.tehsil,
        channel=row.channel,
        delivery=row.delivery,
        status=case.status,
        version=len(row.steps),
        form=row.form,
        fee_paise=row.fee_paise,
        officer_id=officer_id,
        limit=life.limit,
        clock_started_at=life.clock_started_at,
        paused_since=life.paused_since,
        paused_left=life.paused_left,
        paused_days=life.paused_days,
        due_at=life.due_at,
        decision=life.decision,
        created_at=row.steps[0].at,
        submitted_at=row.steps[0].at,
        delivered_at=life.delivered_at,
        clock_ended_at=life.clock_ended_at,
        updated_at=row.steps[-1].at,
        service_version=row.service.version,
    )


def _entries(case: Case, ids: Ids) -> list[TimelineEntry]:
    before: list[Status | None] = [None, *case.life.statuses[:-1]]
    return [
        TimelineEntry(
            id=ids.key(),
            application_id=case.id,
            sequence=place + 1,
            move=step.move,
            before=before[place],
            after=case.life.statuses[place],
            actor_role=step.role.value,
            actor_id=None,
            ground=step.ground,
            note=step.words,
            at=step.at,
        )
        for place, step in enumerate(case.row.steps)
    ]


async def _add_certificates(
    tx: Transaction, cases: Sequence[Case], new: Sequence[Application], ids: Ids, kinds: CertificateKinds
) -> None:
    held = [(case, one) for case, one in zip(cases, new, strict=True) if case.row.certificate is not None]
    numbers = await draw_numbers(tx, ids, NumberKind.CERTIFICATE, len(held))
    made = []
    for (case, application), number in zip(held, numbers, strict=True):
        case.certificate_id = ids.key()
        made.append(_certificate(case, application, number, kinds))
    await certificates.add_many(tx, made)
    named = {case.row.certificate.number: case.certificate_id for case, _ in held if case.row.certificate}
    await aliases.add_many(tx, AliasKind.CERTIFICATE, named)


def _certificate(case: Case, application: Application, number: str, kinds: CertificateKinds) -> IssuedCertificate:
    row, certificate = case.row, case.row.certificate
    if certificate is None:
        raise ValueError("the row brings no certificate")
    return IssuedCertificate(
        id=case.certificate_id,
        number=number,
        application_id=case.id,
        citizen_id=application.citizen_id,
        service_code=application.service_code,
        department=application.department,
        district=application.district,
        doctype=row.service.doctype or "",
        uri=case.uri,
        name=row.service.name,
        holder=_holder(row, kinds).name,
        issued_on=certificate.issued_on,
        valid_until=certificate.valid_until,
        status=CertificateStatus.ACTIVE,
        pdf_sha256=case.pdf_sha256,
        xml_sha256=case.xml_sha256,
        issued_by=None,
        created_at=datetime.combine(certificate.issued_on, time.min, tzinfo=IST),
    )


async def _officer(tx: Transaction, case: Case, places: Places) -> str | None:
    """Who decides on an open one at its place; whoever is away has it taken over by the worker's next round."""
    if case.status not in OPEN:
        return None
    place = (case.row.service.department, case.row.district, case.row.tehsil, case.row.service.code)
    if place not in places.officers:
        department, district, tehsil, service = place
        posted = await people.posted_ids(
            tx,
            role=Role.OFFICER,
            level=OfficerLevel.DESIGNATED,
            department=department,
            district=district,
            tehsil=tehsil,
            service=service,
        )
        places.officers[place] = posted[0] if posted else None
    return places.officers[place]


def _import_record(case: Case) -> TakenOver:
    return TakenOver(case.id, case.slot.citizen_id, case.content, len(case.row.steps), case.status in OPEN)


async def _count(tx: Transaction, new: Sequence[Application]) -> None:
    """Figures, as if each case had been brought in here."""
    await figures.add_many(tx, {application.id: marks_of(figure_inputs(application)) for application in new})


def _line(case: Case, batch: Batch) -> audit.AuditLine:
    detail: dict[str, object] = {
        "version": len(case.row.steps),
        "status": case.status.value,
        "import": batch.before.id,
    }
    if case.certificate_id:
        detail["certificate"] = case.certificate_id
    return audit.AuditLine(batch.by, ACTION, ObjectKind.APPLICATION.value, case.id, Purpose.OPERATE.value, detail)
