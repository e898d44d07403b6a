import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest
from lxml import etree
from starlette.applications import Starlette

from domain.kernel import ManualClock
from integrations.etaal import EtaalSettings, ServiceCount, etaal_routes
from tests.integrations.etaal.conftest import TODAY, ListedCounts

RIGHT = {"TransactionDate": "23/11/2026", "UserName": "etaal-user", "Password": "etaal-password"}
BEARER = {"Authorization": "Bearer etaal-bearer"}
URL = "/etaal/eTransactionCount"


def _rows(content: bytes) -> list[tuple[str | None, ...]]:
    names = ("ServiceCode", "ServiceCount", "LocationCode")
    return [tuple(row.findtext(name) for name in names) for row in etree.fromstring(content)]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_url_form_gives_one_row_for_each_service_and_place(client: httpx.AsyncClient, method: str):
    sent = {"params": RIGHT} if method == "GET" else {"data": RIGHT}
    answer = await client.request(method, URL, **sent)
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert _rows(answer.content) == [("UK0517", "342", "53"), ("UK0517", "118", "54")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TransactionDate": ""}, b"-1"),
        ({"TransactionDate": "2026-11-23"}, b"-1"),
        ({"TransactionDate": "31/02/2026"}, b"-1"),
        ({"Password": "wrong"}, b"-2"),
        ({"Password": ""}, b"-2"),
        ({"UserName": "etaal-user "}, b"-2"),
        ({"UserName": "u" * 5000}, b"-2"),
        ({"UserName": "\udce0"}, b"-2"),
        ({"Password": "wrong", "TransactionDate": ""}, b"-2"),
    ],
)
async def test_a_wrong_call_has_its_published_code_with_200(
    client: httpx.AsyncClient, changes: dict[str, str], code: bytes
):
    body = "&".join(f"{name}={value}" for name, value in (RIGHT | changes).items()).encode("utf-8", "surrogateescape")
    answer = await client.post(URL, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 200
    assert answer.content.endswith(b"<ErrorCode>" + code + b"</ErrorCode></TransactionCount>")


async def test_a_future_date_is_empty_and_no_error(client: httpx.AsyncClient, counts: ListedCounts):
    counts.add(TODAY + timedelta(days=1), ServiceCount("UK0517", "53", "A", "SELF", 1))
    answer = await client.get(URL, params=RIGHT | {"TransactionDate": "24/11/2026"})
    assert answer.content.endswith(b"<TransactionCount/>")


async def test_the_day_is_the_day_in_india(client: httpx.AsyncClient, counts: ListedCounts, clock: ManualClock):
    counts.add(date(2026, 11, 24), ServiceCount("UK0517", "53", "A", "SELF", 1))
    clock.advance(timedelta(hours=12))  # 18:30 UTC is midnight in India
    answer = await client.get(URL, params=RIGHT | {"TransactionDate": "24/11/2026"})
    assert _rows(answer.content) == [("UK0517", "1", "53")]


async def test_soap_is_described_and_faults_where_it_is_no_call(client: httpx.AsyncClient):
    described = await client.get("/etaal/service.asmx?WSDL")
    assert b'location="https://apuni.test/etaal/service.asmx"' in described.content
    assert etree.fromstring(described.content).tag == "{http://schemas.xmlsoap.org/wsdl/}definitions"
    assert (await client.get("/etaal/service.asmx")).status_code == 404
    faulted = await client.post("/etaal/service.asmx", content=b"no xml")
    assert faulted.status_code == 400
    assert b"<faultcode>soap:Client</faultcode>" in faulted.content


async def test_json_tells_revision_category_and_channel(client: httpx.AsyncClient):
    answer = await client.post("/etaal/v1/counts", json={"transactionDate": "23/11/2026"}, headers=BEARER)
    (day,) = answer.json()["days"]
    assert (day["date"], day["revision"], day["closesAt"], day["total"]) == (
        "2026-11-23",
        2,
        "2026-11-27T00:30:00+05:30",
        460,
    )
    assert day["rows"][1] == {
        "serviceCode": "UK0517",
        "locationCode": "53",
        "category": "A",
        "channel": "ASSISTED",
        "count": 42,
    }


async def test_json_takes_a_range_and_says_which_days_are_closed(client: httpx.AsyncClient):
    answer = await client.post(
        "/etaal/v1/counts", json={"fromDate": "2026-11-18", "toDate": "2026-11-24"}, headers=BEARER
    )
    days = {day["date"]: (day["closesAt"], day["total"]) for day in answer.json()["days"]}
    assert len(days) == 7
    assert days["2026-11-19"] == ("2026-11-23T00:30:00+05:30", 0)
    assert days["2026-11-23"] == ("2026-11-27T00:30:00+05:30", 460)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b'{"transactionDate": "23/11/2026"}', 401),
        ({"Authorization": "Bearer wrong"}, b"{}", 401),
        ({"Authorization": "Basic etaal-bearer"}, b"{}", 401),
        (BEARER, b"no json", 400),
        (BEARER, b"[" * 10_000, 400),
        (BEARER, b"[]", 400),
        (BEARER, json.dumps({"fromDate": "2026-01-01", "toDate": "2026-12-31"}).encode(), 400),
        (BEARER, b" " * 20_000, 413),
    ],
)
async def test_a_wrong_json_call_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str], body: bytes, status: int
):
    assert (await client.post("/etaal/v1/counts", content=body, headers=headers)).status_code == status


@pytest.mark.parametrize("path", [URL, "/etaal/service.asmx"])
async def test_a_large_body_is_not_taken(client: httpx.AsyncClient, path: str):
    assert (await client.post(path, content=b"x" * 20_000)).status_code == 413


async def test_a_storm_of_polls_reads_the_counts_once(client: httpx.AsyncClient, counts: ListedCounts):
    await asyncio.gather(*(client.get(URL, params=RIGHT) for _ in range(3)))
    first = counts.reads
    await client.get(URL, params=RIGHT)
    assert counts.reads == first
    counts.add(TODAY, ServiceCount("UK0517", "53", "A", "SELF", 1))
    answer = await client.get(URL, params=RIGHT)
    assert _rows(answer.content)[0] == ("UK0517", "343", "53")
    assert counts.reads == first + 1


async def test_rows_that_change_while_they_are_read_are_read_again(client: httpx.AsyncClient, counts: ListedCounts):
    read, changes = counts.counts_on, iter((True, False))

    async def read_while_one_is_added(day: date) -> list[ServiceCount]:
        rows = await read(day)
        if next(changes):
            counts.add(day, ServiceCount("UK0517", "53", "A", "SELF", 1))
        return rows

    counts.counts_on = read_while_one_is_added  # type: ignore[method-assign]
    answer = await client.post("/etaal/v1/counts", json={"transactionDate": "23/11/2026"}, headers=BEARER)
    (day,) = answer.json()["days"]
    assert (day["revision"], day["total"]) == (3, 461)


@pytest.mark.parametrize("path", [URL, "/etaal/v1/counts"])
async def test_when_the_counts_cannot_be_read_the_door_asks_to_come_again(
    client: httpx.AsyncClient, counts: ListedCounts, path: str
):
    counts.down = True
    sent = {"params": RIGHT} if path == URL else {"headers": BEARER, "json": {"transactionDate": "23/11/2026"}}
    answer = await client.request("POST", path, **sent)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


def _client(counts: ListedCounts, settings: EtaalSettings, clock: ManualClock) -> httpx.AsyncClient:
    app = Starlette(routes=etaal_routes(counts, settings, clock))
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 5))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")


async def test_more_than_the_agreed_calls_a_minute_wait(
    counts: ListedCounts, settings: EtaalSettings, clock: ManualClock
):
    async with _client(counts, replace(settings, calls_a_minute=2), clock) as client:
        assert [(await client.get(URL, params=RIGHT)).status_code for _ in range(3)] == [200, 200, 503]
        json_answer = await client.post("/etaal/v1/counts", json={"transactionDate": "23/11/2026"}, headers=BEARER)
        assert json_answer.status_code == 429
        assert 1 <= int(json_answer.headers["retry-after"]) <= 61
        clock.advance(timedelta(seconds=60))
        assert (await client.get(URL, params=RIGHT)).status_code == 200


async def test_an_address_that_guesses_is_locked_out_for_a_minute(
    counts: ListedCounts, settings: EtaalSettings, clock: ManualClock
):
    async with _client(counts, replace(settings, failures_a_minute=2), clock) as client:
        wrong = RIGHT | {"Password": "guess"}
        assert [(await client.get(URL, params=wrong)).status_code for _ in range(3)] == [200, 200, 503]
        assert (await client.get(URL, params=RIGHT)).status_code == 503
        clock.advance(timedelta(seconds=60))
        assert (await client.get(URL, params=RIGHT)).status_code == 200


@pytest.mark.parametrize(("network", "status"), [("192.0.2.0/24", 200), ("198.51.100.0/24", 403)])
async def test_only_the_agreed_addresses_come_in(
    counts: ListedCounts, settings: EtaalSettings, clock: ManualClock, network: str, status: int
):
    async with _client(counts, replace(settings, networks=(network,)), clock) as client:
        assert (await client.get(URL, params=RIGHT)).status_code == status


FORMS = {
    "url": (URL, {"data": RIGHT}),
    "soap": (
        "/etaal/service.asmx",
        {
            "content": "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><eTransactionCount>"
            + "".join(f"<{name}>{value}</{name}>" for name, value in RIGHT.items())
            + "</eTransactionCount></e:Body></e:Envelope>"
        },
    ),
    "json": ("/etaal/v1/counts", {"json": {"transactionDate": "23/11/2026"}, "headers": BEARER}),
}


@pytest.mark.parametrize("form", FORMS)
async def test_the_same_day_and_revision_give_the_same_octets_whenever_they_are_asked_for(
    counts: ListedCounts, settings: EtaalSettings, clock: ManualClock, form: str
):
    path, sent = FORMS[form]
    answers = []
    for _ in range(3):  # each time another process, days later
        app = Starlette(routes=etaal_routes(counts, settings, clock))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as asking:
            answers += [(await asking.post(path, **sent)).content for _ in range(2)]
        clock.advance(timedelta(days=3))
    assert len(set(answers)) == 1
    assert b"342" in answers[0] or b"300" in answers[0]


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        (URL, b"<TransactionCount><Error>{}</Error></TransactionCount>"),
        ("/etaal/service.asmx", b"<faultstring>{}</faultstring>"),
        ("/etaal/v1/counts", b'{"code":"{}"}'),
    ],
)
async def test_what_the_guideline_has_no_code_for_is_told_in_the_partners_own_shape(
    counts: ListedCounts, settings: EtaalSettings, clock: ManualClock, path: str, shape: bytes
):
    bounded = replace(settings, networks=("10.0.0.0/8",))
    for used, sent, status, code in (
        (settings, b"a" * 20_000, 413, b"TOO_LARGE"),
        (bounded, b"", 403, b"NOT_LISTED"),
        (replace(settings, calls_a_minute=0), b"", 429 if "v1" in path else 503, b"RATE_LIMITED"),
    ):
        app = Starlette(routes=etaal_routes(counts, used, clock))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as asking:
            answer = await asking.post(path, content=sent, headers=BEARER)
        assert answer.status_code == status
        assert answer.content.endswith(shape.replace(b"{}", code)) or shape.replace(b"{}", code) in answer.content
    assert counts.reads == 0


@pytest.mark.parametrize("day", ["01/01/0001", "31/12/9999", "28/12/9999"])
async def test_the_ends_of_the_calendar_are_days_like_others(client: httpx.AsyncClient, day: str):
    answer = await client.post(URL, data=RIGHT | {"TransactionDate": day})
    assert answer.content.endswith(b"<TransactionCount/>")
    told = await client.post("/etaal/v1/counts", json={"transactionDate": day}, headers=BEARER)
    assert (told.status_code, told.json()["days"][0]["total"]) == (200, 0)


ENTITIES = b"".join(b'<!ENTITY e%d "&e%d;&e%d;">' % (n, n - 1, n - 1) for n in range(1, 30))


@pytest.mark.parametrize(
    "attack",
    [
        b'<!DOCTYPE a [<!ENTITY e0 "ha">' + ENTITIES + b"]><a>&e29;</a>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
        b"<a>" * 5_000,
        b"<a>" * 2_000 + b"</a>" * 2_000,
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/></a>',
    ],
    ids=["bomb", "file", "dtd", "unclosed", "deep", "include"],
)
async def test_an_attack_by_xml_is_a_fault_and_reads_nothing(
    client: httpx.AsyncClient, counts: ListedCounts, attack: bytes
):
    answer = await client.post("/etaal/service.asmx", content=attack)
    assert answer.status_code == 400
    assert b"<faultcode>soap:Client</faultcode>" in answer.content
    assert b"root:" not in answer.content
    assert counts.reads == 0
