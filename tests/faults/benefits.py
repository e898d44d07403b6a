"""The calls by which benefits are paid: the state treasury's JIT service and the reports to DBT Bharat."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

from domain.kernel import Source
from integrations import dbt_finance
from integrations.dbt_finance import (
    BankAccount,
    BharatSettings,
    BillReference,
    Correction,
    DbtBharat,
    DbtFinance,
    DbtFinanceSettings,
    MonthlyReport,
    Payee,
    PaymentInstruction,
)
from integrations.dbt_finance.jit import calls
from integrations.dbt_finance.jit import client as jit_client
from tests.faults.base import CLIENT_CREDENTIALS, ONE_RECORD, Adapter
from tests.faults.site import Line

ENCRYPTED = "an answer is encrypted for its request and not signed: another key makes it unreadable"
OWN_SESSION = "the client opens sessions itself, and anew where one is lost"
RETURNED = "42560023996205003"
"""The payment of the demo that came back from the bank."""


class Treasury(Adapter):
    """What the calls of DBT finance share."""

    system, source = "dbt_finance", Source.DBT_FINANCE

    def client(self, line: Line) -> DbtFinance:
        return DbtFinance(line.remote, DbtFinanceSettings.from_onboarding(self.site.onboarding), line.clock)


class PaymentStatuses(Treasury):
    """The statuses that a citizen waits for: of payments that were asked for before, each by one call."""

    name = "dbt_finance.payment_statuses"
    policies = (jit_client.PAYMENT_STATUSES, calls.FAILED_PAYMENTS)
    tells = frozenset({"body", "parts", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": ENCRYPTED,
        "token": OWN_SESSION,
        "pages": "its lists have no pages",
    }
    payments = ("42560023996205001", "42560023996205002", RETURNED)

    async def prepare(self) -> None:
        """Ask for each, as the worker does."""
        bills = [BillReference(f"UKB{each}", date(2026, 6, 1), f"UKE{each}") for each in self.payments]
        async with self.line() as line:
            client = self.client(line)
            self.asked = [replace(bill, reached=(await client.enquire(bill)).reached) for bill in bills]

    async def ask(self, client: DbtFinance, number: int) -> Any:
        return await client.payment_statuses(f"citizen-{number}", self.asked)


class HeadBalance(Treasury):
    """What is left of the budget of a head of account."""

    name = "dbt_finance.head_balance"
    policies = (calls.ALLOTMENTS, calls.OPEN_SESSION)
    tells = frozenset({"body", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": ENCRYPTED,
        "token": OWN_SESSION,
        "parts": "one record of it is enough",
        "pages": ONE_RECORD,
    }

    async def ask(self, client: DbtFinance, number: int) -> Any:
        balance = await client.head_balance(f"2235-60-102-03-00-{number % 90 + 10}", date(2026, 6, 1))
        assert balance.available_paise > 0
        return balance.available_paise


class Instruct(Treasury):
    name = "dbt_finance.instruct"
    policies = (calls.PUSH_INSTRUCTION, calls.INSTRUCTION_STATUS, calls.ALLOTMENTS)
    tells = frozenset({"body", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": ENCRYPTED,
        "token": OWN_SESSION,
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
    }

    async def ask(self, client: DbtFinance, number: int) -> Any:
        mark = secrets.token_hex(8)
        payee = Payee(f"E{mark}", "Kamla Bisht", "50100012345600", "SBIN0000630", 150_000)
        order = PaymentInstruction(f"B{mark}", date(2026, 11, 24), "uk-widow-pension", "Pension", (payee,))
        receipt = await client.instruct(order)
        assert receipt.bill_number == order.bill_number
        return "instructed"


class Correct(Treasury):
    """The same correction each time, since a payment is corrected once: all but the first are known there already."""

    name = "dbt_finance.correct"
    policies = (calls.CORRECT_ACCOUNT, calls.ADVICE_STATUS, calls.CORRECTION_PAID)
    tells = Instruct.tells
    why_not = Instruct.why_not

    async def ask(self, client: DbtFinance, number: int) -> Any:
        receipt = await client.correct(a_correction())
        assert receipt.bill_number == a_correction().bill_number
        return "corrected"


def a_correction() -> Correction:
    failed = BillReference(f"UKB{RETURNED}", date(2026, 6, 1), f"UKE{RETURNED}")
    was, corrected = (BankAccount(number, "SBIN0000630") for number in ("30001234501", "30001234500"))
    day = date(2026, 11, 24)
    return Correction(f"UKC{RETURNED}", day, f"UKCE{RETURNED}", 150_000, failed, was, failed, was, corrected)


class Enquire(Treasury):
    """The enquiry about one bill, which is kept nowhere."""

    name = "dbt_finance.enquire"
    policies = (calls.INSTRUCTION_STATUS, calls.ADVICE_STATUS, calls.DEBIT_SCROLL, calls.FAILED_PAYMENTS)
    tells = frozenset({"body", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": ENCRYPTED,
        "token": OWN_SESSION,
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
    }

    async def ask(self, client: DbtFinance, number: int) -> Any:
        bill = PaymentStatuses.payments[0]
        return await client.enquire(BillReference(f"UKB{bill}", date(2026, 6, 1), f"UKE{bill}"))


class EnquireCorrection(Treasury):
    """The enquiry about a correction of a bill, by the lists of its own."""

    name = "dbt_finance.enquire_correction"
    policies = (calls.CORRECTION_PAID, calls.CORRECTION_FAILED, calls.INSTRUCTION_STATUS, calls.ADVICE_STATUS)
    tells = frozenset({"body", "owner"})
    why_not: ClassVar[Mapping[str, str]] = Enquire.why_not

    async def prepare(self) -> None:
        """Order the correction, and have it paid."""
        async with self.line() as line:
            await self.client(line).correct(a_correction())
        treasury = self.site.city.sandboxes[self.system]
        await treasury.act("advance", {"bill_number": a_correction().bill_number, "state": "CREDITED"})

    async def ask(self, client: DbtFinance, number: int) -> Any:
        return await client.enquire(a_correction().bill)


class ReportMonth(Treasury):
    """The figures of a month for DBT Bharat, which take the place of those of before."""

    name = "dbt_finance.bharat_report"
    policies = (dbt_finance.REPORT_MONTH,)
    tells = frozenset({"body", "signature"})
    why_not: ClassVar[Mapping[str, str]] = {
        "token": CLIENT_CREDENTIALS,
        "parts": ONE_RECORD,
        "pages": ONE_RECORD,
        "owner": "it is nobody's",
    }

    def client(self, line: Line) -> DbtBharat:  # type: ignore[override]
        return DbtBharat(line.remote, BharatSettings.from_onboarding(self.site.onboarding), line.clock)

    async def ask(self, client: DbtBharat, number: int) -> Any:  # type: ignore[override]
        figures = {
            "StateCode": "5",
            "StateName": "Uttarakhand",
            "Amount": f"{number}.00",
            "FundTransferMethod": "APB/NEFT/RTGS",
            "TransactionDate": "2026-10-31",
            "TotalBeneficiary": "1",
        }
        await client.report(MonthlyReport("uk-widow-pension", "2026-10", figures), number)
        return "sent"


BENEFITS: tuple[type[Adapter], ...] = (
    PaymentStatuses,
    HeadBalance,
    Instruct,
    Correct,
    Enquire,
    EnquireCorrection,
    ReportMonth,
)
"""Every call by which benefits are paid, but for the files of PFMS."""
