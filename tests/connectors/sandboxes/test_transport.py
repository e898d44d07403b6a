"""The sandbox of the transport department is as docs/contracts/other_systems.md section 10 says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import ManualClock
from sandbox.transport.server import create_sandbox
from tests.support.connecting import NOON, Partner, partner_of

REQUEST = {"requestType": "ADDRESS_CHANGE", "dlNumber": "UK0720140000001", "remarks": "नया पता"}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Partner]:
    partner = partner_of(create_sandbox, "transport", tmp_path, ManualClock(NOON))
    yield partner
    partner.sandbox.close()


async def post(office: Partner, path: str, body: Any, **headers: str) -> Any:
    return (await office.client.post(path, json=body, headers={**await office.bearer(), **headers})).json()


async def hand_in(office: Partner, key: str, **change: str) -> Any:
    return await post(office, "/v1/requests", {**REQUEST, **change}, **{"Idempotency-Key": key})


async def test_nothing_is_told_without_a_token(office: Partner):
    assert (await office.client.post("/v1/licences/search", json={})).status_code == 401


async def test_an_error_comes_with_status_200_and_a_code(office: Partner):
    told = await post(office, "/v1/licences/search", {"mobile": "9800000001", "dob": "01-01-1990"})

    assert (told["status"], told["errorCode"]) == ("ERROR", "DL404")


async def test_a_licence_is_shown_to_who_knows_mobile_and_day_of_birth(office: Partner):
    number = (await office.act("licences"))["asha-negi"]

    told = await post(office, "/v1/licences/search", {"mobile": "9800000001", "dob": "14-03-1984"})

    assert told["licences"][0] | {"validFrom": "", "validTo": ""} == {
        "dlNumber": number,
        "holder": "Asha Negi",
        "classes": ["LMV", "MCWG"],
        "validFrom": "",
        "validTo": "",
        "state": "ACTIVE",
    }


async def test_one_key_is_one_request_whatever_is_repeated(office: Partner):
    first, again = await hand_in(office, "K7654321"), await hand_in(office, "K7654321")
    other = await hand_in(office, "K7654321", remarks="another")

    assert first == again
    assert other["errorCode"] == "RQ409"
    assert len((await office.act("requests"))["requests"]) == 1


async def test_a_request_is_found_by_its_key_and_shown_by_its_number(office: Partner):
    number = (await hand_in(office, "K7654321"))["request"]["requestNo"]
    await office.act("decide", number=number, state="SCRUTINY")
    held = await office.bearer()

    found = (await office.client.get("/v1/requests", params={"clientRef": "K7654321"}, headers=held)).json()
    shown = (await office.client.get(f"/v1/requests/{number}", headers=held)).json()

    assert found == shown
    assert shown["requests"][0]["requestState"] == "SCRUTINY"


@pytest.mark.parametrize("change", [{"requestType": "SALE"}, {"remarks": "x" * 501}])
async def test_a_wrong_request_leaves_nothing(office: Partner, change: dict[str, str]):
    assert (await hand_in(office, "K7654321", **change))["errorCode"] == "RQ400"
    assert (await office.act("requests"))["requests"] == {}
