"""Correcting and revoking through the graph, and what a citizen sees of it."""

import pytest

from actions.certificates.certificate_endings import make_corrected
from actions.certificates.issue import issue_certificate
from domain.kernel import TypeCode
from schema.kernel import node_id
from tests.support.actions import FakeRenderer
from tests.support.graph import CITIZEN, FARAWAY, NEIGHBOUR, OFFICER

CORRECT = """mutation ($input: CorrectCertificateInput!) { correctCertificate(input: $input) {
  application { version certificate { number } timeline { move note } } submission { replayed }
  userErrors { code path } } }"""
REVOKE = """mutation ($input: RevokeCertificateInput!) { revokeCertificate(input: $input) {
  application { certificate { status } } userErrors { code path } } }"""
SEEN = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Certificate { number status
  ending { endedOn ground reason correctedBy { number } } } } }"""
VERIFY = "query ($number: String!) { verifyCertificate(number: $number) { status endedOn correctedBy } }"
REASON = "The income was mistyped"


@pytest.fixture
async def issued(world):
    application = await world.approve(await world.submit())
    certificate = await issue_certificate(world.environment, application.id, FakeRenderer())
    assert certificate is not None
    return certificate


def asked(certificate, key: str = "k", **more) -> dict:
    named = {"certificateId": node_id(TypeCode.CERTIFICATE, certificate.id), "ground": "CLERICAL_ERROR"}
    return {**named, "reason": REASON, "idempotencyKey": key, **more}


async def seen(world, *certificates):
    ids = [node_id(TypeCode.CERTIFICATE, one.id) for one in certificates]
    answer = await world.ask(SEEN, CITIZEN, ids=ids)
    assert answer["errors"] == []
    return answer["data"]["nodes"]


async def corrected(world, certificate, key: str = "k"):
    facts = [{"key": "annual_income", "value": "84000"}]
    answer = await world.ask(CORRECT, OFFICER, input=asked(certificate, key, facts=facts))
    assert answer["data"]["correctCertificate"]["userErrors"] == []
    made = await make_corrected(world.environment, certificate.id, FakeRenderer())
    return answer["data"]["correctCertificate"], made


async def test_an_officer_corrects_and_the_citizen_sees_how_and_what_stands_in_its_place(world, issued):
    payload, new = await corrected(world, issued)

    assert payload["application"]["certificate"] is None  # it is being made
    assert payload["application"]["timeline"][-1] == {"move": "CORRECT_CERTIFICATE", "note": REASON}
    old_seen, new_seen = await seen(world, issued, new)
    today = new.issued_on.isoformat()
    assert old_seen == {
        "number": issued.number,
        "status": "CORRECTED",
        "ending": {
            "endedOn": today,
            "ground": "CLERICAL_ERROR",
            "reason": REASON,
            "correctedBy": {"number": new.number},
        },
    }
    assert new_seen == {"number": new.number, "status": "ACTIVE", "ending": None}
    for name in (issued.number, issued.uri):
        told = await world.ask(VERIFY, NEIGHBOUR, number=name)
        assert told["data"]["verifyCertificate"] == {
            "status": "CORRECTED",
            "endedOn": today,
            "correctedBy": new.number,
        }


async def test_a_revoked_certificate_leads_nowhere(world, issued):
    answer = await world.ask(REVOKE, OFFICER, input=asked(issued, ground="FORGED_PAPERS"))

    assert answer["data"]["revokeCertificate"]["application"]["certificate"] == {"status": "REVOKED"}
    [one] = await seen(world, issued)
    assert (one["status"], one["ending"]["ground"], one["ending"]["correctedBy"]) == ("REVOKED", "FORGED_PAPERS", None)
    told = await world.ask(VERIFY, NEIGHBOUR, number=issued.uri)
    assert told["data"]["verifyCertificate"]["status"] == "REVOKED"
    assert told["data"]["verifyCertificate"]["correctedBy"] is None


async def test_a_repeat_is_a_replay_and_a_second_end_is_refused(world, issued):
    await corrected(world, issued)
    facts = [{"key": "annual_income", "value": "84000"}]
    again = await world.ask(CORRECT, OFFICER, input=asked(issued, facts=facts))
    assert again["data"]["correctCertificate"]["submission"]["replayed"] is True
    other = await world.ask(REVOKE, OFFICER, input=asked(issued, "another"))
    [problem] = other["data"]["revokeCertificate"]["userErrors"]
    assert (problem["code"], problem["path"]) == ("TRANSITION_NOT_ALLOWED", ["input", "certificateId"])


@pytest.mark.parametrize("subject", [CITIZEN, NEIGHBOUR])
async def test_nobody_but_the_office_ends_a_certificate_or_reads_of_anothers(world, issued, subject):
    answer = await world.ask(REVOKE, subject, input=asked(issued))
    told = answer["data"] and answer["data"]["revokeCertificate"]
    codes = (
        [error["code"] for error in told["userErrors"]]
        if told
        else [error["extensions"]["code"] for error in answer["errors"]]
    )
    assert codes == ["NOT_FOUND"]
    other = await world.ask(SEEN, NEIGHBOUR, ids=[node_id(TypeCode.CERTIFICATE, issued.id)])
    assert other["data"]["nodes"] == [None]
    assert [error["extensions"]["code"] for error in other["errors"]] == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("more", "code", "path"),
    [
        ({"reason": " "}, "REASON_REQUIRED", ["input", "reason"]),
        ({"facts": [{"key": "colour", "value": "x"}]}, "BAD_INPUT", ["input", "facts"]),
        ({"facts": [{"key": "caste", "value": "x"}, {"key": "caste", "value": "y"}]}, "BAD_INPUT", ["input", "facts"]),
        ({"certificateId": node_id(TypeCode.CERTIFICATE, FARAWAY)}, "NOT_FOUND", ["input", "certificateId"]),
        ({"certificateId": node_id(TypeCode.APPLICATION, "a")}, "BAD_INPUT", ["input", "certificateId"]),
    ],
)
async def test_what_is_wrong_with_a_correction_is_named(world, issued, more, code, path):
    answer = await world.ask(CORRECT, OFFICER, input=asked(issued, **more))
    [problem] = answer["data"]["correctCertificate"]["userErrors"]
    assert (problem["code"], problem["path"]) == (code, path)


async def test_the_ends_of_many_are_one_query(world, issued):
    _, second = await corrected(world, issued)
    _, third = await corrected(world, second, "k-2")
    with world.statements() as statements:
        await seen(world, issued, second, third)
    assert len([one for one in statements if "certificate_endings" in one]) == 1
