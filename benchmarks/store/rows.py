"""The rows of synthetic applications, made by the store's own encoders: what production writes for the same life."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from hashlib import sha256
from typing import Any, cast

from benchmarks.store.cases import (
    LIMIT_DAYS,
    LIVES,
    NOW,
    Case,
    Population,
    born_on,
    citizen_id,
    mobile_of,
    name_of,
)
from benchmarks.store.chunks import Chunk
from benchmarks.store.ledger_rows import add_day
from domain.applications.applications import Application, Decision, DeliveryMode, RejectionGround, TimelineEntry
from domain.applications.deadline import DayUnit, TimeLimit, end_of_day
from domain.applications.lifecycle import Move, Status
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.feedback.notices import OF_MOVES, Notice, NoticeKind, Topic
from domain.kernel import (
    Bilingual,
    Citizen,
    Clock,
    Language,
    NumberKind,
    Officer,
    OfficerLevel,
    Posting,
    Role,
    ist_date,
    make_number,
)
from domain.kernel.ids import uuid7
from domain.statistics.figures import figure_inputs, marks_of
from store.applications import application_rows, timeline
from store.certificates import certificates
from store.database import FieldCipher, Transaction, audit
from store.feedback import notices
from store.identity import contacts, people
from store.platform import outbox

SHEET = b"%PDF-1.4\n% A synthetic certificate; it stands for all of them.\n%%EOF\n"
"""The file of every certificate: files grow with their number, and are no rows."""

STEPS = 8
"""Room for the steps of one application in numbers made from its own."""

_REFUSED = "Synthetic: the report of the field did not confirm what was said in the application."
_ASKED = "Synthetic: please say where you lived in 2024."

FIRST_LINE = 10_000
"""The first number of audit lines; before it are those of the catalogue's import."""

_ACTORS: Mapping[Move, tuple[str, str]] = {
    Move.SUBMIT: ("CITIZEN", "APPLY"),
    Move.ASK_FEE: ("CITIZEN", "APPLY"),
    Move.BEGIN_SCRUTINY: ("CITIZEN", "APPLY"),
    Move.ISSUE_CERTIFICATE: ("SYSTEM", "OPERATE"),
    Move.DELIVER: ("SYSTEM", "OPERATE"),
}
"""Who takes a step and for what purpose; the others are an officer's, who decides."""

_UNTOLD = frozenset({Move.SUBMIT, Move.ISSUE_CERTIFICATE})
"""She took the step herself, or is told of the delivery at once."""


@dataclass(frozen=True)
class Writer:
    """Makes the rows of a population. With `audited` the audit log's too."""

    population: Population
    officers: Mapping[tuple[str, str], str]
    cipher: FieldCipher
    clock: Clock
    audited: bool

    @property
    def tx(self) -> Transaction:
        """What the encoders take their cipher from; they ask the database nothing."""
        return Transaction(cast("Any", None), self.cipher, self.clock, writable=False)

    def citizens(self, numbers: Iterable[int]) -> Chunk:
        """The rows of citizens."""
        chunk, tx = Chunk(), self.tx
        for number in numbers:
            home = self.population.home(number)
            citizen = Citizen(
                id=citizen_id(number),
                name=name_of(number),
                born_on=born_on(number),
                gender="F" if number % 2 else "M",
                mobile=mobile_of(number),
                district=home.district,
                tehsil=home.code,
                language=Language.HI,
                created_at=NOW,
            )
            chunk.add(people.citizens_table, people.values_of(tx, citizen))
            chunk.add(contacts.contacts_table, contacts.values_of(tx, citizen.id, citizen.mobile))
        return chunk

    def applications(self, numbers: Iterable[int]) -> Chunk:
        """The rows of applications with all that belongs to each, and what they add to the sums."""
        return self.cases(map(self.population.case, numbers))

    def cases(self, cases: Iterable[Case]) -> Chunk:
        """The same of cases that are given."""
        chunk, tx = Chunk(), self.tx
        for case in cases:
            self._one(chunk, tx, case)
        return chunk

    def days(self, numbers: Iterable[int]) -> Chunk:
        """The ledger of some days of disposals, sealed."""
        chunk = Chunk()
        for number in numbers:
            add_day(chunk, self.population, number)
        return chunk

    def _one(self, chunk: Chunk, tx: Transaction, case: Case) -> None:
        officer = self.officers[case.service.department or "", case.district]
        one = application_of(case, officer)
        chunk.add(application_rows.applications_table, application_rows.APPLICATIONS.values(tx, one))
        chunk.marks.update(marks_of(figure_inputs(one)))
        before: Status | None = None
        for sequence, (move, after) in enumerate(((Move.SUBMIT, Status.SUBMITTED), *LIVES[case.status]), 1):
            entry = _entry(case, officer, sequence, move, before, after)
            chunk.add(timeline.timeline_table, timeline.ENTRIES.values(tx, entry) | {"citizen_id": one.citizen_id})
            if self.audited:
                line_id = FIRST_LINE + case.number * STEPS + sequence
                chunk.add(audit.audit_lines_table, {"id": line_id, **_audit_row(entry)})
            _told(tx, chunk, one, entry)
            before = after
        if case.status in (Status.DELIVERED, Status.APPROVED):
            chunk.add(outbox.outbox_table, _message(tx, case, one))
        if case.status is Status.DELIVERED:
            issued = _certificate(case, officer)
            chunk.add(certificates.certificates_table, certificates.CERTIFICATES.values(tx, issued))


def officers_of(population: Population) -> list[Officer]:
    """A designated officer of every department in every district."""
    departments = sorted({one.department for one in population.services if one.department})
    districts = sorted({one.district for one in population.tehsils})
    pairs = [(department, district) for department in departments for district in districts]
    return [
        Officer(
            uuid7(0, number),
            Bilingual(None, f"Synthetic officer {number}"),
            Bilingual("अधिकारी", "Officer"),
            f"synthetic-{number}@officer.example",
            (Posting(Role.OFFICER, department, district, None, OfficerLevel.DESIGNATED),),
        )
        for number, (department, district) in enumerate(pairs)
    ]


def application_of(case: Case, officer: str) -> Application:
    """The application as it stands."""
    started = case.status is not Status.FEE_PENDING
    decided = case.status in (Status.DELIVERED, Status.APPROVED, Status.REJECTED)
    refused = case.status is Status.REJECTED
    last = case.ended_at or (case.acted_at if len(LIVES[case.status]) > 1 else case.submitted_at)
    return Application(
        id=case.id,
        number=number_of(NumberKind.APPLICATION, case),
        acknowledgement=number_of(NumberKind.ACKNOWLEDGEMENT, case),
        citizen_id=case.owner,
        service_code=case.service.code,
        department=case.service.department,
        district=case.district,
        tehsil=case.tehsil,
        channel=case.channel,
        delivery=DeliveryMode.PORTAL,
        status=case.status,
        version=len(LIVES[case.status]) + 1,
        form=_form(case),
        fee_paise=case.service.fee_paise,
        officer_id=officer,
        limit=TimeLimit(LIMIT_DAYS, DayUnit.CALENDAR_DAYS, "synthetic") if started else None,
        clock_started_at=case.submitted_at if started else None,
        paused_since=case.acted_at if case.status is Status.QUERY_RAISED else None,
        due_at=end_of_day(ist_date(case.submitted_at) + timedelta(days=LIMIT_DAYS)) if started else None,
        decision=Decision(
            not refused,
            RejectionGround.FACTS_NOT_CONFIRMED if refused else None,
            _REFUSED if refused else None,
            officer,
            case.ended_at if refused and case.ended_at else case.acted_at,
        )
        if decided
        else None,
        created_at=case.submitted_at,
        submitted_at=case.submitted_at,
        delivered_at=case.ended_at if case.status is Status.DELIVERED else None,
        updated_at=last,
        service_version=case.service.version,
    )


def number_of(kind: NumberKind, case: Case) -> str:
    """A reference number made from the case's own; production draws its ten digits."""
    return make_number(kind, case.submitted_at.year, f"{case.number:010d}")


def _form(case: Case) -> dict[str, str]:
    """Ten answers, about as long as those of an income certificate."""
    name = name_of(case.citizen).en
    return {
        "applicant_name": name,
        "father_name": f"{name} senior",
        "mother_name": f"{name} mother",
        "birth_date": born_on(case.citizen).isoformat(),
        "mobile": mobile_of(case.citizen),
        "village": f"Synthetic village {case.tehsil}",
        "address": f"House {case.number % 900}, ward {case.number % 40}, district {case.district}",
        "yearly_income": str(30_000 + case.number % 900_000),
        "purpose": "SYNTHETIC",
        "declaration": "true",
    }


def _entry(case: Case, officer: str, sequence: int, move: Move, before: Status | None, after: Status) -> TimelineEntry:
    role, _ = _ACTORS.get(move, ("OFFICER", "DECIDE"))
    actor = {"CITIZEN": case.owner, "OFFICER": officer}.get(role)
    at = case.acted_at if role == "OFFICER" else case.submitted_at
    if case.ended_at is not None and (move is Move.REJECT or role == "SYSTEM"):
        at = case.ended_at
    refused, asked = move is Move.REJECT, move is Move.RAISE_QUERY
    return TimelineEntry(
        id=uuid7(int(at.timestamp() * 1000), case.number * STEPS + sequence),
        application_id=case.id,
        sequence=sequence,
        move=move,
        before=before,
        after=after,
        actor_role=role,
        actor_id=actor,
        ground=RejectionGround.FACTS_NOT_CONFIRMED if refused or asked else None,
        note=_REFUSED if refused else _ASKED if asked else None,
        at=at,
        holder_id=officer,
    )


def _audit_row(entry: TimelineEntry) -> dict[str, Any]:
    _, purpose = _ACTORS.get(entry.move, ("OFFICER", "DECIDE"))
    line = audit.AuditLine(
        actor_label=f"{entry.actor_role}:{entry.actor_id}" if entry.actor_id else entry.actor_role,
        action=f"application.{entry.move.value.lower()}",
        object_kind="APPLICATION",
        object_id=entry.application_id,
        purpose=purpose,
        detail={"version": entry.sequence, "status": entry.after.value},
    )
    return {**audit.values_of(line, entry.at.astimezone(UTC)), "sealed": True}


def _told(tx: Transaction, chunk: Chunk, one: Application, entry: TimelineEntry) -> None:
    kind: NoticeKind | None = OF_MOVES.get(entry.move)
    if kind is None or entry.move in _UNTOLD:
        return
    notice = Notice(
        id=uuid7(int(entry.at.timestamp() * 1000), (1 << 60) + int(entry.id[-12:], 16)),
        citizen_id=one.citizen_id,
        kind=kind,
        topic=Topic.APPLICATION,
        topic_id=one.id,
        application_id=one.id,
        event_key=f"{kind.value}:{one.id}:{entry.sequence}",
        created_at=entry.at,
        params={"number": one.number},
    )
    chunk.add(notices.notices_table, notices.NOTICES.values(tx, notice))


def _message(tx: Transaction, case: Case, one: Application) -> dict[str, Any]:
    """The order to issue the certificate, which the worker has done where it was delivered."""
    done = case.status is Status.DELIVERED
    return {
        "id": case.number + 1,
        "topic": "certificate.issue",
        "key": one.id,
        "application_id": one.id,
        "payload": outbox.encrypt_payload(tx, "certificate.issue", one.id, {"application_id": one.id}),
        "state": (outbox.OutboxState.DELIVERED if done else outbox.OutboxState.PENDING).value,
        "attempts": int(done),
        "created_at": case.acted_at,
        "due_at": case.acted_at,
        "delivered_at": case.acted_at if done else None,
    }


def _certificate(case: Case, officer: str) -> IssuedCertificate:
    content = sha256(SHEET).hexdigest()
    ended = case.ended_at or NOW
    return IssuedCertificate(
        id=uuid7(int(ended.timestamp() * 1000), case.number),
        number=number_of(NumberKind.CERTIFICATE, case),
        application_id=case.id,
        citizen_id=case.owner,
        service_code=case.service.code,
        department=case.service.department,
        district=case.district,
        doctype=case.service.doctype or "SYNTH",
        uri=f"in.gov.uk.apunisarkar-{case.service.doctype or 'SYNTH'}-{case.number:010d}",
        name=case.service.name,
        holder=name_of(case.citizen),
        issued_on=ist_date(ended),
        valid_until=None,
        status=CertificateStatus.ACTIVE,
        pdf_sha256=content,
        xml_sha256=content,
        issued_by=officer,
        created_at=ended,
    )
