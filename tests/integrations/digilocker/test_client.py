"""The client against its sandbox, and against what only a broken network can do."""

from datetime import timedelta

import httpx
import pytest
import respx

from domain.kernel import Source, SourceState
from integrations.calling.errors import Garbled, IntegrityFailure, Refused, Unavailable
from integrations.digilocker import DigiLocker, DigiLockerSettings, LockerGrant
from tests.support.remotes import PARTNER, remote_over

MARKSHEET, LAND = "in.gov.uk.board-SSCER-AB12", "in.gov.uk.board-ROR1B-CD34"
GRANT = LockerGrant("citizen-1", "t0ken", "69a505ce-9548-5124-90b1-6282e2c95f5e")
API = f"{PARTNER}/public/oauth2"


async def test_the_list_shows_every_document_once(locker):
    locker.fault("duplicate")

    listed = await locker.client().issued_documents(await locker.grant())

    assert listed.state is SourceState.LIVE
    assert [(each.uri, each.media_types) for each in listed.value] == [
        (MARKSHEET, ("application/pdf", "application/xml")),
        (LAND, ("application/pdf",)),
    ]
    assert listed.value[0].issued_at is not None


async def test_a_list_is_kept_a_minute_and_a_day_while_the_locker_is_away(locker):
    client, grant = locker.client(), await locker.grant(consent_valid_till="1893456000")
    await client.issued_documents(grant)
    assert (await client.issued_documents(grant)).state is SourceState.CACHED

    locker.clock.advance(timedelta(seconds=61))
    locker.fault("status", status=530, body='{"error":"unexpected_error"}')
    assert (await client.issued_documents(grant)).state is SourceState.STALE

    locker.clock.advance(timedelta(hours=25))
    with pytest.raises(Unavailable):
        await client.issued_documents(grant)


async def test_a_list_that_is_asked_anew_is_the_one_of_this_moment_and_no_kept_one_stands_in_for_it(locker):
    client, grant = locker.client(), await locker.grant()
    await client.issued_documents(grant)

    assert (await client.issued_documents(grant, anew=True)).state is SourceState.LIVE

    locker.fault("status", status=530, body='{"error":"unexpected_error"}')
    with pytest.raises(Unavailable):
        await client.issued_documents(grant, anew=True)
    assert (await client.issued_documents(grant)).state is SourceState.CACHED


async def test_another_persons_locker_is_never_shown(locker):
    locker.fault("foreign")

    with pytest.raises(IntegrityFailure) as failure:
        await locker.client().issued_documents(await locker.grant())

    assert failure.value.code == "wrong_owner"


async def test_a_token_kept_under_the_wrong_citizen_is_noticed(locker):
    asha, ravi = await locker.grant(), await locker.grant("ravi-rawat")

    with pytest.raises(IntegrityFailure):
        await locker.client().issued_documents(LockerGrant(asha.citizen_id, ravi.access_token, asha.locker_id))


async def test_a_file_comes_with_its_exact_bytes(locker):
    fetched = await locker.client().file(await locker.grant(), MARKSHEET)

    assert fetched.media_type == "application/pdf"
    assert fetched.content.startswith(b"%PDF-1.4")
    assert b"Asha Negi" in fetched.content


async def test_a_certificate_comes_as_xml(locker):
    fetched = await locker.client().certificate_xml(await locker.grant(), MARKSHEET)

    assert fetched.media_type == "application/xml"
    assert b'<Certificate language="99"' in fetched.content


@pytest.mark.parametrize("kind", ["signature", "partial"])
async def test_bytes_that_the_hmac_does_not_cover_are_refused(locker, kind):
    client, grant = locker.client(), await locker.grant()
    locker.fault(kind)

    with pytest.raises(IntegrityFailure):
        await client.file(grant, MARKSHEET)
    with pytest.raises(IntegrityFailure):
        await client.certificate_xml(grant, MARKSHEET)


@pytest.mark.parametrize("uri", ["in.gov.uk.board-SSCER-NONE", LAND])
async def test_what_is_not_there_is_refused(locker, uri):
    with pytest.raises(Refused) as refusal:
        await locker.client().certificate_xml(await locker.grant(), uri)

    assert refusal.value.code == "invalid_uri"


@pytest.mark.parametrize("uri", ["", "../../user", "in.gov-ABCDEF-1", "in.gov-ABC-1 2", "in/gov-ABC-1"])
async def test_a_text_that_is_no_uri_is_never_sent(locker, uri):
    before = len(locker.sandbox.ledger.entries())

    with pytest.raises(Refused):
        await locker.client().file(GRANT, uri)

    assert len(locker.sandbox.ledger.entries()) == before


@respx.mock
async def test_a_uri_is_one_segment_of_the_path():
    route = respx.get(f"{API}/1/file/in.gov.x-ABC-1%2F2%3F3").respond(404, json={"error": "invalid_uri"})

    with pytest.raises(Refused):
        await over_http().file(GRANT, "in.gov.x-ABC-1/2?3")

    assert route.called


async def test_an_expired_token_is_told_as_such(locker):
    client, grant = locker.client(), await locker.grant()
    locker.clock.advance(timedelta(seconds=3601))

    with pytest.raises(Refused) as refusal:
        await client.issued_documents(grant)

    assert refusal.value.code == "invalid_token"


async def test_a_consent_that_has_passed_closes_the_locker(locker):
    until = int(locker.clock.now().timestamp()) + 60
    client, tokens = locker.client(), await locker.tokens(consent_valid_till=str(until))
    locker.clock.advance(timedelta(seconds=61))

    with pytest.raises(Refused) as refusal:
        await client.refresh(tokens["refresh_token"])

    assert refusal.value.code == "invalid_grant"


async def test_a_refresh_token_is_good_once(locker):
    client, tokens = locker.client(), await locker.tokens()

    renewed = await client.refresh(tokens["refresh_token"])

    assert renewed.refresh_token not in (None, tokens["refresh_token"])
    assert renewed.expires_at == locker.clock.now() + timedelta(seconds=3600)
    assert renewed.consent_until is not None
    assert renewed.locker_id == GRANT.locker_id
    with pytest.raises(Refused) as refusal:
        await client.refresh(tokens["refresh_token"])
    assert refusal.value.code == "invalid_grant"
    assert (await client.issued_documents(LockerGrant("c", renewed.access_token, GRANT.locker_id))).value


async def test_revoking_ends_every_token_of_the_consent(locker):
    client, tokens = locker.client(), await locker.tokens()
    renewed = await client.refresh(tokens["refresh_token"])

    await client.revoke(renewed.access_token)
    await client.revoke("never-was-one")

    with pytest.raises(Refused) as refusal:
        await client.refresh(renewed.refresh_token or "")
    assert refusal.value.code == "invalid_grant"


async def test_a_page_of_html_does_not_say_that_a_consent_has_ended(locker):
    client, tokens = locker.client(), await locker.tokens()
    locker.sandbox.faults.set([{"kind": "html", "route": "/public/oauth2/1/revoke"}])

    with pytest.raises(Unavailable, match="html_page"):
        await client.revoke(tokens["access_token"])


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("repository_service_unresponsive", Unavailable),
        ("repository_service_exception", Unavailable),
        ("repository_service_resperror", Unavailable),
        ("repository_service_configerror", Refused),
        ("repository_service_inactive", Refused),
        ("repository_service_unpublished", Refused),
    ],
)
async def test_a_troubled_issuer_is_told_by_its_code(locker, code, outcome):
    await locker.sandbox.act("issuer_trouble", {"issuer_id": "in.gov.uk.board", "error": code})

    with pytest.raises(outcome) as failure:
        await locker.client().file(await locker.grant(), MARKSHEET)

    assert failure.value.code == code


async def test_a_troubled_issuer_does_not_stop_the_list(locker):
    client, grant = locker.client(), await locker.grant()
    await locker.sandbox.act(
        "issuer_trouble", {"issuer_id": "in.gov.uk.board", "error": "repository_service_unresponsive"}
    )
    for _ in range(6):
        with pytest.raises(Unavailable):
            await client.file(grant, MARKSHEET)

    assert (await client.issued_documents(grant)).value


@respx.mock
@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (503, '{"error":"repository_service_inactive"}', Refused, "repository_service_inactive"),
        (500, '{"error":"repository_service_resperror"}', Unavailable, "repository_service_resperror"),
        (503, "<html>", Unavailable, "http_503"),
        (530, "<html>", Unavailable, "http_530"),
        (401, "<html>", Refused, "invalid_token"),
        (418, '{"error":"Not A Code <x>"}', Refused, "http_418"),
        (204, "", Garbled, "http_204"),
        (400, "[" * 100_000, Refused, "http_400"),
    ],
)
async def test_both_profiles_and_pages_are_understood(status, body, outcome, code):
    respx.get(f"{API}/1/file/{MARKSHEET}").respond(status, text=body)

    with pytest.raises(outcome) as failure:
        await over_http().file(GRANT, MARKSHEET)

    assert failure.value.code == code


@respx.mock
@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout])
async def test_a_read_is_tried_again_when_the_network_fails(error):
    route = respx.get(f"{API}/1/file/{MARKSHEET}").mock(side_effect=error("no"))

    with pytest.raises(Unavailable):
        await over_http().file(GRANT, MARKSHEET)

    assert route.call_count == 3


@respx.mock
async def test_a_refresh_is_never_sent_twice():
    route = respx.post(f"{API}/1/token").mock(side_effect=httpx.ReadTimeout("no"))

    with pytest.raises(Unavailable):
        await over_http().refresh("r")

    assert route.call_count == 1


@respx.mock
@pytest.mark.parametrize(
    "body", ["<html>", "[]", "{}", '{"items":{}}', '{"items":[1]}', '{"items":[{"uri":"x","name":"n"}]}']
)
async def test_a_list_without_its_form_is_garbled(body):
    respx.get(f"{API}/1/user").respond(json={"digilockerid": GRANT.locker_id})
    respx.get(f"{API}/2/files/issued").respond(200, text=body)

    with pytest.raises(Garbled):
        await over_http().issued_documents(GRANT)


@respx.mock
async def test_media_types_come_in_several_shapes():
    shapes = ["application/PDF", "application/pdf, application/xml", [{"mime": "image/PNG"}], None]
    items = [{"uri": f"in.gov.x-ABCDE-{at}", "name": "n", "mime": shape} for at, shape in enumerate(shapes)]
    respx.get(f"{API}/1/user").respond(403, json={"error": "insufficient_scope"})
    respx.get(f"{API}/2/files/issued").respond(json={"items": items})

    listed = await over_http().issued_documents(GRANT)

    assert [each.media_types for each in listed.value] == [
        ("application/pdf",),
        ("application/pdf", "application/xml"),
        ("image/png",),
        (),
    ]


async def test_no_token_shows_in_texts(locker):
    tokens = await locker.tokens()
    grant = LockerGrant("c", tokens["access_token"], GRANT.locker_id)
    locker.fault("token_expired")

    with pytest.raises(Refused) as refusal:
        await locker.client().issued_documents(grant)

    seen = f"{refusal.value!r} {refusal.value} {grant!r} {DigiLockerSettings('id', 'the-secret')!r}"
    assert tokens["access_token"] not in seen
    assert "the-secret" not in seen


def over_http() -> DigiLocker:
    return DigiLocker(remote_over(None, Source.DIGILOCKER), DigiLockerSettings("CLIENT01", "test-secret"))
