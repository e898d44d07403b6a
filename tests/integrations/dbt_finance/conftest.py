"""A treasury of its own for each test, on a clock that stands still."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.kernel import ManualClock, Source
from integrations.dbt_finance import BillReference, DbtFinance, DbtFinanceSettings, Payee, PaymentInstruction
from sandbox.city.kit import Sandbox, SandboxClock, SandboxHome
from sandbox.dbt_finance.server import create_sandbox
from tests.support.remotes import remote_over

NOON = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
BILL_DAY = date(2026, 11, 24)
SCRIPT = {
    "UKB1": {
        "state": "CREDITED",
        "end_to_end_id": "UKE1",
        "amount_paise": 150000,
        "person": "a",
        "scheme": "s",
        "days_ago": 30,
    },
    "UKB2": {
        "state": "RETURNED",
        "end_to_end_id": "UKE2",
        "amount_paise": 150000,
        "person": "a",
        "scheme": "s",
        "days_ago": 20,
        "return_code": "53",
    },
    "UKB3": {
        "state": "AT_BANK",
        "end_to_end_id": "UKE3",
        "amount_paise": 150000,
        "person": "a",
        "scheme": "s",
        "days_ago": 3,
    },
    "UKB4": {
        "state": "INSTRUCTED",
        "end_to_end_id": "UKE4",
        "amount_paise": 150000,
        "person": "a",
        "scheme": "s",
        "days_ago": 1,
    },
}


@dataclass
class Treasury:
    """A running sandbox, its clock, its onboarding file and how to talk to it."""

    sandbox: Sandbox
    clock: ManualClock
    settings: DbtFinanceSettings
    home: SandboxHome

    def client(self, app: Callable[..., Any] | httpx.AsyncBaseTransport | None = None, **changes: str) -> DbtFinance:
        given = {**self.given(), **changes}
        remote = remote_over(app or self.sandbox.app, Source.DBT_FINANCE, clock=self.clock)
        return DbtFinance(remote, DbtFinanceSettings.from_onboarding(given), self.clock)

    def effects(self) -> list[str]:
        """What the treasury did, but for opening sessions."""
        found = [entry["effect"] for entry in self.sandbox.ledger.entries()]
        return [effect for effect in found if effect != "session opened"]

    def secret(self) -> str:
        """What signs the reports to DBT Bharat."""
        return str(self.given()["hmac_secret"])

    def given(self) -> dict[str, Any]:
        """What onboarding hands over."""
        return dict(json.loads(self.home.onboarding.read_text()))

    def approve(self) -> None:
        """Let the time go by after which the spending unit's officer has approved what waits."""
        self.clock.advance(timedelta(minutes=31))


class LosesAnswers(httpx.AsyncBaseTransport):
    """Delivers every request, and loses the answers of one service as often as told."""

    def __init__(self, treasury: Treasury, service: str, times: int) -> None:
        self._inner = httpx.ASGITransport(app=treasury.sandbox.app)
        self._ledger, self._route, self.left = treasury.sandbox.ledger, f"/jit/{service}", times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        if self._ledger.entries()[-1]["route"] == self._route and self.left:
            self.left -= 1
            raise httpx.ReadError("the answer was lost", request=request)
        return response


@pytest.fixture
def treasury(tmp_path: Path) -> Iterator[Treasury]:
    clock = ManualClock(NOON)
    home = SandboxHome(
        "dbt_finance",
        tmp_path / "dbt_finance",
        tmp_path / "onboarding.json",
        SandboxClock(base=clock),
        {"payments": SCRIPT},
        "http://gateway.test",
        "http://sandbox.test",
    )
    sandbox = create_sandbox(home)
    settings = DbtFinanceSettings.from_onboarding(json.loads(home.onboarding.read_text()))
    yield Treasury(sandbox, clock, settings, home)
    sandbox.close()


def order(number: str = "9", account: str = "30001234500", paise: int = 150005, **changes: Any) -> PaymentInstruction:
    payee = Payee(f"UKE{number}", "सीता देवी", account, "SBIN0000630", paise, "9800000001", "Dehradun")
    given: dict[str, Any] = {
        "bill_number": f"UKB{number}",
        "bill_date": BILL_DAY,
        "scheme_code": "uk-old-age-pension",
        "purpose": "Pension of November 2026",
        "payees": (payee,),
    }
    return PaymentInstruction(**{**given, **changes})


def asked(number: str = "9") -> BillReference:
    return BillReference(f"UKB{number}", BILL_DAY, f"UKE{number}")


async def known(client: DbtFinance, *numbers: str) -> list[BillReference]:
    """Bills with what the worker's enquiry has heard of each."""
    bills = [asked(number) for number in numbers]
    return [replace(bill, reached=(await client.enquire(bill)).reached) for bill in bills]
