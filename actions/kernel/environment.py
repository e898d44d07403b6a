"""The environment that every action receives: store, partners, clock, identifiers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from actions.kernel.scanner import EicarScanner, Scanner
from domain.appeals.law import Law
from domain.applications.deadline import CalendarBoard, OfficeWeek, WorkCalendar
from domain.benefits.benefits import Rail
from domain.catalogue.search import IndexCache
from domain.certificates.kinds import CertificateKinds
from domain.etaal.counting import DayCountCache
from domain.feedback.feedback import CareRules
from domain.feedback.message_texts import EventTexts
from domain.feedback.messages import ChannelCosts, MessageChannel
from domain.fees.fees import FeeRules
from domain.identity.kept_sessions import KeptSessions, VerifiedTokens
from domain.identity.sign_on import SignOnRules
from domain.kernel import Clock, ErrorCode, Ids, Provider, Source
from domain.officers.desk import DeskRules
from domain.payments.files import PaymentRules
from domain.statistics.baseline import BaselineFigure
from domain.statistics.cell_suppression import SuppressedCells, SuppressedPairs, SuppressionCache
from domain.umang.enquiries import RecentEnquiries
from domain.uploads.files import FileRules
from domain.uploads.pdf_content import problem_of_pdf
from integrations.apisetu import ApiSetu
from integrations.csc import CscBridge
from integrations.dbt_finance import DbtBharat, DbtFinance
from integrations.dbt_finance.pfms import Pfms
from integrations.digilocker import DigiLocker
from integrations.email import Mailer
from integrations.etaal import EtaalPush
from integrations.event_receivers.client import ReceiverCalls
from integrations.push import Push
from integrations.right_to_service import RightToService
from integrations.sms import SmsGateway
from integrations.sso import IdentityProvider
from integrations.treasury import Treasury
from integrations.trust_services import ExaminedSignature, TrustSettings
from integrations.umang import Umang
from integrations.whatsapp import WhatsApp
from store.database import EncryptedObjects, Keyrings, Store
from store.database.vault import Vault
from store.privacy.erasures import ErasureList

if TYPE_CHECKING:
    from actions.kernel.hooks import (
        BeginSteps,
        ConsentFollower,
        ConsentScopes,
        FeeCases,
        ReassignAppeal,
        WaitForSecondOfficer,
    )
    from actions.kernel.transitions import Follower
    from actions.training import Trainer
T = TypeVar("T")


async def _signatures_in(content: bytes, settings: TrustSettings, now: datetime) -> list[ExaminedSignature] | None:
    from integrations.trust_services.pdf_signatures import examine_pdf

    return await asyncio.to_thread(examine_pdf, content, settings, now)


async def _problem_of_pdf(content: bytes) -> ErrorCode | None:
    return await asyncio.to_thread(problem_of_pdf, content)


async def _nothing_kept(citizen_id: str) -> bool:
    del citizen_id
    return True


@dataclass(frozen=True, slots=True)
class Partners:
    """The outside systems that verbs ask."""

    digilocker: DigiLocker
    apisetu: ApiSetu
    umang: Umang
    dbt: DbtFinance
    identity: Mapping[Provider, IdentityProvider]
    sms: SmsGateway | None = None
    """Carries messages and one-time codes to telephones; None where the state has no account with a provider."""
    email: Mailer | None = None
    """The state's mail server; None where none is connected."""
    push: Push | None = None
    """FCM and APNs; None where the state has an account with neither."""
    whatsapp: WhatsApp | None = None
    """Our number at WhatsApp; None where the state has none."""
    commission: RightToService | None = None
    """The Right to Service Commission's system; None where it is not connected."""
    receivers: ReceiverCalls | None = None
    """Tells receivers of events; None where a command opens no outside systems."""
    etaal: EtaalPush | None = None
    """Takes our counts of a day; None where e-Taal only pulls them."""
    pfms: Pfms | None = None
    """None where the state pays by the treasury's REST service alone."""
    treasury: Treasury | None = None
    """The state treasury's e-Challan; None where fees are taken at counters alone."""
    wallet: CscBridge | None = None
    """The wallet of centre operators; None where the merchant centre has not enrolled us."""
    bharat: DbtBharat | None = None
    """Takes the monthly figures of each scheme; None where the state reports by hand."""
    scanner: Scanner = field(default_factory=EicarScanner)
    """Looks into files that people hand in before they are taken."""
    others: Mapping[str, Any] = field(default_factory=dict)
    """The clients of systems that have no field here, by their names."""
    forget_citizen: Callable[[str], Awaitable[bool]] = field(default=_nothing_kept)
    """Drops every cached answer about a citizen; False where the shared cache was unavailable, so ask again."""

    def find(self, client: type[T]) -> T | None:
        """The client of a system that has no field here, by its class; None where it is not connected."""
        return next((each for each in self.others.values() if isinstance(each, client)), None)


@dataclass(frozen=True, slots=True)
class Registry:
    """What the nouns have registered with the kernel, which knows none of them."""

    followers: tuple["Follower", ...]
    """What happens after each transition of an application, in this order and in its transaction."""
    consent_followers: tuple["ConsentFollower", ...]
    """What happens when a consent was granted, or before it ends, in the transaction of that step."""
    consent_scopes: "ConsentScopes"
    """What a consent for departments' systems can name, as `connector/<system>/<kind>`."""
    wait_for_second_officer: "WaitForSecondOfficer"
    """Keeps a verdict as a proposal where the rules of the desk ask for a second officer, and tells whether it did."""
    begin_steps: "BeginSteps"
    """Begins what a service's definition has begin by itself after a step; gives the application as it then is."""
    reassign_appeal: "ReassignAppeal"
    """Gives an appeal to another officer; False where that officer has it already."""
    fee_cases: "FeeCases"
    """What resolving a finance case means for a fee."""
    outside_topics: Mapping[str, Source]
    """The outbox topics that reach an outside system on behalf of an application, and which system it is."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the law, the state and the operator have laid down; the same while the process lives."""

    calendar: WorkCalendar
    """The calendar of working days that was there at the start."""
    law: Law
    issuer_id: str
    """The issuer's name in the URI of every certificate."""
    five_day_offices: frozenset[str] = frozenset()
    """Departments whose offices have a five-day week, as `department`, or as `department/district` in one district."""
    rails: Mapping[str, Rail] = field(default_factory=dict)
    """Schemes, by code, whose money goes another way than the catalogue says."""
    desk: DeskRules = field(default_factory=DeskRules)
    care: CareRules = field(default_factory=CareRules)
    files: FileRules = field(default_factory=FileRules)
    sign_on: SignOnRules = field(default_factory=SignOnRules)
    payments: PaymentRules = field(default_factory=PaymentRules)
    """When batches for PFMS are made, and how large."""
    fees: FeeRules = field(default_factory=FeeRules)
    """The portal's charge, and after which steps a fee that was paid online goes back."""

    baseline: tuple[BaselineFigure, ...] = ()
    """The figures that the state gives of itself."""

    message_texts: Mapping[str, EventTexts] = field(default_factory=dict)
    """The registered texts of messages by their events: `NoticeKind` names, and `CODE_` with the kind of a code."""

    certificate_kinds: CertificateKinds = field(default_factory=CertificateKinds)
    """The kinds of certificates that the state has templates for."""

    message_costs: Mapping[MessageChannel, ChannelCosts] = field(default_factory=dict)
    """What messages cost and may cost, by channel; a channel that is left out costs nothing."""

    specimen: bool = False
    """Whether messages and papers say that they are specimens, as in staging."""

    recorded_examples: bool = False
    """Whether a connector goes live only with examples recorded at its system, as in production."""

    takes_sandboxes: bool = False
    """Whether sandboxes may stand for outside systems, as in staging and in the demo: papers are then signed by keys of
    tests, this machine may be a receiver of events, and developers register apps."""

    app_clients: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The redirect addresses of the apps that the operator registered, by their client ids."""

    def week_of(self, department: str | None, district: str) -> OfficeWeek:
        """The working week of a department's offices in a district."""
        named = self.five_day_offices & {department, f"{department}/{district}"}
        return OfficeWeek.FIVE_DAY if named else OfficeWeek.SIX_DAY


@dataclass(frozen=True, slots=True)
class Caches:
    """What this process read or found last; lost with it, and nothing is wrong without."""

    calendars: CalendarBoard = field(default_factory=CalendarBoard)
    """Where a calendar that was imported since the start is put; `work_calendar` looks there first."""
    catalogue: IndexCache = field(default_factory=IndexCache)
    """The words of the catalogue that services are found by."""
    enquiries: RecentEnquiries = field(default_factory=RecentEnquiries)
    """Which enquiries were counted lately, so that a repeated one costs no write."""
    sessions: KeptSessions = field(default_factory=KeptSessions)
    """The sessions of citizens that this process lately read."""
    signatures: VerifiedTokens = field(default_factory=VerifiedTokens)
    """The tokens of which it lately saw that we signed them."""
    days: DayCountCache = field(default_factory=DayCountCache)
    """The counts of e-transactions, by what proves them."""
    held_back: SuppressionCache[SuppressedCells] = field(default_factory=SuppressionCache)
    """Which figures are too small to be shown to everybody."""
    held_back_of_two: SuppressionCache[SuppressedPairs] = field(default_factory=SuppressionCache)
    """The same of two dimensions at once."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything a verb needs, made once for a process in gateway/runtime/composition.py.

    What belongs to one unit of work, as the transaction and who acts, is in `actions.kernel.unit_of_work.UnitOfWork`.
    """

    store: Store
    vault: Vault
    objects: EncryptedObjects
    keyrings: Keyrings
    clock: Clock
    ids: Ids
    partners: Partners
    registry: Registry
    rules: Rules
    public_url: str
    caches: Caches = field(default_factory=Caches)
    trainer: Callable[[], "Trainer | None"] = lambda: None
    """Gives who knows the exercises where the installation is for training; None elsewhere, as in production."""
    erasures: ErasureList | None = None
    """Where erasures are noted outside of the store; None where nothing is kept that could outlive it."""
    problem_of_pdf: Callable[[bytes], Awaitable[ErrorCode | None]] = _problem_of_pdf
    """Why a PDF that was handed in is refused, None where it is not; the gateway asks a process of its own.

    Raises TemporarilyUnavailable.
    """
    signatures_in: Callable[[bytes, TrustSettings, datetime], Awaitable[list[ExaminedSignature] | None]] = (
        _signatures_in
    )
    """The signatures in a PDF, revocation not asked; None where it cannot be read. The gateway asks a process too."""

    @property
    def work_calendar(self) -> WorkCalendar:
        """The calendar for what is shown: the one that was imported last, as far as this process knows."""
        return self.caches.calendars.latest or self.rules.calendar
