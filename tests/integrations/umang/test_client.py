"""The client against its own sandbox: in clear and sealed, refused, broken, kept and stale."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from starlette.responses import Response

from domain.kernel import Language, ManualClock, SeededIds, Source, SourceState
from integrations.calling.errors import Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable
from integrations.umang import Member, Umang, UmangSettings
from sandbox.city.kit import Sandbox, SandboxClock, SandboxHome
from sandbox.umang.envelope import new_pair
from sandbox.umang.server import create_sandbox
from tests.support.remotes import PARTNER, remote_over

NUMBER = "054623423639"
PEOPLE = [
    {
        "key": "asha-negi",
        "district": "49",
        "ration_card": {
            "number": NUMBER,
            "scheme": "Priority Household (PHH)",
            "shop": "Fair Price Shop 214",
            "members": [{"name": "Asha Negi", "relation": "Self"}, {"name": "Aarav Negi", "relation": "Son"}],
        },
    },
    {"key": "without", "district": "49", "ration_card": None},
]


@dataclass
class Gateway:
    sandbox: Sandbox
    clock: ManualClock
    given: dict[str, Any]

    def settings(self, **changes: str) -> UmangSettings:
        return UmangSettings.from_onboarding({**self.given, **changes})

    def client(self, settings: UmangSettings | None = None, app: Any = None) -> Umang:
        remote = remote_over(app or self.sandbox.app, Source.UMANG, clock=self.clock)
        return Umang(remote, settings or self.settings(), self.clock, SeededIds(self.clock, "umang"))

    def calls(self) -> list[dict[str, Any]]:
        return self.sandbox.ledger.entries()


@pytest.fixture(scope="module")
def keys() -> dict[str, dict[str, str]]:
    return {name: new_pair() for name in ("portal", "onorc", "caller", "door")}


@pytest.fixture
def gateway(tmp_path: Path, keys: dict[str, dict[str, str]]) -> Iterator[Gateway]:
    clock = ManualClock(datetime(2026, 11, 24, 6, 30, tzinfo=UTC))
    home = SandboxHome(
        "umang",
        tmp_path / "umang",
        tmp_path / "umang.json",
        SandboxClock(base=clock),
        {"people": PEOPLE},
        "http://gateway.test",
        "http://sandbox.test",
    )
    for name, pair in keys.items():  # making RSA keys anew for each test would take a second
        home.state.add("keys", name, pair)
    own = {"api_key": "k" * 40, "secret": "s" * 40}
    pair = keys["portal"]
    home.state.add("caller", "own", {**own, "private_key": pair["private"], "public_key": pair["public"]})
    sandbox = create_sandbox(home)
    yield Gateway(sandbox, clock, json.loads(home.onboarding.read_text()))
    sandbox.close()


async def test_a_ration_card_comes_through_sealed_bodies(gateway: Gateway):
    told = await gateway.client().ration_card("citizen", f" {NUMBER} ", Language.HI)
    assert (told.source, told.state) == (Source.UMANG, SourceState.LIVE)
    assert (told.value.number, told.value.district, told.value.shop) == (NUMBER, "DEHRADUN", "Fair Price Shop 214")
    assert told.value.members == (Member("Asha Negi", "Self"), Member("Aarav Negi", "Son"))
    [call] = gateway.calls()
    assert (call["route"], call["effect"]) == ("/{api}Api/ws1/{operation}", "getrationcard ONRC0000")


async def test_with_a_bearer_the_published_form_is_called(gateway: Gateway):
    settings = gateway.settings(bearer=gateway.given["api_setu_bearer"])
    assert (await gateway.client(settings).ration_card("c", NUMBER, Language.EN)).value.number == NUMBER
    assert gateway.calls()[0]["route"] == "/umang/apisetu/dept/{api}api/ws1/{operation}"


async def test_every_call_has_a_fresh_tracker(gateway: Gateway):
    client = gateway.client()
    await client.ration_card("one", NUMBER, Language.HI)
    await client.ration_card("two", NUMBER, Language.HI)
    trackers = [call["key"] for call in gateway.calls()]
    assert len(set(trackers)) == 2
    assert all(NUMBER not in json.dumps(call) for call in gateway.calls())


async def test_an_unknown_card_is_refused_with_our_word(gateway: Gateway):
    with pytest.raises(Refused) as refusal:
        await gateway.client().ration_card("c", "054600000009", Language.HI)
    assert refusal.value.code == "CARD_NOT_FOUND"


async def test_what_cannot_be_a_card_number_is_not_asked(gateway: Gateway):
    with pytest.raises(Refused, match="CARD_NUMBER_MALFORMED"):
        await gateway.client().ration_card("c", "12/../x", Language.HI)
    assert gateway.calls() == []


@pytest.mark.parametrize("rs", ["F", "E", "failure", "FAILURE"])
async def test_rs_decides_though_the_status_is_200(gateway: Gateway, rs: str):
    await gateway.sandbox.act("answer_with", {"rs": rs, "rc": "ONRC0409"})
    with pytest.raises(Refused, match="CARD_NOT_ACTIVE"):
        await gateway.client().ration_card("c", NUMBER, Language.HI)


@pytest.mark.parametrize("pd", ["null", "none"])
async def test_success_without_a_payload_is_no_card(gateway: Gateway, pd: str):
    await gateway.sandbox.act("answer_with", {"pd": pd})
    with pytest.raises(Refused, match="CARD_NOT_FOUND"):
        await gateway.client().ration_card("c", NUMBER, Language.HI)


async def test_success_in_small_letters_with_a_list_is_a_card(gateway: Gateway):
    await gateway.sandbox.act("answer_with", {"rs": "s", "pd": "list"})
    assert (await gateway.client().ration_card("c", NUMBER, Language.HI)).value.number == NUMBER


async def test_a_department_that_is_down_is_asked_again(gateway: Gateway):
    await gateway.sandbox.act("answer_with", {"rs": "F", "rc": "ONRC0503"})
    assert (await gateway.client().ration_card("c", NUMBER, Language.HI)).value.number == NUMBER
    assert len(gateway.calls()) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"api_key": "another"}, "forbidden"),
        ({"onorc_srvid": "1520"}, "forbidden"),
        ({"onorc_deptid": "999"}, "forbidden"),
        ({"onorc_subsid": ""}, "forbidden"),
        ({"bearer": "another"}, "unauthorised"),
        ({"onorc_private_key": ""}, "bad_request"),
        ({"onorc_token": "another"}, "NOT_SUBSCRIBED"),
    ],
)
async def test_the_gateway_lets_nobody_in_who_is_not_known(gateway: Gateway, changes: dict[str, str], code: str):
    with pytest.raises(Refused) as refusal:
        await gateway.client(gateway.settings(**changes)).ration_card("c", NUMBER, Language.HI)
    assert refusal.value.code == code
    assert isinstance(refusal.value, NotLetIn) is (code != "bad_request")  # which of them somebody must look at
    assert len(gateway.calls()) == 1


async def test_an_expired_bearer_is_refused(gateway: Gateway):
    gateway.sandbox.faults.set([{"kind": "token_expired"}])
    settings = gateway.settings(bearer=gateway.given["api_setu_bearer"])
    with pytest.raises(Refused, match="unauthorised"):
        await gateway.client(settings).ration_card("c", NUMBER, Language.HI)


async def test_a_burst_is_tried_again_and_a_spent_quota_is_not(gateway: Gateway):
    await gateway.sandbox.act("set_quota", {"burst": 1, "per_second": 10_000})
    client = gateway.client()
    await client.ration_card("one", NUMBER, Language.HI)
    await client.ration_card("two", NUMBER, Language.HI)
    assert [call["effect"] for call in gateway.calls()].count("refused 429") >= 1
    await gateway.sandbox.act("set_quota", {"daily": 0, "burst": 100})
    gateway.clock.advance(timedelta(seconds=10))
    before = len(gateway.calls())
    with pytest.raises(Unavailable) as failure:
        await client.ration_card("three", NUMBER, Language.HI)
    assert failure.value.code == "quota_spent"
    assert (failure.value.retry_after or 0) >= 3600
    assert len(gateway.calls()) == before + 1


async def test_an_answer_sealed_for_another_key_is_an_integrity_failure(gateway: Gateway):
    gateway.sandbox.faults.set([{"kind": "signature"}])
    with pytest.raises(IntegrityFailure, match="envelope"):
        await gateway.client().ration_card("c", NUMBER, Language.HI)


async def test_another_persons_card_is_never_shown(gateway: Gateway):
    gateway.sandbox.faults.set([{"kind": "foreign"}])
    with pytest.raises(IntegrityFailure, match="foreign_record"):
        await gateway.client().ration_card("c", NUMBER, Language.HI)


async def test_a_login_page_with_200_is_a_gateway_that_is_down(gateway: Gateway):
    gateway.sandbox.faults.set([{"kind": "html"}])
    with pytest.raises(Unavailable, match="html_page"):
        await gateway.client().ration_card("c", NUMBER, Language.HI)


@pytest.mark.parametrize("shape", ["syntax", "types", "missing"])
async def test_a_malformed_answer_is_garbled(gateway: Gateway, shape: str):
    gateway.sandbox.faults.set([{"kind": "malformed", "params": {"shape": shape}}])
    with pytest.raises(Garbled):
        await gateway.client().ration_card("c", NUMBER, Language.HI)


@pytest.mark.parametrize("body", [b'{"rs":"S","pd":{"rcI', b"[" * 20_000], ids=["truncated", "nested too deep"])
async def test_spoilt_json_in_clear_is_a_gateway_that_is_down(gateway: Gateway, body: bytes):
    app = Response(body, media_type="application/json")
    with pytest.raises(Unavailable, match="not_json"):
        await gateway.client(app=app).ration_card("c", NUMBER, Language.HI)


async def test_a_refusal_in_clear_is_understood_too(gateway: Gateway):
    app = Response(b'{"rs":"F","rc":"ONRC0404","rd":"x","pd":null}', media_type="application/json")
    with pytest.raises(Refused, match="CARD_NOT_FOUND"):
        await gateway.client(app=app).ration_card("c", NUMBER, Language.HI)


@respx.mock
async def test_a_lost_connection_is_tried_again_and_no_url_holds_the_number(gateway: Gateway):
    route = respx.post(f"{PARTNER}/onorcApi/ws1/getrationcard").mock(
        side_effect=[httpx.ReadTimeout, httpx.Response(504, json={"message": "Endpoint request timed out"})] * 2
    )
    with pytest.raises(Unavailable):
        await gateway.client(app=httpx.AsyncHTTPTransport()).ration_card("c", NUMBER, Language.HI)
    assert route.call_count == 3
    assert all(NUMBER not in str(call.request.url) for call in route.calls)
    assert all(NUMBER.encode() not in call.request.content for call in route.calls)


async def test_a_card_is_kept_ten_minutes_and_served_old_for_a_day(gateway: Gateway):
    client = gateway.client()
    first = await client.ration_card("c", NUMBER, Language.HI)
    gateway.clock.advance(timedelta(minutes=9))
    kept = await client.ration_card("c", NUMBER, Language.HI)
    assert (kept.state, kept.value) == (SourceState.CACHED, first.value)
    gateway.sandbox.faults.set([{"kind": "status", "params": {"status": 503}}])
    gateway.clock.advance(timedelta(hours=23))
    old = await client.ration_card("c", NUMBER, Language.HI)
    assert (old.state, old.value, old.as_of) == (SourceState.STALE, first.value, first.as_of)
    gateway.clock.advance(timedelta(hours=2))
    with pytest.raises(Unavailable):
        await client.ration_card("c", NUMBER, Language.HI)


async def test_one_citizens_card_is_not_kept_for_another(gateway: Gateway):
    client = gateway.client()
    await client.ration_card("one", NUMBER, Language.HI)
    assert (await client.ration_card("two", NUMBER, Language.HI)).state is SourceState.LIVE


async def test_a_department_in_clear_takes_nested_flat_and_form_parameters(gateway: Gateway):
    common = dict.fromkeys(
        ("tkn", "trkr", "apitrkr", "lat", "lon", "lac", "usag", "usrid", "mode", "pltfrm", "lang"), "1"
    )
    routing = {"deptid": "324", "srvid": "1408", "subsid": "0", "subsid2": "0", "formtrkr": "0"}
    headers = {"x-api-key": gateway.given["api_key"], **routing}
    transport = httpx.ASGITransport(app=gateway.sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url=PARTNER, headers=headers) as browser:
        path = "/enamApi/ws1/getApmcForMI"
        nested = await browser.post(path, json={**common, "did": None, "getApmcForMI": {"stateName": "UTTARAKHAND"}})
        flat = await browser.post(path, json={**common, "did": "1", "stateName": "UTTARAKHAND"})
        form = await browser.post(path, data={**common, "stateName": "UTTARAKHAND"})
        absent = await browser.post(path, json={**common, "did": None, "stateName": "GOA"})
        incomplete = await browser.post(path, json={"stateName": "UTTARAKHAND"})
        got = await browser.get(path)
    assert nested.json() == flat.json() == form.json()
    assert isinstance(nested.json()["pd"], list)
    assert absent.json()["rs"] == "failure"
    assert (incomplete.status_code, incomplete.json()) == (400, {"message": "Invalid request body"})
    assert got.status_code == 405


async def test_the_consumer_is_the_same_after_a_restart(gateway: Gateway, tmp_path: Path):
    home = SandboxHome(
        "umang",
        tmp_path / "umang",
        tmp_path / "umang.json",
        SandboxClock(base=gateway.clock),
        {"people": PEOPLE},
        "",
        "",
    )
    again = create_sandbox(home)
    assert json.loads((tmp_path / "umang.json").read_text()) == gateway.given
    assert (tmp_path / "umang.json").stat().st_mode & 0o077 == 0
    again.close()


def test_settings_do_not_print_secrets(gateway: Gateway):
    settings = replace(gateway.settings(bearer="a-bearer"), user_token="a-token")
    for secret in (gateway.given["api_key"], gateway.given["onorc_token"], "PRIVATE KEY", "a-bearer", "a-token"):
        assert secret not in repr(settings)
