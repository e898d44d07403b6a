"""DigiLocker's side of an issuer pull, against our door."""

from dataclasses import dataclass, field
from datetime import date

import httpx
import pytest
from starlette.applications import Starlette

from integrations.digilocker import IssuedCopy, IssuerSettings, LockerGrant, issuer_routes
from sandbox.city.papers import Paper, new_signer, signed_certificate, small_pdf

URI = "in.gov.uk.apunisarkar-INCER-AB12CD34EF"
ARGUMENTS = {"doctype": "INCER", "person": "asha-negi", "certificate_number": "22600000000012", "format": "both"}


@dataclass
class Desk:
    copy: IssuedCopy | None
    asked: list[object] = field(default_factory=list)

    async def find(self, request):
        self.asked.append(request)
        return self.copy

    async def fetch(self, request):
        self.asked.append(request)
        return self.copy


class Late(httpx.AsyncBaseTransport):
    """The gateway, which is built after the sandbox."""

    app: Starlette

    async def handle_async_request(self, request):
        return await httpx.ASGITransport(app=self.app).handle_async_request(request)


@pytest.fixture
def desk(locker_with_door):
    return locker_with_door[1]


@pytest.fixture
def locker_with_door(open_locker):
    gateway = Late()
    locker = open_locker(transport=gateway)
    paper = Paper(
        "Income Certificate", "INCER", "1", "Revenue Department", "01-04-2026", "Asha Negi", "14-03-1984", "F"
    )
    xml = signed_certificate(paper, new_signer("State", locker.clock.now()))
    desk = Desk(IssuedCopy(URI, "ASHA  NEGI", date(1984, 3, 14), "F", small_pdf(["Income Certificate"]), xml))
    settings = IssuerSettings.from_onboarding(locker.onboarding)
    gateway.app = Starlette(routes=issuer_routes(desk, settings, locker.clock))
    return locker, desk


async def test_a_pulled_certificate_is_in_the_locker(locker_with_door):
    locker, desk = locker_with_door

    view = await locker.sandbox.act("pull_uri", ARGUMENTS)

    assert view["accepted"]
    assert view["status"] == "1"
    assert view["media_types"] == ["application/pdf", "application/xml"]
    client, grant = locker.client(), await locker.grant()
    listed = {each.uri: each for each in (await client.issued_documents(grant)).value}
    assert listed[URI].name == "Income Certificate"
    assert listed[URI].issuer == "Revenue Department"
    assert (await client.file(grant, URI)).content == desk.copy.pdf
    assert (await client.certificate_xml(grant, URI)).content == desk.copy.xml


async def test_another_citizen_does_not_see_it(locker_with_door):
    locker, _ = locker_with_door
    await locker.sandbox.act("pull_uri", ARGUMENTS)

    listed = await locker.client().issued_documents(await locker.grant("ravi-rawat"))

    assert URI not in {each.uri for each in listed.value}


@pytest.mark.parametrize(
    ("variant", "status"),
    [("bad_hmac", 401), ("bad_keyhash", 401), ("wrong_org", 401), ("stale_ts", 200), ("xxe", 400)],
)
async def test_what_digilocker_would_not_send_gets_nothing(locker_with_door, variant, status):
    locker, desk = locker_with_door

    view = await locker.sandbox.act("pull_uri", {**ARGUMENTS, "variant": variant})

    assert (view["http_status"], view["accepted"], desk.asked) == (status, False, [])


async def test_a_skewed_clock_is_out_of_the_window(locker_with_door):
    locker, desk = locker_with_door
    locker.fault("skew")

    view = await locker.sandbox.act("pull_uri", ARGUMENTS)

    assert (view["status"], view["checks"]["echoed"], desk.asked) == ("0", True, [])


async def test_a_replay_gets_the_same_answer(locker_with_door):
    locker, _ = locker_with_door

    view = await locker.sandbox.act("pull_uri", {**ARGUMENTS, "variant": "replay"})

    assert view["same_answer"]
    assert view["accepted"]


async def test_the_other_encoding_is_refused_where_raw_is_set(locker_with_door):
    locker, _ = locker_with_door

    assert (await locker.sandbox.act("pull_uri", {**ARGUMENTS, "hmac_encoding": "hex"}))["http_status"] == 401


async def test_a_certificate_of_another_person_is_not_kept(locker_with_door):
    locker, _ = locker_with_door

    view = await locker.sandbox.act("pull_uri", {**ARGUMENTS, "person": "ravi-rawat"})

    assert view["status"] == "1"
    assert not view["checks"]["person"]
    assert not view["accepted"]


async def test_xml_alone_brings_no_pdf(locker_with_door):
    locker, _ = locker_with_door

    view = await locker.sandbox.act("pull_uri", {**ARGUMENTS, "format": "xml", "search_tag": "AUTHN"})

    assert view["media_types"] == ["application/xml"]


async def test_a_uri_is_asked_for_again_by_the_older_contract(locker_with_door):
    locker, desk = locker_with_door

    view = await locker.sandbox.act("pull_doc", {"person": "asha-negi", "uri": URI})

    assert (view["status"], desk.asked[0].uri) == ("1", URI)


async def test_bad_arguments_are_named(locker_with_door):
    locker, _ = locker_with_door

    with pytest.raises(ValueError, match="person"):
        await locker.sandbox.act("pull_uri", {**ARGUMENTS, "person": "nobody"})
    with pytest.raises(KeyError):
        await locker.sandbox.act("pull_uri", {"person": "asha-negi"})


async def test_pulled_documents_survive_a_restart(locker_with_door, open_locker):
    locker, _ = locker_with_door
    await locker.sandbox.act("pull_uri", ARGUMENTS)
    grant = await locker.grant()

    restarted = open_locker()

    listed = await restarted.client().issued_documents(LockerGrant("c", grant.access_token, grant.locker_id))
    assert URI in {each.uri for each in listed.value}
