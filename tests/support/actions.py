"""A small world for tests of verbs: the real store on SQLite, a few people, partners that answer as told."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import RecordFee, record_fee
from actions.applications.submit import NewDocument, SubmitApplication, submit_application
from actions.catalogue.files import FILES, CatalogueRows
from actions.certificates.content import CertificateContent, RenderedCertificate
from actions.kernel import Environment
from actions.kernel.case_reads import read_one
from domain.applications.applications import Application, Channel, DeliveryMode
from domain.benefits.benefits import PaymentStatus
from domain.certificates.signatures import SignatureState
from domain.kernel import (
    Bilingual,
    Citizen,
    Language,
    ManualClock,
    Officer,
    OfficerLevel,
    Operator,
    PersonKind,
    Posting,
    Role,
    Source,
    Sourced,
    SourceState,
    Subject,
)
from domain.officers.desk import ReadPurpose
from integrations.apisetu import CertificateRequest, DepartmentCertificate
from integrations.calling.errors import RemoteError
from integrations.dbt_finance import (
    BillEnquiry,
    BillReference,
    Correction,
    HeadBalance,
    InstructionOutcome,
    InstructionReceipt,
    PaymentInstruction,
    PaymentState,
)
from integrations.digilocker import IssuedDocument, LockerFile, LockerGrant
from states.packages import state_folder
from store.applications import applications
from store.identity import people
from store.identity.identities import LockerTokens, save_locker_grant

ROOT = Path(__file__).resolve().parents[2]
FREE, ORDER, PENSION, INCOME, NO_AMOUNT = "UKX-CNWTMC", "ES22", "ES90", "ES09", "SW22"
"""Birth Certificate (free), Employment Registration, Old Age Pension, Income Certificate, a scholarship."""
CLOSED = "PP02"
DEMO: Mapping[str, Any] = {
    file.stem: json.loads(file.read_text(encoding="utf-8")) for file in (ROOT / "demo").glob("*.json")
}
"""The files of demo/ by name."""


NATIONAL_HOLIDAYS = ("01-26", "08-15", "10-02")
"""The month and day of each."""


def shipped_rows() -> CatalogueRows:
    """The rows of the default state."""
    read: dict[str, Any] = {}
    for name, file in FILES.items():
        with (state_folder() / file).open(encoding="utf-8", newline="") as lines:
            read[name] = tuple(csv.DictReader(lines))
    return CatalogueRows(**read)


def catalogue_rows() -> CatalogueRows:
    """The rows of the default state, of the holidays the national ones: the day on which tests begin is another one."""
    rows = shipped_rows()
    return replace(rows, holidays=tuple(row for row in rows.holidays if row["date"][5:] in NATIONAL_HOLIDAYS))


class FakeLocker:
    """A locker that lists what it was given, or raises."""

    def __init__(self) -> None:
        self.documents: tuple[IssuedDocument, ...] = ()
        self.failure: RemoteError | None = None
        self.calls = 0
        self.content = b"%PDF-1.4\n%%EOF"
        self.signature = SignatureState.VERIFIED

    async def file(self, grant: LockerGrant, uri: str) -> LockerFile:
        if self.failure:
            raise self.failure
        return LockerFile(uri, "application/pdf", self.content, datetime(2026, 11, 24, tzinfo=UTC))

    async def certificate_xml(self, grant: LockerGrant, uri: str) -> LockerFile:
        return LockerFile(uri, "application/xml", b"<Certificate/>", datetime(2026, 11, 24, tzinfo=UTC))

    def signature_of(self, certificate: LockerFile) -> SignatureState:
        return self.signature

    async def issued_documents(self, grant: LockerGrant, *, anew: bool = False) -> Sourced[tuple[IssuedDocument, ...]]:
        self.calls += 1
        if self.failure:
            raise self.failure
        return Sourced(self.documents, Source.DIGILOCKER, SourceState.LIVE, datetime(2026, 11, 24, tzinfo=UTC))


class FakeDbt:
    """DBT finance that takes each bill once. Of those that are `known` it tells that they were approved."""

    def __init__(self) -> None:
        self.instructed: list[PaymentInstruction] = []
        self.corrected: list[Correction] = []
        self.known: set[str] = set()
        self.failure: RemoteError | None = None
        self.states: dict[str, PaymentState] = {}
        self.enquiries: dict[str, BillEnquiry] = {}
        self.enquired: list[str] = []
        self.shown: list[BillReference] = []
        self.budget_paise = 10**12
        self.asked_heads: list[str | None] = []

    async def confirm(self, bill: BillReference, order: PaymentInstruction | None = None) -> InstructionReceipt | None:
        if self.failure:
            raise self.failure
        return self._receipt(bill, known=True) if bill.bill_number in self.known else None

    async def instruct(self, instruction: PaymentInstruction) -> InstructionReceipt:
        known = instruction.bill_number in {one.bill_number for one in self.instructed}
        self.instructed.append(instruction)
        return self._receipt(instruction, known=known)

    async def correct(self, correction: Correction) -> InstructionReceipt:
        known = correction.bill_number in {one.bill_number for one in self.corrected}
        self.corrected.append(correction)
        return self._receipt(correction, known=known)

    async def head_balance(self, head_of_account: str | None, day: date) -> HeadBalance:
        self.asked_heads.append(head_of_account)
        if self.failure:
            raise self.failure
        return HeadBalance(head_of_account or "own", self.budget_paise, datetime(2026, 11, 24, tzinfo=UTC))

    async def payment_statuses(
        self, citizen_id: str, bills: Sequence[BillReference]
    ) -> Sourced[Mapping[str, PaymentState]]:
        if self.failure:
            raise self.failure
        self.shown += bills
        asked = {bill.end_to_end_id for bill in bills}
        found = {key: state for key, state in self.states.items() if key in asked}
        return Sourced(found, Source.DBT_FINANCE, SourceState.LIVE, datetime(2026, 11, 24, tzinfo=UTC))

    async def enquire(self, bill: BillReference) -> BillEnquiry:
        """What was told of a bill, else that it is where its state says."""
        self.enquired.append(bill.bill_number)
        if self.failure:
            raise self.failure
        told = self.enquiries.get(bill.bill_number)
        waits = PaymentState(PaymentStatus.INSTRUCTED, datetime(2026, 11, 24, tzinfo=UTC), awaits_approval=True)
        return told or BillEnquiry(self.states.get(bill.end_to_end_id, waits))

    def _receipt(self, bill: BillReference | PaymentInstruction | Correction, *, known: bool) -> InstructionReceipt:
        outcome = InstructionOutcome.ALREADY_KNOWN if known else InstructionOutcome.ACCEPTED
        return InstructionReceipt(bill.bill_number, bill.bill_date, "UK", outcome, datetime(2026, 11, 24, tzinfo=UTC))


class FakeApiSetu:
    """API Setu that answers every request alike."""

    def __init__(self) -> None:
        self.answer: Sourced[DepartmentCertificate] | RemoteError | None = None
        self.requests: list[CertificateRequest] = []

    def publishers(self) -> Mapping[str, Any]:
        return {}

    async def certificate(self, request: CertificateRequest) -> Sourced[DepartmentCertificate]:
        self.requests.append(request)
        if isinstance(self.answer, RemoteError):
            raise self.answer
        assert self.answer is not None, "no test said what API Setu answers"
        return self.answer


class FakeRenderer:
    """Makes documents that say only their number, and counts."""

    def __init__(self) -> None:
        self.rendered: list[CertificateContent] = []

    def render(self, content: CertificateContent) -> RenderedCertificate:
        self.rendered.append(content)
        xml = f"<Certificate number='{content.number}'/>"
        return RenderedCertificate(f"%PDF {content.number}".encode(), xml.encode())


@dataclass
class World:
    """The environment and who lives in it. Asha and Sunil live in Dehradun (district 49, tehsil 304)."""

    env: Environment
    clock: ManualClock
    locker: FakeLocker
    dbt: FakeDbt
    apisetu: FakeApiSetu
    asha: Subject
    sunil: Subject
    registrar: Subject
    tehsildar: Subject
    welfare: Subject
    employment: Subject
    elsewhere: Subject
    operator: Subject

    async def link_locker(self, citizen: Subject) -> None:
        """Give the citizen a locker whose tokens hold for an hour."""
        tokens = LockerTokens(
            "access", "refresh", self.clock.now().replace(year=2027), "files.issueddocs", None, "locker-1"
        )
        async with self.env.store.write_transaction() as tx:
            await save_locker_grant(tx, citizen.person_id or "", tokens, self.clock.now())

    async def submit(self, citizen: Subject, service: str = FREE, **changes: Any) -> Application:
        """Hand in a correct application; `changes` replace parts of the request."""
        return (await submit_application(self.env, citizen, request_for(service, **changes)))[0]

    async def read(
        self, subject: Subject, application_id: str, stated: ReadPurpose | None = None
    ) -> Application | None:
        """Look at an application, as every door does once it has found it."""
        async with self.env.store.read_transaction() as tx:
            application = await applications.get(tx, application_id)
        return await read_one(self.env, subject, application, stated)

    async def in_scrutiny(self, citizen: Subject, service: str, officer: Subject, **changes: Any) -> Application:
        """Hand in an application and pay its fee."""
        application = await self.submit(citizen, service, **changes)
        if application.fee_paise:
            fee = RecordFee(application.id, "R-1", application.fee_paise, f"fee-{application.id}")
            application = (await record_fee(self.env, officer, fee))[0]
        return application

    async def approved(self, citizen: Subject, service: str, officer: Subject, **changes: Any) -> Application:
        """Hand in, pay, approve."""
        application = await self.in_scrutiny(citizen, service, officer, **changes)
        request = Decide(application.id, Verdict.APPROVE, f"approve-{application.id}")
        return (await decide_application(self.env, officer, request))[0]


def request_for(service: str, **changes: Any) -> SubmitApplication:
    """A correct request for a service that asks for no papers, or with the papers that were given."""
    request = SubmitApplication(
        service_code=service,
        district="49",
        tehsil="304",
        channel=Channel.WEB,
        delivery=DeliveryMode.PORTAL,
        form={"father_name": "Bachan Singh", "bank_account_number": "30000000100", "bank_ifsc": "DEMO0000001"},
        documents=(),
        idempotency_key=f"key-{service}",
    )
    return replace(request, **changes)


def papers(*keys: str, uri: str = "in.gov.pan-PANCR-1") -> tuple[NewDocument, ...]:
    """One document of the locker for each key."""
    return tuple(NewDocument(key, uri) for key in keys)


async def people_of_the_world(env: Environment) -> dict[str, Subject]:
    """Enter citizens, officers and an operator, and give them as subjects."""
    asha, sunil = _citizen(env, "Asha Negi", "आशा नेगी"), _citizen(env, "Sunil Rawat", "सुनील रावत")
    officers = {
        "registrar": _officer(env, "registrar", "panchayati-raj-development", "49", None),
        "tehsildar": _officer(env, "tehsildar", "revenue-department", "49", "304"),
        "welfare": _officer(env, "welfare", "social-welfare-development", "49", None),
        "employment": _officer(env, "employment", "employment-dept", "49", None),
        "elsewhere": _officer(env, "elsewhere", "panchayati-raj-development", "50", None),
    }
    operator = Operator(env.ids.key(), Bilingual("विक्रम", "Vikram"), "500100010011", Bilingual(None, "CSC"), "49", None)
    async with env.store.write_transaction() as tx:
        for citizen in (asha, sunil):
            await people.add_citizen(tx, citizen)
        for officer in (*officers.values(), *_administrators()):
            await people.add_officer(tx, officer)
        await people.add_operator(tx, operator)
    return {
        "asha": Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, asha.id),
        "sunil": Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, sunil.id),
        "operator": Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, operator.id, on_behalf_of=asha.id),
        **{
            name: Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, officer.id, officer.postings)
            for name, officer in officers.items()
        },
    }


def _citizen(env: Environment, english: str, hindi: str) -> Citizen:
    return Citizen(
        id=env.ids.key(),
        name=Bilingual(hindi, english),
        born_on=date(1984, 3, 14),
        gender="F",
        mobile="9800000001",
        district="49",
        tehsil="304",
        language=Language.HI,
        created_at=env.clock.now(),
    )


def _administrators() -> Iterator[Officer]:
    """Two, by whose ids tests of staff act (tests/support/staffing.py)."""
    for key in ("admin", "second-admin"):
        title = Bilingual("प्रशासक", "Administrator")
        yield Officer(key, Bilingual(None, key), title, f"{key}@officer.example", (Posting(Role.ADMIN),))


def _officer(env: Environment, name: str, department: str, district: str, tehsil: str | None) -> Officer:
    posting = Posting(Role.OFFICER, department, district, tehsil, OfficerLevel.DESIGNATED)
    title = Bilingual("अधिकारी", "Officer")
    return Officer(env.ids.key(), Bilingual(None, name), title, f"{name}@officer.example", (posting,))
