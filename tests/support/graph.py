"""A small world behind the graph: a real store with a handful of rows, real verbs, partners that a test can stop."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import strawberry.federation

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.submit import NewDocument, SubmitApplication, submit_application
from actions.kernel import Environment, Partners, Rules
from actions.registry import REGISTRY
from domain.applications.applications import Application, Channel, DeliveryMode
from domain.applications.deadline import ListState, WorkCalendar
from domain.benefits.benefits import PaymentStatus
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.certificates.signatures import SignatureState
from domain.kernel import (
    Bilingual,
    Citizen,
    Clock,
    Language,
    Officer,
    OfficerLevel,
    Operator,
    PersonKind,
    Posting,
    Provider,
    Role,
    SeededIds,
    Source,
    Sourced,
    SourceState,
    Subject,
)
from integrations.apisetu import ApiSetu, ApiSetuSettings
from integrations.calling.errors import RemoteError
from integrations.calling.monitor import SourceMonitor
from integrations.dbt_finance import BillReference, HeadBalance, PaymentState
from integrations.digilocker import EAadhaar, Folder, IssuedDocument, LockerFile, LockerGrant, Pulled, PullState
from integrations.umang import BloodBank, Mandi, Medicine, Member, RationCard
from schema.kernel import Context
from store.certificates import certificates
from store.database import EncryptedObjects, Keyrings, LocalBlobs, Store
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument
from store.identity import identities, people
from store.identity.identities import LockerTokens
from tests.support.graph_catalogue import enter_catalogue
from tests.support.plans import statements_of
from tests.support.state import LAW, STATE

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
ASHA, RAVI, ANITA, FARAWAY = (f"01930000-0000-7000-8000-00000000000{n}" for n in range(1, 5))
LOCKER_URI = "in.gov.uidai-ADHAR-1"
CERTIFICATE_NUMBER = "22612345678902"
PDF = b"%PDF-1.7 a certificate"
PAPERS = (NewDocument("id-proof", LOCKER_URI),)

CITIZEN = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, ASHA, district="49")
NEIGHBOUR = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, RAVI, district="49")
_POSTING = Posting(Role.OFFICER, "revenue-department", "49", None, OfficerLevel.DESIGNATED)
_POSTINGS = (_POSTING, Posting(Role.OFFICER, "social-welfare", "49", None, OfficerLevel.DESIGNATED))
_ELSEWHERE = (Posting(Role.OFFICER, "revenue-department", "45", None, OfficerLevel.DESIGNATED),)
OFFICER = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, ANITA, _POSTINGS)
STRANGE_OFFICER = Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, FARAWAY, _ELSEWHERE)


@dataclass
class Down:
    """Partners that do not answer, by source, with the error that they raise."""

    errors: dict[Source, RemoteError] = field(default_factory=dict)

    def check(self, source: Source) -> None:
        """Raise the error that a test set for the source."""
        if source in self.errors:
            raise self.errors[source]


@dataclass(frozen=True)
class Locker:
    """Stands in for DigiLocker: one document."""

    down: Down

    async def issued_documents(self, grant: LockerGrant, *, anew: bool = False) -> Sourced[tuple[IssuedDocument, ...]]:
        """The list."""
        self.down.check(Source.DIGILOCKER)
        item = IssuedDocument(LOCKER_URI, "Aadhaar Card", "ADHAR", "UIDAI", "in.gov.uidai", ("application/pdf",), NOW)
        return Sourced((item,), Source.DIGILOCKER, SourceState.LIVE, NOW)

    async def file(self, grant: LockerGrant, uri: str) -> LockerFile:
        """The file."""
        self.down.check(Source.DIGILOCKER)
        return LockerFile(uri, "application/pdf", b"%PDF-1.4", NOW)

    @property
    def drive(self) -> "Drawer":
        """Her own files."""
        return Drawer(self.down)

    @property
    def eaadhaar(self) -> "Drawer":
        """Her e-Aadhaar."""
        return Drawer(self.down)

    @property
    def pulling(self) -> "Drawer":
        """What can be pulled."""
        return Drawer(self.down)


@dataclass(frozen=True)
class Drawer:
    """The parts of the locker: an empty folder, a masked card, no issuers."""

    down: Down

    async def folder(self, grant: LockerGrant, folder_id: str = "") -> Sourced[Folder]:
        """The folder."""
        self.down.check(Source.DIGILOCKER)
        return Sourced(Folder("/", ()), Source.DIGILOCKER, SourceState.LIVE, NOW)

    async def read(self, grant: LockerGrant, keep: object) -> EAadhaar:
        """The card."""
        self.down.check(Source.DIGILOCKER)
        return EAadhaar(None, "1234", "Asha Negi", date(1984, 3, 14), "F", {}, {}, SignatureState.UNSIGNED, NOW)

    async def issuers(self) -> tuple[()]:
        """Nobody."""
        self.down.check(Source.DIGILOCKER)
        return ()

    async def doctypes(self, org_id: str) -> tuple[()]:
        """Nothing."""
        return await self.issuers()

    async def parameters(self, org_id: str, doctype: str) -> tuple[()]:
        """Nothing."""
        return await self.issuers()

    async def pull(self, grant: LockerGrant, org_id: str, doctype: str, parameters: Mapping[str, str]) -> Pulled:
        """There already."""
        self.down.check(Source.DIGILOCKER)
        return Pulled(PullState.ALREADY_THERE)


@dataclass(frozen=True)
class Finance:
    """Stands in for DBT finance: every payment came back, and every head of account holds ten thousand rupees."""

    down: Down

    async def head_balance(self, head_of_account: str | None, day: date) -> HeadBalance:
        """What is left."""
        self.down.check(Source.DBT_FINANCE)
        return HeadBalance(head_of_account or "own", 1_000_000, NOW)

    async def payment_statuses(
        self, citizen_id: str, bills: Sequence[BillReference]
    ) -> Sourced[Mapping[str, PaymentState]]:
        """The states."""
        self.down.check(Source.DBT_FINANCE)
        state = PaymentState(PaymentStatus.RETURNED, NOW, "1234", "53")
        return Sourced({bill.end_to_end_id: state for bill in bills}, Source.DBT_FINANCE, SourceState.CACHED, NOW)


@dataclass(frozen=True)
class Ration:
    """Stands in for UMANG: one card."""

    down: Down

    async def ration_card(self, citizen_id: str, card_number: str, language: Language) -> Sourced[RationCard]:
        """The card."""
        self.down.check(Source.UMANG)
        card = RationCard(
            card_number, "NFSA", "Dehradun", "FPS1", (Member("Asha Negi", "SELF"), Member("Ravi Rawat", "SON"))
        )
        return Sourced(card, Source.UMANG, SourceState.STALE, NOW)

    @property
    def central(self) -> "Union":
        """Services for everybody."""
        return Union(self.down)


@dataclass(frozen=True)
class Union:
    """Stands in for services of the Union: one market, one medicine without a price, one blood bank."""

    down: Down

    async def mandis(self, district: str, language: Language) -> Sourced[tuple[Mandi, ...]]:
        """The market of the district."""
        self.down.check(Source.UMANG)
        return Sourced((Mandi(f"{district} Mandi", district),), Source.UMANG, SourceState.LIVE, NOW)

    async def medicines(self, name: str, language: Language) -> Sourced[tuple[Medicine, ...]]:
        """A medicine of that name."""
        self.down.check(Source.UMANG)
        return Sourced((Medicine("100", name, "10's", None),), Source.UMANG, SourceState.CACHED, NOW)

    async def blood(self, district: str, language: Language) -> Sourced[tuple[BloodBank, ...]]:
        """A blood bank of the district."""
        self.down.check(Source.UMANG)
        bank = BloodBank(f"{district} Blood Centre", None, None, (("AB-", 2),))
        return Sourced((bank,), Source.UMANG, SourceState.STALE, NOW)


@dataclass(frozen=True)
class World:
    """The schema over an environment."""

    graph: strawberry.federation.Schema
    environment: Environment
    monitor: SourceMonitor
    down: Down

    def context(
        self, subject: Subject, language: Language = Language.EN, *, idempotency_key: str | None = None
    ) -> Context:
        """The context of one operation."""
        return Context("request-1", subject, language, self.environment, self.monitor, idempotency_key)

    async def ask(self, query: str, subject: Subject, language: Language = Language.EN, **variables: Any) -> Any:
        """Run an operation and give the result as it would be sent."""
        return await self.run(query, self.context(subject, language), variables)

    async def run(self, query: str, context: Context, variables: Mapping[str, Any]) -> Any:
        """Run an operation in a context."""
        result = await self.graph.execute(query, variable_values=dict(variables), context_value=context)
        return {
            "data": result.data,
            "errors": [error.formatted for error in result.errors or ()],
            "extensions": result.extensions,
        }

    async def submit(self, code: str = "ES09", subject: Subject = CITIZEN, key: str | None = None) -> Application:
        """Hand in an application by the real verb; with another key another one, once the first is closed."""
        request = SubmitApplication(
            service_code=code,
            district="49",
            tehsil="304",
            channel=Channel.WEB,
            delivery=DeliveryMode.PORTAL,
            form={"purpose": "school", "bank_account_number": "1234567890", "bank_ifsc": "SBIN0000001"},
            documents=PAPERS if code == "ES09" else (),
            idempotency_key=key or f"{code}-{subject.person_id}",
        )
        return (await submit_application(self.environment, subject, request))[0]

    async def approve(self, application: Application) -> Application:
        """Approve an application by the real verb."""
        request = Decide(application.id, Verdict.APPROVE, f"approve-{application.id}")
        return (await decide_application(self.environment, OFFICER, request))[0]

    def statements(self) -> AbstractContextManager[list[str]]:
        return statements_of(self.environment.store)


def environment(store: Store, keyrings: Keyrings, clock: Clock, folder: Path, down: Down) -> Environment:
    """An environment over the given store; there is no vault and no identity provider, and API Setu is empty."""
    absent: Any = None
    stands_in: Any = (Locker(down), Finance(down), Ration(down))
    market = ApiSetu(absent, ApiSetuSettings("nobody", "no key"), clock)
    return Environment(
        registry=REGISTRY,
        store=store,
        vault=absent,
        objects=EncryptedObjects(LocalBlobs(folder), keyrings),
        keyrings=keyrings,
        clock=clock,
        ids=SeededIds(clock, "graph"),
        rules=Rules(
            law=LAW, issuer_id=STATE.issuer_id, calendar=WorkCalendar("test-1", lists={NOW.year: ListState.VERIFIED})
        ),
        partners=Partners(digilocker=stands_in[0], apisetu=market, umang=stands_in[2], dbt=stands_in[1], identity={}),
        public_url="http://gateway.test",
    )


async def seed(env: Environment) -> None:
    """Two districts, four services, a scheme, two citizens, two officers, an operator; a locker and a ration card."""
    async with env.store.write_transaction() as tx:
        await enter_catalogue(tx)
        for citizen in (_citizen(ASHA, "Asha Negi", "आशा नेगी"), _citizen(RAVI, "Ravi Rawat", "रवि रावत")):
            await people.add_citizen(tx, citizen)
        await people.add_officer(tx, _officer(ANITA, "anita", _POSTINGS))
        await people.add_officer(tx, _officer(FARAWAY, "faraway", _ELSEWHERE))
        await people.add_operator(
            tx, Operator("op1", Bilingual("विक्रम", "Vikram"), "500100010011", Bilingual("केंद्र", "Centre"), "49", "304")
        )
        await identities.add_identity(tx, Provider.MERI_PEHCHAAN, "DL-asha", PersonKind.CITIZEN, ASHA, NOW, "HIGH")
        tokens = LockerTokens("access", "refresh", NOW.replace(year=2027), "files", None, "locker-asha")
        await identities.save_locker_grant(tx, ASHA, tokens, NOW)
        card = DepartmentDocument(
            "dd1",
            ASHA,
            "onorc",
            "RATION",
            Bilingual("राशन कार्ड", "Ration Card"),
            {"CardNumber": "0512345678"},
            {"consent": {"data": {"id": "RATION"}}},
            None,
        )
        await department_documents.add(tx, card)


async def add_certificate(env: Environment, application: Application) -> IssuedCertificate:
    """Keep a certificate of an application with its file."""
    sha256 = await env.objects.put(PDF, "application/pdf")
    certificate = IssuedCertificate(
        id=env.ids.key(),
        number=CERTIFICATE_NUMBER,
        application_id=application.id,
        citizen_id=application.citizen_id,
        service_code=application.service_code,
        department=application.department,
        district=application.district,
        doctype="INCER",
        uri="in.gov.uk.apunisarkar-INCER-1",
        name=Bilingual("आय प्रमाण पत्र", "Income Certificate"),
        holder=Bilingual("आशा नेगी", "Asha Negi"),
        issued_on=date(2026, 11, 24),
        valid_until=None,
        status=CertificateStatus.ACTIVE,
        pdf_sha256=sha256,
        xml_sha256=sha256,
        issued_by=ANITA,
        created_at=NOW,
    )
    async with env.store.write_transaction() as tx:
        await certificates.add(tx, certificate)
    return certificate


def _citizen(key: str, name_en: str, name_hi: str) -> Citizen:
    return Citizen(
        id=key,
        name=Bilingual(name_hi, name_en),
        born_on=date(1984, 3, 14),
        gender="F",
        mobile="9800000001",
        district="49",
        tehsil="304",
        language=Language.HI,
        created_at=NOW,
    )


def _officer(key: str, name: str, postings: tuple[Posting, ...]) -> Officer:
    designation = Bilingual("तहसीलदार", "Tehsildar")
    return Officer(key, Bilingual(None, name.title()), designation, f"{name}@officer.example", postings)
