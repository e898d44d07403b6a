"""Subscriptions over HTTP: graphql-sse in distinct connections mode and Apollo's multipart; an audit in seven parts."""

import asyncio
import json

import httpx
import pytest

from gateway.streams.responses import APOLLO_MULTIPART, SERVER_SENT_EVENTS, framing_of
from tests.support.peers import a_reader
from tests.support.streams import GOOD, ORIGIN, small_house

SSE = "text/event-stream"
MULTIPART = "multipart/mixed;subscriptionSpec=1.0, application/json"
BOTH = pytest.mark.parametrize("accept", [SSE, MULTIPART], ids=["sse", "multipart"])
COUNT = "subscription ($to: Int!) { count(to: $to) { number } }"
FOREVER = "subscription { forever { number } }"


@pytest.fixture
def house():
    return small_house()


def events(text: str) -> list[dict[str, str]]:
    """Server-sent events, as a browser reads them; comments are left out."""
    found = []
    for block in text.split("\n\n"):
        lines = [line.partition(":") for line in block.splitlines() if line and not line.startswith(":")]
        if lines:
            found.append({name: value.removeprefix(" ") for name, _, value in lines})
    return found


def parts(text: str) -> list[dict]:
    """The bodies between the boundaries."""
    pieces = text.split("--graphql")
    assert pieces[0].strip() == ""
    assert pieces[-1].strip() == "--"
    return [json.loads(piece.split("\r\n\r\n", 1)[1]) for piece in pieces[1:-1]]


def answers(text: str, accept: str) -> list[dict]:
    """The GraphQL answers of a finished stream."""
    if accept == SSE:
        told = events(text)
        assert told[-1] == {"event": "complete", "data": ""}
        assert {one["event"] for one in told[:-1]} <= {"next"}
        return [json.loads(one["data"]) for one in told[:-1]]
    return [part["payload"] or part for part in parts(text) if part]


async def test_1_server_sent_events_are_those_of_graphql_sse(house):
    async with a_reader(house.app, COUNT, SSE, to=2) as reader:
        text = await reader.rest()
    assert (reader.status, reader.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert "content-length" not in reader.headers
    assert (reader.headers["cache-control"], reader.headers["x-accel-buffering"]) == ("no-store", "no")
    assert text.startswith(":\n\n")
    assert [one.get("id") for one in events(text)] == ["1", "2", None]
    assert [one["data"]["count"]["number"] for one in answers(text, SSE)] == [1, 2]


async def test_2_multipart_is_that_of_apollo(house):
    async with a_reader(house.app, COUNT, MULTIPART, to=2) as reader:
        text = await reader.rest()
    assert reader.headers["content-type"] == 'multipart/mixed; boundary="graphql"; subscriptionSpec="1.0"'
    assert [part["payload"]["data"]["count"]["number"] for part in parts(text)] == [1, 2]
    assert text.startswith("\r\n--graphql\r\nContent-Type: application/json\r\n\r\n{")
    assert text.endswith("}\r\n--graphql--\r\n")


@BOTH
async def test_3_each_event_is_there_at_once(house, accept):
    async with a_reader(house.app, FOREVER, accept) as reader:
        await reader.part()
        assert '"number":0' in await reader.part()
        house.small.went_on.set()
        later = await reader.part()
        assert '"number":1' in later
        assert later.endswith("\n\n" if accept == SSE else "--graphql")


@BOTH
async def test_4_silence_is_broken_by_a_sign_of_life(accept):
    async with a_reader(small_house(keep_alive_seconds=0.02).app, FOREVER, accept) as reader:
        await reader.part()
        await reader.part()
        assert (await reader.part()).strip() == (
            ":" if accept == SSE else "Content-Type: application/json\r\n\r\n{}\r\n--graphql"
        )


@BOTH
async def test_5_errors_are_told_in_the_stream_and_end_it_only_where_nothing_can_follow(house, accept):
    async with a_reader(house.app, "subscription { count(to: 2) { refused } }", accept) as reader:
        told = answers(await reader.rest(), accept)
    assert [one["errors"][0]["extensions"]["code"] for one in told] == ["SERVICE_UNKNOWN"] * 2
    async with a_reader(house.app, "subscription { tooSlow { number } }", accept) as reader:
        told = answers(await reader.rest(), accept)
    assert told[-1]["errors"][0]["extensions"]["code"] == "READER_TOO_SLOW"
    async with a_reader(house.app, COUNT, accept, to="x") as reader:
        told = answers(await reader.rest(), accept)
    assert [one["errors"][0]["extensions"]["code"] for one in told] == ["BAD_INPUT"]


@BOTH
async def test_6_leaving_frees_everything(house, accept):
    base = len(asyncio.all_tasks())
    async with a_reader(house.app, FOREVER, accept) as reader:
        await reader.part()
        await reader.part()
        assert (house.small.running, house.streaming.open) == (1, 1)
    assert (house.small.running, house.streaming.open, len(asyncio.all_tasks())) == (0, 0, base)


@BOTH
async def test_7_queries_and_mutations_are_answered_in_the_stream_too(house, accept):
    for query, data in (("{ hello }", {"hello": "नमस्ते अपुणी"}), ("mutation { write }", {"write": 1})):
        async with a_reader(house.app, query, accept) as reader:
            assert [one["data"] for one in answers(await reader.rest(), accept)] == [data]


async def test_last_event_id_goes_on_behind_it(house):
    async with a_reader(house.app, COUNT, SSE, headers={"last-event-id": "2"}, to=4) as reader:
        text = await reader.rest()
    assert [one.get("id") for one in events(text)] == ["3", "4", None]


async def test_a_subscription_without_a_stream_is_a_clear_error(house):
    transport = httpx.ASGITransport(app=house.app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        for accept in (None, "application/json", "application/graphql-response+json", "*/*", "multipart/mixed"):
            headers = {} if accept is None else {"accept": accept}
            answer = await client.post("/graphql", json={"query": FOREVER}, headers=headers)
            if accept == "multipart/mixed":
                assert answer.status_code == 406
                continue
            error = answer.json()["errors"][0]
            assert error["extensions"]["code"] == "STREAM_NEEDED"
            assert "data" not in answer.json()
            assert answer.status_code == (200 if accept == "application/json" else 400)


@BOTH
async def test_a_token_that_does_not_hold_is_401_before_the_stream_begins(house, accept):
    async with a_reader(house.app, FOREVER, accept, headers={"authorization": "Bearer no"}) as reader:
        body = json.loads(await reader.rest())
    assert (reader.status, body["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


@BOTH
async def test_a_document_that_is_not_valid_is_400_before_the_stream_begins(house, accept):
    async with a_reader(house.app, "subscription { nothing }", accept) as reader:
        body = json.loads(await reader.rest())
    # Who names application/json gets its status of old (GraphQL over HTTP, section 6.4.1).
    assert reader.status == (400 if accept == SSE else 200)
    assert body["errors"][0]["extensions"]["code"] == "BAD_INPUT"


@BOTH
async def test_a_session_that_ends_ends_the_stream(house, accept):
    async with a_reader(house.app, FOREVER, accept, headers={"authorization": f"Bearer {GOOD}"}) as reader:
        await reader.part()
        first = await reader.part()
        for told in list(house.streaming.sessions._told["s1"]):
            told()
        rest = await reader.rest()
    assert "UNAUTHENTICATED" in rest
    assert rest.endswith("event: complete\ndata:\n\n" if accept == SSE else "--graphql--\r\n")
    assert "UNAUTHENTICATED" not in first


async def test_a_process_that_ends_sends_its_readers_elsewhere(house):
    async with a_reader(house.app, FOREVER, SSE) as reader:
        await reader.part()
        house.streaming.stopping.set()
        assert "OVERLOADED" in await reader.rest()
    async with a_reader(house.app, FOREVER, SSE) as reader:
        await reader.rest()
        assert reader.status == 503


async def test_a_reader_that_takes_nothing_is_dropped():
    house = small_house(send_seconds=0.05)
    async with a_reader(house.app, "subscription { count(to: 50) { padding(size: 100) } }", SSE) as reader:
        await reader.part()
        reader.reading.clear()
        await reader.over.wait()
    assert house.streaming.open == 0


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, None),
        ("*/*", None),
        ("application/json", None),
        ("multipart/mixed", None),
        ("multipart/mixed;deferSpec=20220824, application/json", None),
        ("text/event-stream", SERVER_SENT_EVENTS),
        ("text/event-stream;q=0", None),
        ("application/json, text/event-stream", SERVER_SENT_EVENTS),
        ('multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/graphql-response+json', APOLLO_MULTIPART),
        ('multipart/mixed; subscriptionSpec="1.0"', APOLLO_MULTIPART),
        ("multipart/mixed;subscriptionSpec=2.0", None),
    ],
)
def test_which_stream_is_asked_for(accept, kind):
    assert framing_of(accept) is kind


@BOTH
@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
    ids=["origin", "no origin of its own", "site"],
)
async def test_a_page_of_another_origin_opens_no_stream(house, accept, headers):
    async with a_reader(house.app, FOREVER, accept, headers=headers) as reader:
        await reader.rest()

    assert (reader.status, house.streaming.open) == (403, 0)


@BOTH
async def test_a_page_of_ours_opens_a_stream(house, accept):
    headers = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
    async with a_reader(house.app, COUNT, accept, headers=headers, to=1) as reader:
        await reader.rest()

    assert reader.status == 200
