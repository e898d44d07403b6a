"""What is printed where an operator filed on a signed paper names the helpline only where one is known."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.identity.assisting import Applicant, Assistance, AssistanceState, AssistanceWay
from domain.identity.sign_on import SignOnRules
from domain.kernel import Assurance, Bilingual, Language
from domain.kernel.people import Operator
from store.applications import applications
from store.identity import assistances, people
from tests.support.graph import CITIZEN, World

QUERY = "query ($by: ApplicationBy!) { application(by: $by) { paperNotice } }"
OPERATOR = Operator("op29", Bilingual(None, "Mohan Rawat"), "CSC-29", Bilingual(None, "CSC"), "49", None)


async def filed_by_paper(world: World) -> str:
    """The number of an application that an operator filed on a signed paper."""
    item = await world.submit()
    at = item.created_at
    paper = Assistance(
        "p1", OPERATOR.id, "s1", "CSC-1", CITIZEN.person_id, AssistanceWay.SIGNED_PAPER, Assurance.LOW, None, 30,
        Applicant(), None, "a" * 64, AssistanceState.GIVEN, at, at, at + timedelta(minutes=30),
    )  # fmt: skip
    async with world.environment.store.write_transaction() as tx:
        await people.add_operator(tx, OPERATOR)
        await assistances.add(tx, paper)
        await applications.save(tx, replace(item, operator_id=OPERATOR.id), item.version)
    return item.number


@pytest.mark.parametrize("language", [Language.HI, Language.EN])
@pytest.mark.parametrize("helpline", [None, "0135 2550 000"])
async def test_a_helpline_is_named_only_where_one_is_set(world, language, helpline):
    number = await filed_by_paper(world)
    rules = replace(world.environment.rules, sign_on=SignOnRules(helpline=helpline))
    told = replace(world, environment=replace(world.environment, rules=rules))

    answer = await told.ask(QUERY, CITIZEN, language, by={"number": number})
    text = answer["data"]["application"]["paperNotice"]

    named = {Language.EN: "helpline", Language.HI: "हेल्पलाइन"}[language]
    assert answer["errors"] == []
    assert "Mohan Rawat" in text
    assert (named in text, (helpline or "1905") in text) == (helpline is not None, helpline is not None)
