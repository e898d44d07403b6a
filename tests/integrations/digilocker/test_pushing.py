"""Push URI: the golden vector of the contract, and our client against the sandbox that was written from it."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP

import pytest
import respx

from domain.kernel import Source
from integrations.calling.errors import NotLetIn, Refused, Unavailable
from integrations.digilocker import DigiLocker, DigiLockerSettings, PushAction, PushedUri
from integrations.digilocker.requester.uri_pushes import form_of, multipart_of
from sandbox.digilocker.push import DIGESTED
from tests.integrations.digilocker.conftest import PEOPLE
from tests.support.remotes import PARTNER, remote_over

GOLDEN = "fbba65b116107f318352c5a7e7c2014a05228313f19cac0dc18454397e734718"
PUSHED = PushedUri(
    locker_id="123e4567-e89b-12d3-a456-426655440000",
    uri="in.gov.example-INCER-AB12CD34EF",
    description="Income Certificate",
    issued_on=date(2026, 4, 1),
    valid_until=None,
    action=PushAction.ADD,
)
ASHA = PEOPLE[0]["locker_id"]
OURS = replace(PUSHED, locker_id=ASHA, uri="in.gov.uk.apunisarkar-INCER-0123456789", pdf=b"%PDF-1.7", xml=b"<C/>")


def test_the_form_has_the_digest_of_the_contracts_golden_vector():
    form = form_of(PUSHED, DigiLockerSettings("CLIENT01", "test-secret"), datetime.fromtimestamp(1_700_000_000, UTC))

    assert form["hmac"] == GOLDEN
    assert form["issuedate"] == "01042026"
    assert "validfrom" not in form
    assert "doccontent" not in form


def test_the_sandboxs_order_gives_the_golden_vector_too():
    values = {
        "clientid": "CLIENT01",
        "digilockerid": PUSHED.locker_id,
        "uri": PUSHED.uri,
        "doctype": "INCER",
        "description": "Income Certificate",
        "docid": "AB12CD34EF",
        "issuedate": "01042026",
        "action": "A",
        "ts": "1700000000",
    }
    joined = "test-secret" + "".join(values.get(name, "") for name in DIGESTED)
    assert hashlib.sha256(joined.encode()).hexdigest() == GOLDEN


async def test_a_pushed_certificate_is_in_the_locker_updated_and_deleted(locker):
    client, grant = locker.client(), await locker.grant()

    await client.pushing.push(OURS)
    assert (await client.file(grant, OURS.uri)).content == b"%PDF-1.7"
    await client.pushing.push(replace(OURS, action=PushAction.UPDATE, pdf=b"%PDF-2"))
    assert (await client.file(grant, OURS.uri)).content == b"%PDF-2"
    await client.pushing.push(replace(OURS, action=PushAction.DELETE, pdf=None, xml=None))
    with pytest.raises(Refused, match="invalid_uri"):
        await client.file(grant, OURS.uri)


async def test_the_older_body_is_sent_where_the_account_wants_it(locker):
    locker.onboarding = {**locker.onboarding, "push_multipart": True}
    assert DigiLockerSettings.from_onboarding(locker.onboarding).push_multipart
    client, grant = locker.client(), await locker.grant()

    await client.pushing.push(OURS)

    assert (await client.file(grant, OURS.uri)).content == b"%PDF-1.7"


def test_both_bodies_say_the_same():
    form = form_of(OURS, DigiLockerSettings("CLIENT01", "test-secret"), datetime.fromtimestamp(1_700_000_000, UTC))
    parts = multipart_of(form)

    head = f"Content-Type: {parts['headers']['Content-Type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + parts["content"])
    read = {part.get_param("name", header="content-disposition"): part.get_content() for part in message.iter_parts()}
    assert {name: value.removesuffix("\r\n").strip() for name, value in read.items()} == form


async def test_a_second_addition_is_taken_for_done(locker):
    client = locker.client()
    await client.pushing.push(OURS)
    await client.pushing.push(OURS)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"locker_id": PUSHED.locker_id}, "invalid_digilocker_id"),
        ({"action": PushAction.UPDATE, "uri": "in.gov.uk.apunisarkar-INCER-1"}, "uri_unknown"),
        ({"action": PushAction.DELETE, "uri": "in.gov.uk.apunisarkar-INCER-1"}, "uri_unknown"),
        ({"locker_id": PEOPLE[1]["locker_id"]}, "uri_in_another_account"),
        ({"description": ""}, "invalid_parameter"),
    ],
)
async def test_what_is_refused_is_named(locker, changes, code):
    client = locker.client()
    await client.pushing.push(OURS)
    with pytest.raises(Refused, match=code):
        await client.pushing.push(replace(OURS, **changes))


async def test_a_text_that_is_no_uri_is_not_sent(locker):
    with pytest.raises(Refused, match="invalid_uri"):
        await locker.client().pushing.push(replace(OURS, uri="no uri"))


async def test_a_wrong_secret_and_an_old_timestamp_are_refused(locker):
    onboarding = locker.onboarding
    locker.onboarding = {**onboarding, "client_secret": "another"}
    with pytest.raises(Refused, match="invalid_parameter"):
        await locker.client().pushing.push(OURS)
    locker.onboarding = {**onboarding, "client_id": "another"}
    with pytest.raises(NotLetIn, match="invalid_client_id"):
        await locker.client().pushing.push(OURS)
    locker.onboarding = onboarding
    locker.fault("skew", seconds=31 * 60)
    with pytest.raises(Refused, match="invalid_parameter"):
        await locker.client().pushing.push(OURS)


async def test_a_timestamp_of_the_future_is_refused_beyond_a_minute(locker):
    locker.fault("skew", seconds=-61)
    with pytest.raises(Refused, match="invalid_parameter"):
        await locker.client().pushing.push(OURS)
    locker.fault("skew", seconds=-60)

    await locker.client().pushing.push(OURS)


async def test_a_locker_that_is_away_is_asked_again_later(locker):
    locker.fault("status", status=503)
    with pytest.raises(Unavailable):
        await locker.client().pushing.push(OURS)


async def test_the_digest_covers_each_field(locker):
    client_id, secret = locker.onboarding["client_id"], locker.onboarding["client_secret"]
    form = dict(form_of(OURS, DigiLockerSettings(client_id, secret), locker.clock.now() - timedelta(minutes=1)))
    async with locker.browser() as browser:
        for name in sorted(form.keys() - {"hmac", "clientid"}):
            spoilt = form | {name: form[name] + "1"}
            answer = await browser.post("/public/account/1/pushuri", data=spoilt)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_parameter"), name
        assert (await browser.post("/public/account/1/pushuri", data=form)).status_code == 200


PUSH_ROWS = (
    ("invalid_client_id", 401, NotLetIn),
    ("invalid_parameter", 400, Refused),
    ("insufficient_scope", 403, Refused),
    ("invalid_digilocker_id", 404, Refused),
    ("unexpected_error", 500, Unavailable),
    ("unexpected_error", 530, Unavailable),
)


@pytest.mark.parametrize(("code", "status", "outcome"), PUSH_ROWS)
async def test_every_row_of_a_push_is_told_by_its_code(code, status, outcome):
    line = remote_over(None, Source.DIGILOCKER, PARTNER)
    client = DigiLocker(line, DigiLockerSettings("client-1", "secret"))
    with respx.mock(base_url=PARTNER) as partner:
        route = partner.post("/public/account/1/pushuri").respond(status, json={"error": code})
        with pytest.raises(outcome) as failure:
            await client.pushing.push(OURS)

    assert (type(failure.value), failure.value.code) == (outcome, code)
    assert outcome is Unavailable or route.call_count == 1
