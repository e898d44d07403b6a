"""What every verb is given: the store, the partners, the clock, the identifiers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from actions.kernel.scanner import EicarScanner, Scanner
from domain.appeals.law import LAW, Law
from domain.applications.deadline import CalendarBoard, WorkCalendar
from domain.benefits.benefits import Rail
from domain.catalogue.search import KeptIndex
from domain.etaal.counting import KeptDays
from domain.feedback.feedback import CareRules
from domain.fees.fees import FeeRules
from domain.identity.sign_on import SignOnRules
from domain.kernel.clock import Clock
from domain.kernel.ids import Ids
from domain.kernel.people import Provider
from domain.officers.desk import DeskRules
from domain.payments.files import PaymentRules, Transport
from domain.statistics.cell_suppression import HeldBack, HeldBackOfTwo, KeptHeldBack
from domain.umang.enquiries import RecentEnquiries
from domain.uploads.files import FileRules
from integrations.apisetu import ApiSetu
from integrations.csc import CscBridge
from integrations.dbt_finance import DbtBharat, DbtFinance
from integrations.dbt_finance.pfms.exchange import FileExchange
from integrations.dbt_finance.pfms.models import PfmsIdentity
from integrations.dbt_finance.pfms.papers import PfmsPapers
from integrations.digilocker import DigiLocker
from integrations.etaal import EtaalPush
from integrations.right_to_service import RightToService
from integrations.sso import IdentityProvider, TextSender
from integrations.treasury import Treasury
from integrations.umang import Umang
from store.database.engine import Store
from store.database.keyring import Keyrings
from store.database.objects import ObjectStore
from store.database.vault import Vault
from store.privacy.erasures import ErasureList

ISSUER_ID = "in.gov.uk.apunisarkar"
"""Our issuer id with DigiLocker until onboarding gives the real one (docs/contracts/digilocker.md section 11)."""


async def _nothing_kept(citizen_id: str) -> bool:
    del citizen_id
    return True


@dataclass(frozen=True)
class Partners:
    """The outside systems that verbs ask."""

    digilocker: DigiLocker
    apisetu: ApiSetu
    umang: Umang
    dbt: DbtFinance
    identity: Mapping[Provider, IdentityProvider]
    texts: TextSender | None = None
    """Carries one-time codes to telephones; None where the state has named no way."""
    commission: RightToService | None = None
    """The Right to Service Commission's system; None where it is not connected."""
    etaal: EtaalPush | None = None
    """Takes our counts of a day; None where e-Taal only pulls them."""
    pfms: FileExchange | None = None
    """The exchange of files with PFMS; None where the state pays by the treasury's REST service alone."""
    pfms_way: Transport | None = None
    """By which way `pfms` goes; there whenever it is."""
    pfms_former: FileExchange | None = None
    """The way that was used before, for what has gone by it; None where it is not connected."""
    pfms_identity: PfmsIdentity | None = None
    """Who we are at PFMS; there whenever `pfms` is, as are the papers."""
    pfms_papers: PfmsPapers | None = None
    """With what files for PFMS are signed, and whose signatures count in answers."""
    treasury: Treasury | None = None
    """The state treasury's e-Challan; None where fees are taken at counters alone."""
    wallet: CscBridge | None = None
    """The wallet of centre operators; None where the merchant centre has not enrolled us."""
    bharat: DbtBharat | None = None
    """Takes the monthly figures of each scheme; None where the state reports by hand."""
    forget_citizen: Callable[[str], Awaitable[bool]] = field(default=_nothing_kept)
    """Drops every kept answer about a citizen; False where the shared cache was away, so ask again."""


@dataclass(frozen=True)
class Environment:
    """Everything a verb needs, made once in gateway/app.py."""

    store: Store
    vault: Vault
    objects: ObjectStore
    keyrings: Keyrings
    clock: Clock
    ids: Ids
    calendar: WorkCalendar
    partners: Partners
    public_url: str
    issuer_id: str = ISSUER_ID
    law: Law = LAW
    rails: Mapping[str, Rail] = field(default_factory=dict)
    """Schemes, by code, whose money goes another way than the catalogue says."""
    desk: DeskRules = field(default_factory=DeskRules)
    care: CareRules = field(default_factory=CareRules)
    files: FileRules = field(default_factory=FileRules)
    scanner: Scanner = field(default_factory=EicarScanner)
    """Looks into files that people hand in before they are taken."""
    calendars: CalendarBoard = field(default_factory=CalendarBoard)
    """Where a calendar that was imported since the start is put; `work_calendar` looks there first."""
    sign_on: SignOnRules = field(default_factory=SignOnRules)
    payments: PaymentRules = field(default_factory=PaymentRules)
    """When batches for PFMS are made, and how large."""
    fees: FeeRules = field(default_factory=FeeRules)
    """The portal's charge, and after which steps a fee that was paid online goes back."""
    catalogue: KeptIndex = field(default_factory=KeptIndex)
    """The words of the catalogue that services are found by, as this process read it last."""
    enquiries: RecentEnquiries = field(default_factory=RecentEnquiries)
    """Which enquiries this process counted lately, so that a repeated one costs no write."""
    days: KeptDays = field(default_factory=KeptDays)
    """The counts of e-transactions that this process read last, by what proves them."""
    held_back: KeptHeldBack[HeldBack] = field(default_factory=KeptHeldBack)
    """Which figures this process found to be too small to be shown to everybody."""
    held_back_of_two: KeptHeldBack[HeldBackOfTwo] = field(default_factory=KeptHeldBack)
    """The same of two dimensions at once."""
    erasures: ErasureList | None = None
    """Where erasures are noted outside of the store; None where nothing is kept that could outlive it."""

    @property
    def work_calendar(self) -> WorkCalendar:
        """The calendar for what is shown: the one that was imported last, as far as this process knows."""
        return self.calendars.latest or self.calendar


class SubmissionState(StrEnum):
    """How far what the citizen handed in has come (ADR 0013)."""

    ACCEPTED = "ACCEPTED"
    QUEUED = "QUEUED"
    DELIVERED = "DELIVERED"
    REJECTED = "REJECTED"
