"""Sign-on in the graph: relatives, the strength that a service asks for, and what an operator is told."""

from dataclasses import replace

from domain.kernel import Assurance, Needed
from store.identity import strengths
from tests.support.authz import SUBJECTS
from tests.support.graph import CITIZEN, NEIGHBOUR

REGISTER = """mutation ($input: RegisterRelativeInput!) { registerRelative(input: $input) {
  relatives { id name relation maskedMobile } userErrors { code path } } }"""
ASK = """mutation ($input: AskAssistanceInput!) { askAssistance(input: $input) {
  assistance { state } userErrors { code path } } }"""
MINE = "{ viewer { ... on Citizen { relatives { name maskedMobile } assistances { state } } } }"


async def test_a_citizen_registers_a_relative_whose_number_is_masked_and_whom_nobody_else_sees(world):
    given = {"name": "Mohan", "relation": "son", "mobile": "9800000077", "idempotencyKey": "r"}
    done = (await world.ask(REGISTER, CITIZEN, input=given))["data"]["registerRelative"]

    assert done["userErrors"] == []
    assert [one["maskedMobile"] for one in done["relatives"]] == ["98xxxxxx77"]
    mine = (await world.ask(MINE, CITIZEN))["data"]["viewer"]
    assert mine == {"relatives": [{"name": "Mohan", "maskedMobile": "98xxxxxx77"}], "assistances": []}
    assert (await world.ask(MINE, NEIGHBOUR))["data"]["viewer"]["relatives"] == []


async def test_who_may_only_look_is_told_so_also_where_a_scope_is_needed(world):
    looking = replace(CITIZEN, may_only_look=True)
    given = {"name": "Mohan", "relation": "son", "mobile": "9800000077", "idempotencyKey": "r"}
    done = (await world.ask(REGISTER, looking, input=given))["data"]["registerRelative"]

    assert [one["code"] for one in done["userErrors"]] == ["SOURCE_UNAVAILABLE"]


async def test_what_is_missing_is_told_with_its_field(world):
    asked = {"way": "OTP", "bornOn": "1984-03-14", "idempotencyKey": "a"}
    told = (await world.ask(ASK, SUBJECTS["idle operator"], input=asked))["data"]["askAssistance"]

    assert told == {
        "assistance": None,
        "userErrors": [{"code": "BAD_INPUT", "path": ["input", "mobile"]},
                       {"code": "BAD_INPUT", "path": ["input", "number"]}],
    }  # fmt: skip


async def test_a_service_says_how_sure_one_must_be(world):
    async with world.environment.store.write_transaction() as tx:
        await strengths.replace_all(tx, {"ES09": Needed(Assurance.HIGH, Assurance.LOW)})
    read = '{ service(by: {code: "ES09"}) { ownStrength assistedStrength } }'

    assert (await world.ask(read, CITIZEN))["data"]["service"] == {"ownStrength": "HIGH", "assistedStrength": "LOW"}
