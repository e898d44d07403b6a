"""A payment whose order waits at the treasury for approval reads so, until the treasury tells that it was approved."""

from typing import Any

import pytest

from actions.benefits.benefits import InstalmentView
from domain.benefits.benefits import PaymentStatus
from domain.kernel import Language
from integrations.dbt_finance import PaymentState
from schema.benefits.types import Instalment
from store.benefits import payment_enquiries
from store.benefits.payment_enquiries import EnquiryAnswer
from tests.schema.benefits.test_benefit_course import application_id, by_files, pension, sanctioned, tell
from tests.support.graph import CITIZEN, World

BENEFIT = """
query ($id: ID!) { application(by: {id: $id}) { benefit { statusLabel instalments {
  status awaitsApproval statusLabel } } } }
"""
AWAITED = {
    Language.EN: "Ordered; waits for approval at the treasury",
    Language.HI: "आदेश दिया गया; कोषागार में स्वीकृति शेष",
}


async def shown(world: World, application: Any, language: Language = Language.EN) -> tuple[bool, str, str]:
    """Whether her payment waits for approval, and how the payment and the benefit read, by our own store."""
    answer = await world.ask(BENEFIT, CITIZEN, language, id=application_id(application))
    assert answer["errors"] == []
    benefit = answer["data"]["application"]["benefit"]
    (one,) = benefit["instalments"]
    return one["awaitsApproval"], one["statusLabel"], benefit["statusLabel"]


async def hear(world: World, application: Any, reached: dict[str, str]) -> None:
    """What the worker's enquiry has heard of the payment."""
    async with world.environment.store.write_transaction() as tx:
        _, latest = await sanctioned(tx, application)
        at = world.environment.clock.now()
        told = EnquiryAnswer(latest.id, PaymentStatus.INSTRUCTED, at, None, None, None, at, reached)
        await payment_enquiries.record_answers(tx, [told], at)


@pytest.mark.parametrize("language", list(AWAITED))
async def test_an_order_that_was_not_approved_yet_reads_so_in_the_citizens_language(world: World, language: Language):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.INSTRUCTED)

    assert await shown(world, application, language) == (True, AWAITED[language], AWAITED[language])


async def test_once_the_treasury_told_of_the_approval_it_is_instructed(world: World):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.INSTRUCTED)
    await hear(world, application, {"instruction_id": "7031", "instructed_on": "2026-11-25 16:03:04"})

    assert await shown(world, application) == (False, "Payment instructed", "Payment instructed")


@pytest.mark.parametrize("status", [PaymentStatus.AT_BANK, PaymentStatus.CREDITED])
async def test_what_has_gone_further_waits_for_no_approval(world: World, status: PaymentStatus):
    application, _ = await pension(world)
    await tell(world, application, status)

    assert not (await shown(world, application))[0]


async def test_a_correction_needs_no_approval(world: World):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.INSTRUCTED, source_ref="COR UKB1")

    assert not (await shown(world, application))[0]


async def test_an_order_that_goes_by_files_needs_none_either(world: World):
    application, _ = await pension(world)
    async with world.environment.store.write_transaction() as tx:
        await by_files(tx, application)
    await tell(world, application, PaymentStatus.INSTRUCTED)

    assert not (await shown(world, application))[0]


@pytest.mark.parametrize("awaits", [True, False])
async def test_what_the_treasury_says_for_the_answer_counts_before_what_was_heard(world: World, awaits: bool):
    application, _ = await pension(world)
    await tell(world, application, PaymentStatus.INSTRUCTED)
    async with world.environment.store.read_transaction() as tx:
        _, latest = await sanctioned(tx, application)
    state = PaymentState(PaymentStatus.INSTRUCTED, latest.status_at, awaits_approval=awaits)
    told: Any = Instalment.of(InstalmentView(latest, state))

    assert await told.awaits_approval(None) is awaits
