"""A credit needs the bank's reference and its date, whoever tells it: bank, statement or APBS; its case closes then."""

from dataclasses import replace

import pytest

from actions.payments.partner import pfms
from actions.payments.reconciliation import reconcile_due
from domain.benefits.benefits import PaymentStatus
from domain.kernel import ist_date
from domain.reconciliation.finance_cases import CaseOutcome, DifferenceKind
from tests.actions.payments.test_gone_cases import DAY, ended, pass_to, state_it
from tests.actions.payments.test_statement_reconciliation import compared, e2e, open_kinds, taken
from tests.support.payments import GOOD, Paying, pfms_changed

pytestmark = pytest.mark.integration

NO_REFERENCE, COMES_BACK = "50100012345688", "50100012345677"
DIFFERS = DifferenceKind.STATUS_DIFFERS


async def answered(paying: Paying, account: str) -> str:
    """A payment of which the bank has told everything that it tells today."""
    (one,) = await paying.validated(1, account)
    await paying.round(now=True)
    for _ in range(3):
        paying.pfms.pass_time(seconds=1)
        paying.pfms.pick_up()
        await paying.answers()
    return one


async def test_a_statement_without_the_reference_of_a_credit_credits_nothing_and_opens_a_case(paying: Paying) -> None:
    first, second = await taken(paying)
    paying.tell_pfms("UPDATE payment SET utr = '' WHERE end_to_end_id = ?", await e2e(paying, first))

    await compared(paying)

    assert await paying.statuses([first, second]) == [PaymentStatus.INSTRUCTED, PaymentStatus.CREDITED]
    assert await open_kinds(paying) == [(DIFFERS, f"instalment:{first}")]


async def test_a_statement_without_the_date_of_a_credit_credits_nothing_and_opens_a_case(paying: Paying) -> None:
    (one,) = await taken(paying, many=1)
    paying.tell_pfms("DELETE FROM payment")  # so that PFMS makes no statement by itself
    day = ist_date(paying.clock.now())
    pass_to(paying, day + DAY, 6)
    await state_it(paying, day, one, day="", utr="SBINR50000000000000001")

    await reconcile_due(paying.env)

    assert await paying.statuses([one]) == [PaymentStatus.INSTRUCTED]
    assert await open_kinds(paying) == [(DIFFERS, f"instalment:{one}")]


async def test_the_case_of_a_credit_without_reference_closes_once_the_statement_has_it(paying: Paying) -> None:
    one = await answered(paying, NO_REFERENCE)
    assert await paying.statuses([one]) == [PaymentStatus.AT_BANK]
    assert await open_kinds(paying) == [(DIFFERS, f"instalment:{one}")]

    await compared(paying)

    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert await open_kinds(paying) == []
    [(outcome, _, note)] = await ended(paying, DIFFERS)
    assert outcome is CaseOutcome.CORRECTED_WITH_US
    assert "answer came" in (note or "")


async def test_the_case_of_a_credit_without_reference_stays_while_nobody_tells_it(paying: Paying) -> None:
    one = await answered(paying, NO_REFERENCE)
    paying.tell_pfms("DELETE FROM payment")  # so that PFMS makes no statement by itself

    paying.pfms.pass_time(days=1)
    await reconcile_due(paying.env)

    assert await paying.statuses([one]) == [PaymentStatus.AT_BANK]
    assert (DIFFERS, f"instalment:{one}") in await open_kinds(paying)
    assert await ended(paying, DIFFERS) == []


async def test_the_case_of_a_credit_without_reference_stays_with_officers_where_the_money_came_back(
    paying: Paying,
) -> None:
    one = await answered(paying, NO_REFERENCE)
    paying.pfms.sandbox.actions["return_payment"]({"end_to_end_id": await e2e(paying, one), "code": "53"})
    await paying.answers()

    await compared(paying)

    assert await paying.statuses([one]) == [PaymentStatus.RETURNED]
    assert await open_kinds(paying) == [(DIFFERS, f"instalment:{one}")]


async def test_a_payment_that_apbs_credited_is_at_the_bank_without_a_case_until_pfms_tells_its_reference(
    paying: Paying,
) -> None:
    await paying.with_aadhaar()
    paying.pfms.sandbox.actions["configure"]({"apbs_credits": "bridge"})
    one = await answered(paying, GOOD)
    assert (await paying.statuses([one]), await paying.cases()) == ([PaymentStatus.AT_BANK], [])

    await compared(paying)

    assert (await paying.statuses([one]), await paying.cases()) == ([PaymentStatus.CREDITED], [])
    assert await paying.findings() == []


async def test_the_bank_and_apbs_tell_one_credit_once(paying: Paying) -> None:
    await paying.with_aadhaar()
    paying.pfms.sandbox.actions["configure"]({"apbs_credits": "both"})

    one = await answered(paying, GOOD)

    assert (await paying.statuses([one]), await paying.cases()) == ([PaymentStatus.CREDITED], [])


async def test_by_the_setting_apbs_ends_a_payment_by_its_own_reference(paying: Paying) -> None:
    await paying.with_aadhaar()
    paying.pfms.sandbox.actions["configure"]({"apbs_credits": "bridge"})
    papers = replace(pfms(paying.env).papers, apbs_credits_final=True)
    paying.world = replace(paying.world, env=pfms_changed(paying.env, papers=papers))

    one = await answered(paying, GOOD)

    assert (await paying.statuses([one]), await paying.cases()) == ([PaymentStatus.CREDITED], [])
    (line,) = await paying.lines()
    assert line.utr_last4 is not None
