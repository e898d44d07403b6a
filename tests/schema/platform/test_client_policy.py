"""Which versions still work: asked by everybody, set by administrators."""

import pytest

from domain.kernel import ANONYMOUS, PersonKind, Role, Subject
from tests.support.graph import CITIZEN, OFFICER

ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, OFFICER.person_id)
ASK = """query($version: String!, $platform: ClientPlatform! = ANDROID) {
  clientPolicy(platform: $platform, version: $version) {
    support message(language: EN) hindi: message(language: HI) minimumVersion latestVersion storeUrl } }"""
SET = """mutation($input: SetClientPolicyInput!) { setClientPolicy(input: $input) {
  minimumVersion latestVersion userErrors { path code } } }"""
POLICY = {
    "platform": "ANDROID",
    "minimumVersion": "1.2.0",
    "latestVersion": "1.4.0",
    "storeUrl": "https://play.google.com/store/apps/details?id=in.gov.uk.apunisarkar",
    "reason": "1.1 shows wrong due dates",
    "idempotencyKey": "policy-1",
}


async def test_a_version_is_told_whether_it_still_works(world):
    before = await world.ask(ASK, ANONYMOUS, version="0.1")
    assert before["data"]["clientPolicy"]["support"] == "SUPPORTED"
    done = await world.ask(SET, ADMIN, input=POLICY)
    assert done["data"]["setClientPolicy"] == {"minimumVersion": "1.2.0", "latestVersion": "1.4.0", "userErrors": []}

    told = {}
    for version in ("1.1.9", "1.3", "1.4.0"):
        told[version] = (await world.ask(ASK, ANONYMOUS, version=version))["data"]["clientPolicy"]
    assert [one["support"] for one in told.values()] == ["UPDATE_REQUIRED", "UPDATE_AVAILABLE", "SUPPORTED"]
    assert told["1.1.9"]["message"] == "This version of the app no longer works. Please update it."
    assert "अपडेट" in told["1.1.9"]["hindi"]
    assert told["1.1.9"]["storeUrl"] == POLICY["storeUrl"]
    ios = await world.ask(ASK, ANONYMOUS, version="0.1", platform="IOS")
    assert ios["data"]["clientPolicy"]["support"] == "SUPPORTED"


async def test_a_version_that_cannot_be_read_is_bad_input(world):
    answer = await world.ask(ASK, ANONYMOUS, version="latest")

    assert answer["data"]["clientPolicy"] is None
    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"minimumVersion": "one"}, ["input", "minimumVersion"], "BAD_INPUT"),
        ({"latestVersion": "1.1"}, ["input", "latestVersion"], "BAD_INPUT"),
        ({"storeUrl": "http://example.in"}, ["input", "storeUrl"], "BAD_INPUT"),
        ({"app": "No"}, ["input", "app"], "BAD_INPUT"),
        ({"reason": " "}, ["input", "reason"], "REASON_REQUIRED"),
    ],
)
async def test_what_cannot_be_is_refused_as_data(world, change, path, code):
    answer = await world.ask(SET, ADMIN, input=POLICY | change)

    assert answer["data"]["setClientPolicy"]["userErrors"] == [{"path": path, "code": code}]


@pytest.mark.parametrize("subject", [CITIZEN, OFFICER, ANONYMOUS])
async def test_only_an_administrator_sets_it(world, subject):
    await world.ask(SET, subject, input=POLICY)

    answer = await world.ask(ASK, ANONYMOUS, version="0.1")
    assert answer["data"]["clientPolicy"]["minimumVersion"] is None
