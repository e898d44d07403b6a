"""The treasury is asked anew for one bill, and DBT Bharat takes the figures of a month: over real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from domain.benefits.benefits import PaymentStatus
from domain.kernel import Source
from integrations.calling.errors import IntegrityFailure, Refused, Unavailable
from integrations.calling.remote import Remote
from integrations.calling.transport import open_client
from integrations.dbt_finance import BharatSettings, DbtBharat, DbtFinance, MonthlyReport, Payee
from integrations.dbt_finance.bharat import report_xml
from tests.integrations.dbt_finance.conftest import Treasury, asked, order
from tests.support.remotes import shared_resilience
from tests.support.served import served

pytestmark = pytest.mark.integration

FIGURES = {
    "StateCode": "5",
    "StateName": "Uttarakhand",
    "Amount": "1500.00",
    "FundTransferMethod": "APB/NEFT/RTGS",
    "TransactionDate": "2026-10-31",
    "NoOfBeneficiaries_Transacations": "1",
    "TotalBeneficiary": "2",
    "TotalBeneficiaryAadhaarSeeding": None,
}
REPORT = MonthlyReport("uk-old-age-pension", "2026-10", FIGURES)


@asynccontextmanager
async def over_sockets(treasury: Treasury) -> AsyncIterator[tuple[DbtFinance, DbtBharat]]:
    async with served(treasury.sandbox.app) as url, open_client(None) as client:
        shared = shared_resilience(treasury.clock)
        remote = Remote(Source.DBT_FINANCE, url, client=client, shared=shared)
        yield (
            DbtFinance(remote, treasury.settings, treasury.clock),
            DbtBharat(remote, BharatSettings("sandbox-apuni-sarkar", treasury.secret()), treasury.clock),
        )


async def test_a_bill_is_followed_from_the_order_to_the_credit_with_its_bank_reference(treasury: Treasury):
    async with over_sockets(treasury) as (client, _):
        await client.instruct(order())
        seen = []
        for passes in (timedelta(0), timedelta(minutes=31), timedelta(hours=2), timedelta(days=2)):
            treasury.clock.advance(passes)
            told = await client.enquire(asked())
            seen.append((told.state.status, told.state.awaits_approval))
    assert seen == [
        (PaymentStatus.INSTRUCTED, True),
        (PaymentStatus.INSTRUCTED, False),
        (PaymentStatus.AT_BANK, False),
        (PaymentStatus.CREDITED, False),
    ]
    assert (told.net_paise, told.strangers) == (150_005, ())
    assert told.reference is not None
    assert told.reference.startswith("EP")
    assert told.reference not in repr(told)


async def test_a_payment_under_our_bill_that_is_not_ours_is_told(treasury: Treasury):
    payees = tuple(
        Payee(f"UKE{name}", "Asha", f"3000123450{place}", "SBIN0000630", 100) for place, name in enumerate("9X")
    )
    async with over_sockets(treasury) as (client, _):
        await client.instruct(order(payees=payees))
        treasury.clock.advance(timedelta(days=2))
        assert (await client.enquire(asked())).strangers == ("UKEX",)


async def test_an_enquiry_is_never_answered_from_what_was_kept(treasury: Treasury):
    async with over_sockets(treasury) as (client, _):
        await client.instruct(order())
        await client.enquire(asked())
        before = len(treasury.effects())
        await client.enquire(asked())
    assert len(treasury.effects()) > before


async def test_a_record_of_another_bill_is_never_believed(treasury: Treasury):
    async with over_sockets(treasury) as (client, _):
        await client.instruct(order())
        treasury.approve()
        treasury.sandbox.faults.set([{"kind": "foreign", "route": "/jit/PIS"}])
        with pytest.raises(IntegrityFailure):
            await client.enquire(asked())


async def test_a_report_is_saved_and_a_second_one_takes_its_place(treasury: Treasury):
    async with over_sockets(treasury) as (_, bharat):
        await bharat.report(REPORT, 1)
        await bharat.report(MonthlyReport(REPORT.scheme_code, REPORT.month, {**FIGURES, "Amount": "3000.00"}), 2)
    kept = treasury.sandbox.state.get("report", "uk-old-age-pension/2026-10")
    assert kept is not None
    assert kept["fields"]["Amount"] == "3000.00"
    assert "TotalBeneficiaryAadhaarSeeding" not in kept["fields"]
    assert treasury.effects() == ["report saved", "report saved"]


@pytest.mark.parametrize("change", [{"Amount": "many"}, {"TotalBeneficiary": None}, {"TotalBeneficiary": "-1"}])
async def test_a_report_with_a_wrong_field_is_refused_and_nothing_is_kept(
    treasury: Treasury, change: dict[str, str | None]
):
    async with over_sockets(treasury) as (_, bharat):
        with pytest.raises(Refused, match="NOT_SAVED"):
            await bharat.report(MonthlyReport(REPORT.scheme_code, REPORT.month, {**FIGURES, **change}), 1)
    assert treasury.sandbox.state.get("report", "uk-old-age-pension/2026-10") is None


async def test_a_service_that_is_down_leaves_the_report_to_be_sent_again(treasury: Treasury):
    treasury.sandbox.faults.set([{"kind": "status", "route": "/dbt-bharat/v1/monthly", "params": {"status": 503}}])
    async with over_sockets(treasury) as (_, bharat):
        with pytest.raises(Unavailable):
            await bharat.report(REPORT, 1)


def test_the_same_report_gives_the_same_octets_with_what_is_known_only():
    assert report_xml(REPORT) == (
        b'<?xml version="1.0" encoding="UTF-8"?><DBTReport month="2026-10" schemeCode="uk-old-age-pension"><Cash>'
        b"<StateCode>5</StateCode><StateName>Uttarakhand</StateName><Amount>1500.00</Amount>"
        b"<FundTransferMethod>APB/NEFT/RTGS</FundTransferMethod><TransactionDate>2026-10-31</TransactionDate>"
        b"<NoOfBeneficiaries_Transacations>1</NoOfBeneficiaries_Transacations><TotalBeneficiary>2</TotalBeneficiary>"
        b"</Cash></DBTReport>"
    )
    with pytest.raises(ValueError, match="does not know"):
        report_xml(MonthlyReport("x", "2026-10", {"Aadhaar": "1"}))
