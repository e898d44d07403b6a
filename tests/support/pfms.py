"""PFMS for tests: the sandbox on a real SFTP port with a clock that stands still, and our way to it."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from stdnum.verhoeff import calc_check_digit

from domain.kernel import ManualClock, Source
from domain.payments.files import AnswersSigned, Transport
from integrations.calling.guarded_calls import Resilience
from integrations.calling.remote import Remote
from integrations.calling.transport import Transports
from integrations.dbt_finance.pfms.models import (
    Agency,
    BeneficiaryBatch,
    BeneficiaryLine,
    BeneficiaryPurpose,
    PaymentBatch,
    PaymentLine,
    PaymentMethod,
    PfmsIdentity,
    Trust,
)
from integrations.dbt_finance.pfms.names import (
    beneficiary_batch_id,
    beneficiary_message_id,
    payment_batch_id,
    payment_message_id,
)
from integrations.dbt_finance.pfms.papers import PfmsPapers
from integrations.dbt_finance.pfms.rest import RestExchange
from integrations.dbt_finance.pfms.scheme_terms import CentralShare, SchemeTerms
from integrations.dbt_finance.pfms.settings import RestSettings, SftpSettings
from integrations.dbt_finance.pfms.sftp_exchange import SftpExchange
from sandbox.city.kit import Sandbox, SandboxClock, SandboxHome
from sandbox.dbt_finance.pfms.system import create_sandbox
from tests.support.remotes import shared_resilience
from tests.support.served import served

MORNING = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
"""Tuesday, 08:30 in India."""
TODAY = date(2026, 11, 24)
TERMS = SchemeTerms(CentralShare(paise=20_000), "7001", mission_code="EOAP1", beneficiary_type="4281")
"""What the sandbox has agreed without demo data for the old age pension."""


async def loopback(host: str, port: int) -> Sequence[str]:
    """The checked addresses, as the guard of a demo gives them."""
    del port
    return [host]


@dataclass
class Pfms:
    """A running sandbox, its clock, what onboarding gave, and how to reach it."""

    sandbox: Sandbox
    clock: ManualClock
    home: SandboxHome

    @cached_property
    def given(self) -> dict[str, Any]:
        """What onboarding handed over."""
        found: dict[str, Any] = json.loads(self.home.onboarding.read_text())
        return found

    @property
    def identity(self) -> PfmsIdentity:
        """Who we are there."""
        return PfmsIdentity.from_onboarding(self.given)

    @cached_property
    def papers(self) -> PfmsPapers:
        """With what we sign, and whom we trust; every answer must be signed."""
        return replace(PfmsPapers.from_onboarding(self.given), answers_signed=AnswersSigned.REQUIRED)

    @property
    def trust(self) -> Trust:
        """Whom we trust now."""
        return self.papers.trust(self.clock.now())

    def exchange(self, shared: Resilience | None = None, **changes: Any) -> SftpExchange:
        """Our client; the caller closes it."""
        settings = SftpSettings.from_onboarding({**self.given, **changes})
        return SftpExchange(settings, shared or shared_resilience(self.clock), loopback)

    @asynccontextmanager
    async def by(
        self, way: Transport, shared: Resilience | None = None, **changes: Any
    ) -> AsyncIterator[SftpExchange | RestExchange]:
        """Our client by one of the two ways, over real sockets; the SFTP port is the one of the service."""
        shared = shared or shared_resilience(self.clock)
        if way is Transport.SFTP:
            exchange = self.exchange(shared, **changes)
            yield exchange
            await exchange.aclose()
            return
        own = RestSettings.from_onboarding({**self.given, **changes})
        async with served(self.sandbox.app) as url, Transports(shared.clock, demo=True).client_for([url]) as client:
            yield RestExchange(Remote(Source.PFMS, url, client=client, shared=shared), own)

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Set faults over those of before."""
        self.sandbox.faults.set(list(faults))

    def at_once(self) -> None:
        """Let PFMS and the bank do everything without delay."""
        times = {"check_minutes": 0, "validation_hours": 0, "credit_hours": 0, "return_hours": 0}
        self.sandbox.actions["configure"]({**times, "bank_runs": []})

    def pick_up(self) -> list[dict[str, Any]]:
        """Let PFMS take what waits."""
        return list(self.sandbox.actions["pick_up"]({})["files"])

    def orders(self) -> list[dict[str, Any]]:
        """The ledger of payments."""
        return list(self.sandbox.actions["orders"]({})["orders"])

    def pass_time(self, **given: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**given))


def open_pfms(folder: Path, clock: ManualClock | None = None, demo: Mapping[str, Any] | None = None) -> Pfms:
    """Make the sandbox; start and stop its service yourself."""
    clock = clock or ManualClock(MORNING)
    home = SandboxHome(
        "pfms",
        folder / "pfms",
        folder / "onboarding" / "pfms.json",
        SandboxClock(base=clock),
        dict(demo or {}),
        "http://gateway.test",
        "http://sandbox.test",
    )
    return Pfms(create_sandbox(home), clock, home)


def aadhaar_of(number: int) -> str:
    """A synthetic number with its Verhoeff digit."""
    body = f"9999{number:07d}"
    return body + str(calc_check_digit(body))


def beneficiary(number: int, account: str = "50100012345600", **changes: Any) -> BeneficiaryLine:
    """A beneficiary to register."""
    given: dict[str, Any] = {
        "id": f"BEN-{number}",
        "purpose": BeneficiaryPurpose.ADD,
        "cpsms_id": None,
        "name": "Sita Devi",
        "name_regional": "सीता देवी",
        "ifsc": "SBIN0000630",
        "bank_name": "STATE BANK OF INDIA",
        "account_number": account,
        "aadhaar": None,
        "district_lgd": "49",
        "benefit_type": TERMS.beneficiary_type,
    }
    return BeneficiaryLine(**{**given, **changes})


def registration(*lines: BeneficiaryLine, number: int = 1, at: datetime = MORNING) -> BeneficiaryBatch:
    """A beneficiary batch of the day."""
    return BeneficiaryBatch(
        beneficiary_message_id("0905", TODAY, number),
        beneficiary_batch_id("0905", TODAY, number),
        at,
        "UKOAP",
        agency_of_dehradun(),
        lines,
    )


def agency_of_dehradun() -> Agency:
    """The agency that the sandbox knows without demo data."""
    return Agency("UKDD0001", "DSWO Dehradun")


def payment(number: int, cpsms_id: str, account: str = "50100012345600", **changes: Any) -> PaymentLine:
    """A pension of 1,500 rupees to the beneficiary of the same number."""
    given: dict[str, Any] = {
        "end_to_end_id": f"UKOAP2611{number:07d}",
        "beneficiary_id": f"BEN-{number}",
        "cpsms_id": cpsms_id,
        "name": "Sita Devi",
        "amount_paise": 150_000,
        "ifsc": "SBIN0000630",
        "account_number": account,
        "period_from": date(2026, 11, 1),
        "period_to": date(2026, 11, 30),
        "district_lgd": "49",
        "bank_name": "STATE BANK OF INDIA",
    }
    return PaymentLine(**{**given, **changes})


def payments(
    *lines: PaymentLine,
    number: int = 1,
    method: PaymentMethod = PaymentMethod.ACCOUNT,
    at: datetime = MORNING,
    day: date = TODAY,
) -> PaymentBatch:
    """A payment batch of the day."""
    return PaymentBatch(
        payment_message_id("0905", day, number),
        payment_batch_id("0905", day, number),
        at,
        "UKOAP",
        agency_of_dehradun(),
        method,
        day,
        lines,
        TERMS,
    )
