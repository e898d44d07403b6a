"""What an applicant draws already of a scheme, as the officer sees it who decides on another sanction of it."""

from dataclasses import replace

import pytest

from domain.benefits.benefits import PaymentStatus, SanctionState
from domain.kernel import Language, TypeCode
from schema.kernel import node_id
from store.benefits import benefits
from tests.store.builders import instalment, sanction
from tests.support.graph import CITIZEN, OFFICER, STRANGE_OFFICER

DRAWN = """
query ($id: ID!) { application(by: {id: $id}) {
  benefitsDrawn { number state stateLabel sanctionedAt district { code } } } }
"""


async def drawn(world, subject, application, language=Language.EN):
    answer = await world.ask(DRAWN, subject, language, id=node_id(TypeCode.APPLICATION, application.id))
    assert answer["errors"] == [] or subject is STRANGE_OFFICER
    return (answer["data"]["application"] or {"benefitsDrawn": []})["benefitsDrawn"]


@pytest.fixture
async def held(world):
    """Benefits of the applicant: of the scheme in another district, of the scheme and ended, of another scheme."""
    made = [
        sanction("there", number="42000000000001", scheme_code="old-age", district="45"),
        sanction("over", number="42000000000002", scheme_code="old-age", state=SanctionState.ENDED),
        sanction("other", number="42000000000003", scheme_code="widow"),
    ]
    async with world.environment.store.write_transaction() as tx:
        for one in made:
            await benefits.add_sanction(tx, replace(one, citizen_id=CITIZEN.person_id))


async def test_the_officer_who_decides_sees_what_the_applicant_draws_of_the_scheme_in_any_district(world, held):
    application = await world.submit("ES90")
    (told,) = await drawn(world, OFFICER, application, Language.HI)
    assert (told["number"], told["state"], told["district"]) == ("42000000000001", "ACTIVE", {"code": "45"})
    assert told["stateLabel"] == "भुगतान जारी है"


async def test_the_officer_sees_that_a_grant_of_the_scheme_is_paid_out(world):
    once = replace(sanction("grant", number="42000000000004", scheme_code="old-age"), period="one-time")
    async with world.environment.store.write_transaction() as tx:
        await benefits.add_sanction(tx, replace(once, citizen_id=CITIZEN.person_id))
        paid = instalment("paid", sanction_id="grant", status=PaymentStatus.CREDITED)
        await benefits.add_instalments(tx, [replace(paid, citizen_id=CITIZEN.person_id)])
    (told,) = await drawn(world, OFFICER, await world.submit("ES90"))
    assert (told["state"], told["stateLabel"]) == ("ACTIVE", "All of it has been paid out")


async def test_nobody_else_is_told_and_nothing_once_it_is_decided(world, held):
    application = await world.submit("ES90")
    assert [await drawn(world, subject, application) for subject in (CITIZEN, STRANGE_OFFICER)] == [[], []]
    assert await drawn(world, OFFICER, await world.approve(application)) == []


async def test_a_service_without_a_scheme_tells_nothing(world, held):
    assert await drawn(world, OFFICER, await world.submit("ES09")) == []
