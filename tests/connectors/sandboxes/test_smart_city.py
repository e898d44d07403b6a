"""The sandbox of the Smart City speaks Open311 GeoReport v2 as docs/contracts/other_systems.md section 6 says."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from domain.kernel import ManualClock
from sandbox.smart_city.server import DOOR, create_sandbox
from tests.support.connecting import NOON, Partner, partner_of

PATH = "/open311/v2"
PICTURE = b"\xff\xd8\xff\xe0 and the rest of a photograph"
PLACE = {"lat": "30.316", "long": "78.032"}


@pytest.fixture
def heard() -> list[tuple[bytes, Mapping[str, str]]]:
    return []


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def city(tmp_path: Path, clock: ManualClock, heard: list[Any]) -> Iterator[Partner]:
    async def hear(request: Request) -> JSONResponse:
        heard.append((await request.body(), dict(request.headers)))
        return JSONResponse({"status": "taken"})

    door = httpx.ASGITransport(app=Starlette(routes=[Route(DOOR, hear, methods=["POST"])]))
    partner = partner_of(create_sandbox, "smart_city", tmp_path, clock, transport=door)
    yield partner
    partner.sandbox.close()


async def complain(city: Partner, **more: Any) -> httpx.Response:
    form = {"api_key": city.given["key"], "service_code": "007", "description": "गड्ढा", **PLACE, **more}
    return await city.client.post(f"{PATH}/requests.json", data=form, headers=await city.bearer())


async def listed(city: Partner, **query: str) -> Any:
    return (await city.client.get(f"{PATH}/requests.json", params=query, headers=await city.bearer())).json()


async def test_nothing_is_told_without_a_token_that_holds(city: Partner, clock: ManualClock):
    held = await city.bearer()
    clock.advance(timedelta(seconds=1801))

    answers = [await city.client.get(f"{PATH}/services.json", headers=headers) for headers in ({}, held)]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == [{"code": 401, "description": "the token is missing, unknown or over"}]


async def test_a_client_with_a_wrong_secret_gets_no_token(city: Partner):
    form = {"grant_type": "client_credentials", "client_id": "apuni-uk", "client_secret": "guessed"}

    answer = await city.client.post("/oauth/token", data=form)

    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_services_are_the_same_in_json_and_in_xml(city: Partner):
    held = await city.bearer()

    in_json = (await city.client.get(f"{PATH}/services.json", headers=held)).json()
    in_xml = etree.fromstring((await city.client.get(f"{PATH}/services.xml", headers=held)).content)

    assert [one["service_code"] for one in in_json] == [one.text for one in in_xml.findall("service/service_code")]
    assert in_xml.tag == "services"


async def test_a_definition_names_the_attributes_of_a_service(city: Partner):
    answer = await city.client.get(f"{PATH}/services/011.json", headers=await city.bearer())

    assert [one["code"] for one in answer.json()["attributes"]] == ["POLE"]


async def test_a_complaint_with_photograph_and_place_is_taken_and_shown(city: Partner):
    number = (await complain(city, media_url="https://files.example.in/1.jpg")).json()[0]["service_request_id"]

    row = (await listed(city, service_request_id=number))[0]

    assert (row["status"], row["lat"], row["long"]) == ("open", 30.316, 78.032)
    assert row["media_url"] == "https://files.example.in/1.jpg"


async def test_a_photograph_may_come_as_a_part_of_the_form(city: Partner):
    form = {"api_key": city.given["key"], "service_code": "007", **PLACE}
    parts = {"media": ("hole.jpg", PICTURE, "image/jpeg")}

    taken = await city.client.post(f"{PATH}/requests.json", data=form, files=parts, headers=await city.bearer())

    number = taken.json()[0]["service_request_id"]
    assert (await city.act("complaints"))["complaints"][number]["media"] == "image/jpeg"


async def test_the_same_form_twice_is_two_complaints(city: Partner):
    numbers = {(await complain(city)).json()[0]["service_request_id"] for _ in range(2)}

    assert len(numbers) == 2
    assert city.effects().count("complaint taken") == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"api_key": "guessed"}, 403),
        ({"service_code": "999"}, 404),
        ({"service_code": ""}, 400),
        ({"lat": "", "long": ""}, 400),
        ({"lat": "95", "long": "78"}, 400),
        ({"description": "x" * 4001}, 400),
        ({"media_url": "javascript:alert(1)"}, 400),
    ],
)
async def test_a_wrong_complaint_is_refused_in_the_form_of_the_specification(
    city: Partner, change: dict[str, str], code: int
):
    answer = await complain(city, **change)

    assert answer.status_code == answer.json()[0]["code"] == code
    assert (await city.act("complaints"))["complaints"] == {}


async def test_a_ticket_in_place_of_a_number_becomes_one_later(city: Partner):
    await city.act("answer_tokens", on=True)
    token = (await complain(city)).json()[0]["token"]
    held = await city.bearer()

    before = (await city.client.get(f"{PATH}/tokens/{token}.json", headers=held)).json()[0]
    await city.act("answer_tokens", give=True)
    after = (await city.client.get(f"{PATH}/tokens/{token}.json", headers=held)).json()[0]

    assert before == {"service_request_id": None, "token": token}
    assert re.fullmatch(r"\d+", after["service_request_id"])


async def test_a_list_is_cut_at_1000_without_a_mark(city: Partner):
    await complain(city)
    await city.act("fill", number=1000)

    assert len(await listed(city, service_code="007")) == 1000


async def test_a_list_is_of_90_days_at_most_and_by_status(city: Partner, clock: ManualClock):
    number = (await complain(city)).json()[0]["service_request_id"]
    await city.act("update", number=number, status="closed")

    assert await listed(city, status="open") == []
    clock.advance(timedelta(days=91))
    assert await listed(city, status="closed") == []


async def test_a_change_is_told_by_a_signed_message_that_says_no_status(city: Partner, heard: list[Any]):
    number = (await complain(city)).json()[0]["service_request_id"]

    told = await city.act("update", number=number, status="closed", notes="भरा गया")
    await city.act("redeliver", event_id=told["event_id"])

    (first, headers), (second, _) = heard
    expected = hmac.new(city.given["hook"].encode(), first, hashlib.sha256).hexdigest()
    assert headers["x-dscl-signature"] == expected
    assert first == second
    assert b"closed" not in first
