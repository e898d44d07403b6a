"""Naming a ration card, on each database: one is kept, and another number takes its place under the same consent."""

import asyncio

import pytest
from stdnum import verhoeff

from actions.consents.consents import ChangeConsent, grant_consent
from actions.documents.adding_documents import AddDocument, add_document, documents_named
from domain.consents.consents import ConsentPurpose
from domain.documents.documents import CARD_NUMBER, RATION_CARD, RATION_CARD_DOCTYPE
from domain.kernel import ErrorCode, Problems
from tests.support.actions import World


async def named(world: World, number: str, key: str = ""):
    request = AddDocument(RATION_CARD, RATION_CARD_DOCTYPE, {CARD_NUMBER: number}, key or number)
    return await add_document(world.env, world.asha, request)


async def cards(world: World):
    return await documents_named(world.env, world.asha, world.asha.person_id or "")


async def test_another_number_takes_the_place_of_the_earlier_one_with_its_consent(peopled: World):
    await named(peopled, "054600000009")
    await grant_consent(peopled.env, peopled.asha, ChangeConsent(ConsentPurpose.RATION_CARD, "give"))
    [before] = await cards(peopled)

    await named(peopled, "0546 2342 3639")

    [after] = await cards(peopled)
    assert (dict(after.parameters), after.id == before.id) == ({CARD_NUMBER: "054623423639"}, False)
    assert after.consent
    assert (after.consent, after.valid_until) == (before.consent, before.valid_until)


async def test_the_same_number_in_another_spelling_changes_nothing(peopled: World):
    first, _ = await named(peopled, "0546-2342-3639")
    again, _ = await named(peopled, "०५४६२३४२३६३९")

    assert again == first
    assert await cards(peopled) == [first]


async def test_a_number_that_reads_as_an_aadhaar_number_is_refused_and_the_earlier_card_stays(peopled: World):
    kept, _ = await named(peopled, "054600000009")
    alike = "29991234567" + verhoeff.calc_check_digit("29991234567")

    with pytest.raises(Problems) as refusal:
        await named(peopled, alike)

    assert (refusal.value.code, refusal.value.problem.path) == (ErrorCode.BAD_INPUT, ("input", "parameters"))
    assert await cards(peopled) == [kept]


async def test_two_numbers_that_are_named_at_once_leave_one_card(peopled: World):
    await asyncio.gather(named(peopled, "054600000009"), named(peopled, "054623423639"))

    assert len(await cards(peopled)) == 1
