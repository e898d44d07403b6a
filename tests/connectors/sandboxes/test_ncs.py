"""The sandbox of National Career Service is as docs/contracts/other_systems.md section 5 says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.kernel import ManualClock
from sandbox.ncs.server import create_sandbox
from tests.support.connecting import NOON, Partner, partner_of

ASHA = {"mobile": "9800000001", "dob": "1984-03-14", "consentId": "C1", "clientRef": "K1"}


@pytest.fixture
def ncs(tmp_path: Path) -> Iterator[Partner]:
    partner = partner_of(create_sandbox, "ncs", tmp_path, ManualClock(NOON))
    partner.client.headers = {
        "X-APISETU-CLIENTID": partner.given["id"],
        "X-APISETU-APIKEY": partner.given["key"],
    }
    yield partner
    partner.sandbox.close()


async def vacancies(ncs: Partner, **query: str) -> httpx.Response:
    return await ncs.client.get("/ncs/v1/vacancies", params={"state": "5", **query})


async def post(ncs: Partner, path: str, body: Any) -> httpx.Response:
    return await ncs.client.post(f"/ncs/v1/{path}", json=body)


async def test_a_wrong_key_is_refused(ncs: Partner):
    answer = await ncs.client.get("/ncs/v1/vacancies", headers={"X-APISETU-APIKEY": "guessed"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHORIZED")


async def test_vacancies_are_found_by_district_and_occupation_in_pages(ncs: Partner):
    first = (await vacancies(ncs, district="56", nco="7411.0100", size="20")).json()
    second = (await vacancies(ncs, district="56", nco="7411.0100", size="20", page="2")).json()

    rows = first["vacancies"] + second["vacancies"]
    assert (len(first["vacancies"]), first["total"], len({row["vacancyId"] for row in rows})) == (20, 30, 30)
    assert {(row["districtLgd"], row["nco"]) for row in rows} == {("56", "7411.0100")}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"state": "9"}, "BAD_STATE"),
        ({"size": "51"}, "BAD_SIZE"),
        ({"page": "0"}, "BAD_PAGE"),
        ({"page": "१"}, "BAD_PAGE"),
    ],
)
async def test_a_wrong_question_is_400_with_a_code(ncs: Partner, query: dict[str, str], code: str):
    answer = await vacancies(ncs, **query)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


async def test_a_seeker_is_linked_by_mobile_and_day_of_birth(ncs: Partner):
    known = (await post(ncs, "jobseekers/link", ASHA)).json()
    other = (await post(ncs, "jobseekers/link", {**ASHA, "dob": "1984-03-15"})).json()

    assert (len(known["ncsId"]), known["status"]) == (19, "ACTIVE")
    assert other == {"ncsId": None, "status": "NOT_FOUND"}


async def test_nothing_of_a_seeker_is_told_without_a_consent(ncs: Partner):
    answer = await post(ncs, "jobseekers/link", {**ASHA, "consentId": ""})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "CONSENT_MISSING")


async def test_applications_are_those_of_the_seeker_with_their_status(ncs: Partner):
    ids = await ncs.act("seekers")
    number = (await ncs.act("apply", person="asha-negi", vacancy="V560001"))["number"]
    await ncs.act("decide", number=number, status="SHORTLISTED")
    other = next(value for key, value in ids.items() if key != "asha-negi")

    shown = [
        (await post(ncs, "applications/status", {"ncsId": ncs_id, "consentId": "C1"})).json()["applications"]
        for ncs_id in (ids["asha-negi"], other)
    ]

    assert [(row["applicationId"], row["status"]) for row in shown[0]] == [(number, "SHORTLISTED")]
    assert shown[1] == []


async def test_an_event_counts_once_for_its_reference(ncs: Partner):
    event = {"clientRef": "R1", "event": "ISSUED", "certificate": "UK1"}

    statuses = [
        (await post(ncs, "events", body)).status_code for body in (event, event, {**event, "certificate": "UK2"})
    ]

    assert statuses == [202, 202, 400]
    assert ncs.effects() == ["event taken", "same answer again", "refused REF_REUSED"]
