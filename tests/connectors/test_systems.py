"""Our client by each file of the repository, over real sockets, at the sandbox of the system's contract.

Those sandboxes know nothing of the files (docs/contracts/other_systems.md), so that what fits here fits the contract.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import SystemIds
from integrations.calling.errors import CertificateNotTaken, Garbled, NotLetIn, Refused, RemoteError, Unavailable
from integrations.connectors import ConnectorClient, Uncertain, Waiting
from sandbox.server import connector_factories
from tests.support.connecting import FILE, ConnectedCity, a_city

pytestmark = pytest.mark.integration
COMPLAINT = {
    "category": "ROAD",
    "text": "गड्ढा",
    "place": {"lat": "30.316", "long": "78.032"},
    "photo": "https://files.example.in/p/1.jpg",
}
REQUEST = {"kind": "ADDRESS", "licence": "UK0720140000001", "text": "नया पता"}
KHATA = {"village": "800123", "khata": "71"}
ASHA = {"mobile": "9800000001", "born_on": "1984-03-14", "consent.id": "C1"}


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[ConnectedCity]:
    started = await a_city(tmp_path, connector_factories())
    yield started
    await started.stop()


def set_faults(city: ConnectedCity, name: str, *faults: dict[str, Any]) -> None:
    city.city.sandboxes[name].faults.set(faults)


def lose_answer(route: str) -> dict[str, Any]:
    return {"kind": "status", "route": route, "calls": [1], "params": {"status": 504, "after": True}}


async def complaints(city: ConnectedCity) -> list[dict[str, Any]]:
    return list((await city.act("smart_city", "complaints"))["complaints"].values())


async def test_vacancies_come_by_district_and_occupation_through_all_pages(city: ConnectedCity):
    connector, client = city.client(FILE["ncs"])

    found = await client.read(connector.calls["vacancies"], {"district": "56"})
    nurses = await client.read(connector.calls["vacancies"], {"district": "56", "skill": "2221.0200"})

    assert (len(found.rows), found.complete, len(nurses.rows)) == (120, True, 30)
    assert {row["skill"] for row in nurses.rows} == {"2221.0200"}
    odd = next(row for row in nurses.rows if row["title"] == "नर्स")
    assert (type(odd["positions"]), odd["pay"], type(odd["last_on"])) == (int, 1800050, date)


async def test_a_job_seeker_is_linked_and_sees_how_her_applications_stand(city: ConnectedCity):
    connector, client = city.client(FILE["ncs"])
    number = (await city.act("ncs", "apply", person="asha-negi", vacancy="V560001"))["number"]
    await city.act("ncs", "decide", number=number, status="SHORTLISTED")

    linked = await client.write(connector.calls["link"], ASHA, "K7654321")
    asked = {"ncs_id": linked["number"], "consent.id": "C1"}
    found = await client.read(connector.calls["applications"], asked, citizen_id="asha")

    assert linked["status"] == "APPROVED"
    assert [(row["number"], row["status"]) for row in found.rows] == [(number, "IN_PROCESS")]


async def test_one_whom_national_career_service_does_not_know_is_refused_by_its_word(city: ConnectedCity):
    connector, client = city.client(FILE["ncs"])

    with pytest.raises(Refused) as refused:
        await client.write(connector.calls["link"], {**ASHA, "born_on": "1984-03-15"}, "K7654321")

    assert refused.value.code == "NOT_FOUND"


async def test_a_complaint_with_photograph_and_place_is_there_once_though_its_answer_was_lost(city: ConnectedCity):
    connector, client = city.client(FILE["smart_city"])
    set_faults(city, "smart_city", lose_answer("/open311/v2/requests.*"))

    row = await client.write(connector.calls["complain"], COMPLAINT, "K7654321")

    [kept] = await complaints(city)
    assert (kept["media_url"], kept["lat"], kept["long"]) == (COMPLAINT["photo"], 30.316, 78.032)
    assert kept["description"] == "गड्ढा [K7654321]"
    assert row["number"].isdigit()


async def test_a_complaint_is_found_by_its_key_and_its_state_by_its_number(city: ConnectedCity):
    connector, client = city.client(FILE["smart_city"])
    row = await client.write(connector.calls["complain"], COMPLAINT, "K7654321")

    found = await client.enquire(connector.calls["complain"], COMPLAINT, "K7654321")
    state = await client.read(connector.calls["state"], {"number": row["number"]})

    assert found == row
    assert [one["number"] for one in state.rows] == [row["number"]]


async def test_an_enquiry_that_was_cut_at_1000_lets_nothing_be_repeated(city: ConnectedCity):
    connector, client = city.client(FILE["smart_city"])
    await city.act("smart_city", "fill", number=1000)
    set_faults(city, "smart_city", lose_answer("/open311/v2/requests.*"))

    with pytest.raises(RemoteError):
        await client.write(connector.calls["complain"], COMPLAINT, "K7654321")
    with pytest.raises(Uncertain):
        await client.enquire(connector.calls["complain"], COMPLAINT, "K7654321", since=city.clock.now())

    assert city.effects("smart_city").count("fault status; complaint taken") == 1
    assert "complaint taken" not in city.effects("smart_city")


async def test_a_ticket_is_asked_until_the_number_is_there(city: ConnectedCity):
    connector, client = city.client(FILE["smart_city"])
    await city.act("smart_city", "answer_tokens", on=True)
    call = connector.calls["complain"]

    with pytest.raises(Waiting) as waiting:
        await client.write(call, COMPLAINT, "K7654321")
    await city.act("smart_city", "answer_tokens", give=True)
    row = await client.enquire(call, {**COMPLAINT, "ticket": waiting.value.ticket}, "K7654321")

    assert row is not None
    assert row["number"].isdigit()
    assert len(await complaints(city)) == 1


async def test_a_token_that_ended_is_renewed_once_for_all_who_ask(city: ConnectedCity):
    connector, client = city.client(FILE["smart_city"])
    await client.write(connector.calls["complain"], COMPLAINT, "K7654321")
    number = (await client.read(connector.calls["find"], {**COMPLAINT, "since": "2026-01-01T00:00:00Z"})).rows[0][
        "number"
    ]
    await city.act("smart_city", "end_tokens")
    before = city.effects("smart_city").count("token issued")

    asked = (client.read(connector.calls["state"], {"number": number}, citizen_id=f"c{n}") for n in range(8))
    found = await asyncio.gather(*asked)

    assert {one.rows[0]["status"] for one in found} == {"IN_PROCESS"}
    assert city.effects("smart_city").count("token issued") == before + 1


async def test_a_request_to_the_transport_department_survives_an_outage_and_is_made_once(city: ConnectedCity):
    connector, client = city.client(FILE["transport"])
    set_faults(city, "transport", {"kind": "status", "route": "*", "params": {"status": 503}})
    with pytest.raises(Unavailable):
        await client.write(connector.calls["request"], REQUEST, "K7654321")
    set_faults(city, "transport")

    row = await client.write(connector.calls["request"], REQUEST, "K7654321")

    assert list((await city.act("transport", "requests"))["requests"]) == [row["number"]]


async def test_a_request_whose_answer_was_lost_is_found_by_its_key(city: ConnectedCity):
    connector, client = city.client(FILE["transport"])
    set_faults(city, "transport", lose_answer("/v1/requests"))

    row = await client.write(connector.calls["request"], REQUEST, "K7654321")

    assert list((await city.act("transport", "requests"))["requests"]) == [row["number"]]
    assert [one for one in city.effects("transport") if "request taken" in str(one)] == ["fault status; request taken"]


async def test_an_error_with_status_200_is_what_its_code_says_and_never_data(city: ConnectedCity):
    connector, client = city.client(FILE["transport"])
    call = connector.calls["licence"]
    asha = {"mobile": ASHA["mobile"], "born_on": ASHA["born_on"]}

    found = await client.read(call, asha, citizen_id="asha")
    none = await client.read(call, {**asha, "born_on": "1984-03-15"}, citizen_id="asha")
    set_faults(city, "transport", {"kind": "malformed", "route": "/v1/*", "params": {"shape": "missing"}})
    with pytest.raises(Garbled):
        await client.read(call, {**asha, "born_on": "1984-03-16"}, citizen_id="asha")

    assert [(row["status"], row["holder"]) for row in found.rows] == [("APPROVED", "Asha Negi")]
    assert none.rows == ()


async def test_the_land_records_answer_a_clearance_after_a_day_over_mutual_tls(city: ConnectedCity):
    connector, client = city.client(FILE["land"], over_tls=True)
    call = connector.calls["khata"]

    first = (await client.read(call, KHATA, citizen_id="asha")).rows[0]
    city.city.clock.set(city.city.clock.now() + timedelta(days=1))
    later = (await client.read(call, KHATA, citizen_id="asha")).rows[0]

    assert (first["answer"], later["answer"]) == ("ASKED", "GRANTED")
    assert (first["number"], first["changed_on"]) == ("71", date(2025, 11, 5))


async def test_each_attempt_at_the_land_records_has_a_nonce_of_its_own(city: ConnectedCity):
    connector, client = city.client(FILE["land"])
    set_faults(city, "land", {"kind": "status", "calls": [1], "params": {"status": 503, "after": True}})

    assert (await client.read(connector.calls["khata"], KHATA, citizen_id="asha")).rows
    assert [effect for effect in city.effects("land") if "FailedAuthentication" in str(effect)] == []


async def test_a_wrong_password_says_that_we_are_not_let_in(city: ConnectedCity):
    connector, _ = city.client(FILE["land"])
    given = city.given(connector) | {"user": {"username": "apuni", "password": "x"}}
    client = ConnectorClient(connector, city.remote(connector), given, SystemIds(city.clock))

    with pytest.raises(NotLetIn):
        await client.read(connector.calls["khata"], KHATA, citizen_id="asha")


async def test_without_a_certificate_the_land_records_say_why_and_are_told_nothing(city: ConnectedCity):
    connector, client = city.client(FILE["land"], over_tls=True, certificate=False)

    with pytest.raises(CertificateNotTaken):
        await client.read(connector.calls["khata"], KHATA, citizen_id="asha")

    assert city.effects("land") == []
