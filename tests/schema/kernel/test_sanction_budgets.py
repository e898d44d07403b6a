"""The budget of a sanction in the graph: for the officer who decides, asked anew, and what the benefit says of it."""

import pytest

from domain.kernel import Language, Source, TypeCode
from integrations.calling.errors import Unavailable
from schema.kernel import node_id
from tests.support.graph import CITIZEN, OFFICER, STRANGE_OFFICER

NEED = """
query ($id: ID!) { application(by: {id: $id}) { number sanctionBudget {
  scheme { code } headOfAccount financialYear firstPayment restOfYear balance setAside enough enoughForYear asOf
  provenance { source state } } } }
"""
BUDGET = "query ($id: ID!) { application(by: {id: $id}) { benefit { budget { state stateLabel asOf } } } }"


def named(application):
    return node_id(TypeCode.APPLICATION, application.id)


async def test_the_officer_sees_scheme_head_need_and_balance_before_she_decides(world):
    application = await world.submit("ES90")
    answer = await world.ask(NEED, OFFICER, id=named(application))
    assert answer["errors"] == []
    assert answer["data"]["application"]["sanctionBudget"] == {
        "scheme": {"code": "old-age"},
        "headOfAccount": "own",
        "financialYear": "2026-27",
        "firstPayment": 150_000,
        "restOfYear": 600_000,
        "balance": 1_000_000,
        "setAside": 0,
        "enough": True,
        "enoughForYear": True,
        "asOf": "2026-11-24T12:00:00.000+05:30",
        "provenance": [{"source": "DBT_FINANCE", "state": "LIVE"}],
    }
    assert [one["name"] for one in answer["extensions"]["sources"]] == ["DBT_FINANCE"]


async def test_without_the_treasury_the_rest_of_the_application_is_there_with_a_coded_error(world):
    application = await world.submit("ES90")
    world.down.errors[Source.DBT_FINANCE] = Unavailable(Source.DBT_FINANCE, "down")
    answer = await world.ask(NEED, OFFICER, id=named(application))
    assert answer["data"]["application"] == {"number": application.number, "sanctionBudget": None}
    [error] = answer["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("SOURCE_UNAVAILABLE", ["application", "sanctionBudget"])


@pytest.mark.parametrize("subject", [CITIZEN, STRANGE_OFFICER])
async def test_nobody_else_is_shown_it(world, subject):
    application = await world.submit("ES90")
    answer = await world.ask(NEED, subject, id=named(application))
    assert (answer["data"]["application"] or {"sanctionBudget": None})["sanctionBudget"] is None
    assert "sources" not in answer.get("extensions", {}) or answer["extensions"]["sources"] == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.EN, "Not checked yet: the treasury did not answer; it is asked before anything is paid"),
        (Language.HI, "अभी जाँचा नहीं गया: कोषागार ने उत्तर नहीं दिया; भुगतान से पहले उससे पूछा जाएगा"),
    ],
)
async def test_a_benefit_says_that_its_budget_was_not_checked(world, language, words):
    application = await world.submit("ES90")
    world.down.errors[Source.DBT_FINANCE] = Unavailable(Source.DBT_FINANCE, "down")
    await world.approve(application)
    answer = await world.ask(BUDGET, CITIZEN, language=language, id=named(application))
    told = {"state": "NOT_CHECKED", "stateLabel": words, "asOf": None}
    assert answer["data"]["application"]["benefit"]["budget"] == told


async def test_a_benefit_says_as_of_when_there_was_enough(world):
    application = await world.approve(await world.submit("ES90"))
    answer = await world.ask(BUDGET, CITIZEN, id=named(application))
    told = answer["data"]["application"]["benefit"]["budget"]
    assert (told["state"], told["asOf"]) == ("ENOUGH", "2026-11-24T12:00:00.000+05:30")
