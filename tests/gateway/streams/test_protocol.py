"""graphql-transport-ws, rule by rule: an audit of our own in eighteen parts, and what we bound beside it."""

import asyncio
import json

import pytest

from tests.support.peers import PATIENCE
from tests.support.streams import GOOD, ORIGIN, OTHER, small_house

FOREVER = "subscription { forever { number } }"
COUNT = "subscription ($to: Int!) { count(to: $to) { number context } }"


@pytest.fixture
def house():
    return small_house()


@pytest.fixture
async def peer(house):
    async with house.peer() as opened:
        yield opened


@pytest.fixture
async def begun(peer):
    assert await peer.begin() == {"type": "connection_ack"}
    return peer


async def test_01_the_subprotocol_is_agreed_upon(peer):
    assert peer.accepted == "graphql-transport-ws"


@pytest.mark.parametrize("offered", [(), ("graphql-ws",), ("soap",)])
async def test_02_another_subprotocol_is_closed_with_4406(house, offered):
    async with house.peer(subprotocols=offered) as peer:
        assert await peer.closed() == (4406, "Subprotocol not acceptable")


async def test_03_an_introduction_in_time_is_acknowledged(peer):
    assert await peer.begin() == {"type": "connection_ack"}


async def test_04_without_an_introduction_in_time_it_is_closed_with_4408():
    async with small_house(init_seconds=0.05).peer() as peer:
        assert await peer.closed() == (4408, "Connection initialisation timeout")


async def test_05_a_second_introduction_is_closed_with_4429(begun):
    begun.say({"type": "connection_init"})
    assert await begun.closed() == (4429, "Too many initialisation requests")


async def test_06_subscribing_before_the_acknowledgement_is_closed_with_4401(peer):
    peer.subscribe("1", "{ hello }")
    assert await peer.closed() == (4401, "Unauthorized")


@pytest.mark.parametrize("given", [f"Bearer {OTHER}", "Basic eA==", "", 7, {"a": 1}])
async def test_07_an_introduction_that_does_not_hold_is_closed_with_4403(peer, given):
    peer.say({"type": "connection_init", "payload": {"authorization": given}})
    assert await peer.closed() == (4403, "Forbidden")


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        "[]",
        '"text"',
        "null",
        "{}",
        '{"type": 1}',
        '{"type": "start"}',
        '{"type": "connection_ack"}',
        '{"type": "next", "id": "1", "payload": {}}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ hello }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ hello }"}}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": null}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 7}}',
        '{"type": "subscribe", "id": "1", "id": "2", "payload": {"query": "{ hello }"}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }"}, "x": NaN}',
        '{"type": "complete"}',
        '{"type": "connection_init", "payload": []}',
        '{"type": "ping", "deep": ' + "[" * 100 + "]" * 100 + "}",
    ],
)
async def test_08_what_the_protocol_does_not_know_is_closed_with_4400(begun, message):
    begun.say(message)
    assert await begun.closed() == (4400, "Invalid message received")


async def test_09_a_binary_message_is_closed_with_4400(begun):
    begun.say_octets(b'{"type": "ping"}')
    assert (await begun.closed())[0] == 4400


async def test_10_pings_are_answered_at_any_time_and_pongs_are_taken(peer):
    peer.say({"type": "ping", "payload": {"a": 1}})
    assert (await peer.hear())["type"] == "pong"
    peer.say({"type": "pong"})
    assert await peer.begin() == {"type": "connection_ack"}
    peer.say({"type": "ping"})
    assert (await peer.hear())["type"] == "pong"


async def test_11_a_query_gives_one_answer_and_completes(begun):
    begun.subscribe("q", "query ($name: String!) { hello(name: $name) }", name="आशा")
    answer = await begun.hear()
    assert (answer["id"], answer["type"], answer["payload"]["data"]) == ("q", "next", {"hello": "नमस्ते आशा"})
    assert await begun.hear() == {"id": "q", "type": "complete"}


async def test_12_a_mutation_does_so_too(begun):
    begun.subscribe("m", "mutation { write }")
    assert (await begun.hear())["payload"]["data"] == {"write": 1}
    assert await begun.hear() == {"id": "m", "type": "complete"}


async def test_13_a_subscription_gives_its_events_in_order_and_completes(begun):
    begun.subscribe("s", COUNT, to=3)
    told = [await begun.hear() for _ in range(3)]
    assert [one["payload"]["data"]["count"]["number"] for one in told] == [1, 2, 3]
    assert await begun.hear() == {"id": "s", "type": "complete"}


@pytest.mark.parametrize(
    "query", ["{ nothing }", "{ hello", "", "subscription { count(to: 1) { number } forever { number } }"]
)
async def test_14_a_document_that_is_not_valid_gives_an_error_and_nothing_more(begun, query):
    begun.subscribe("e", query)
    answer = await begun.hear()
    assert (answer["id"], answer["type"]) == ("e", "error")
    assert 0 < len(answer["payload"]) <= 5
    assert {error["extensions"]["code"] for error in answer["payload"]} == {"BAD_INPUT"}
    begun.subscribe("e", "{ hello }")  # the id is free again
    assert [(await begun.hear())["type"], (await begun.hear())["type"]] == ["next", "complete"]


async def test_15_an_id_that_is_in_use_is_closed_with_4409(begun):
    begun.subscribe("1", FOREVER)
    begun.subscribe("1", FOREVER)
    assert await begun.closed() == (4409, "Subscriber for 1 already exists")


async def test_16_completing_frees_the_task_and_the_id(begun, house):
    base = len(asyncio.all_tasks())
    for _ in range(3):
        begun.subscribe("1", FOREVER)
        await begun.hear()
        assert house.small.running == 1
        begun.say({"id": "1", "type": "complete"})
        begun.say({"type": "ping"})
        assert (await begun.hear())["type"] == "pong"
        await asyncio.sleep(0.01)
        assert (house.small.running, len(asyncio.all_tasks())) == (0, base)
    house.small.went_on.set()
    begun.say({"type": "ping"})
    assert (await begun.hear())["type"] == "pong"  # and nothing of the operations that are over


async def test_17_completing_what_is_not_there_does_nothing(begun):
    begun.say({"id": "9", "type": "complete"})
    begun.subscribe("9", "{ hello }")
    assert (await begun.hear())["type"] == "next"


async def test_18_operations_go_on_beside_one_another_and_end_with_the_socket(house):
    base = len(asyncio.all_tasks())
    async with house.peer() as peer:
        await peer.begin()
        for name in "abc":
            peer.subscribe(name, FOREVER)
            assert (await peer.hear())["id"] == name
        peer.subscribe("d", "{ hello }")
        assert [(await peer.hear())["id"], (await peer.hear())["type"]] == ["d", "complete"]
        assert house.small.running == 3
    assert (house.small.running, len(asyncio.all_tasks()), house.streaming.open) == (0, base, 0)


async def test_each_event_is_run_with_a_context_of_its_own(begun):
    begun.subscribe("s", COUNT, to=3)
    seen = [(await begun.hear())["payload"]["data"]["count"]["context"] for _ in range(3)]
    assert len(set(seen)) == 3


async def test_an_event_that_the_subject_may_not_see_is_not_told(begun):
    begun.subscribe("s", "subscription { count(to: 3, hide: 2) { number } }")
    told = [await begun.hear() for _ in range(3)]
    assert [one.get("payload", {}).get("data") for one in told] == [{"count": {"number": n}} for n in (1, 3)] + [None]


async def test_a_token_that_holds_no_more_ends_the_operation_at_the_next_event(house):
    async with house.peer() as peer:
        await peer.begin(authorization=f"Bearer {GOOD}")
        peer.subscribe("s", FOREVER)
        await peer.hear()
        house.small.good.clear()
        house.small.went_on.set()
        answer = await peer.hear()
        assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")


async def test_a_session_that_ends_closes_the_socket(house):
    async with house.peer() as peer:
        await peer.begin(authorization=f"Bearer {GOOD}")
        for told in list(house.streaming.sessions._told["s1"]):
            told()
        assert await peer.closed() == (4403, "Session ended")
    assert house.streaming.sessions._told == {}


async def test_errors_in_an_event_are_ours_and_the_stream_goes_on(begun):
    begun.subscribe("s", "subscription { count(to: 2) { refused } }")
    answer = (await begun.hear())["payload"]
    assert answer["data"] == {"count": {"refused": None}}
    assert answer["errors"][0]["extensions"]["code"] == "SERVICE_UNKNOWN"
    assert (await begun.hear())["type"] == "next"


async def test_an_inner_fault_tells_nothing(begun):
    begun.subscribe("s", "subscription { broken { number } }")
    await begun.hear()
    answer = await begun.hear()
    assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "INTERNAL")
    begun.subscribe("q", "{ broken }")
    assert "swordfish" not in json.dumps(await begun.hear()) + json.dumps(answer)


async def test_who_does_not_take_events_in_time_is_told_so(begun, house):
    dropped = []
    house.streaming.dropped = dropped.append
    begun.subscribe("s", "subscription { tooSlow { number } }")
    await begun.hear()
    answer = await begun.hear()
    assert answer["payload"][0]["extensions"]["code"] == "READER_TOO_SLOW"
    assert dropped == ["behind"]


async def test_introspection_is_as_closed_as_over_http(begun):
    begun.subscribe("i", "{ __schema { queryType { name } } }")
    answer = await begun.hear()
    assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")


async def test_the_language_of_the_introduction_is_that_of_the_errors(house):
    told = []
    for language in ("hi", "en"):
        async with house.peer() as peer:
            await peer.begin(acceptLanguage=language)
            peer.subscribe("e", "{ nothing }")
            told.append((await peer.hear())["payload"][0]["message"])
    assert told[0] != told[1]


async def test_so_many_operations_and_no_more():
    async with small_house(subscriptions=2).peer() as peer:
        await peer.begin()
        for name in "ab":
            peer.subscribe(name, FOREVER)
            await peer.hear()
        peer.subscribe("c", "{ hello }")
        answer = await peer.hear()
        assert (answer["id"], answer["type"]) == ("c", "error")
        assert (
            answer["payload"][0]["extensions"] | {"code": "RATE_LIMITED", "detail": "SUBSCRIPTIONS"}
            == answer["payload"][0]["extensions"]
        )


async def test_so_many_messages_a_minute_and_no_more():
    async with small_house(messages_a_minute=5).peer() as peer:
        await peer.begin()
        for _ in range(5):
            peer.say({"type": "pong"})
        assert await peer.closed() == (4429, "Too many messages")


async def test_a_message_that_is_too_big_is_closed_with_1009(begun):
    begun.say({"type": "ping", "payload": {"x": "x" * 70_000}})
    assert (await begun.closed())[0] == 1009


async def test_a_page_of_another_origin_is_turned_down_and_ours_may_use_the_cookie(house):
    async with house.peer(headers={"origin": "https://evil.example", "cookie": f"apuni_session={GOOD}"}) as peer:
        assert await peer.closed() == (4403, "")  # which a server answers with 403
        assert peer.accepted is None
    cookie = {"cookie": f"apuni_session={OTHER}"}
    async with house.peer(headers={"origin": ORIGIN, **cookie}) as peer:
        peer.say({"type": "connection_init"})
        assert (await peer.closed())[0] == 4403  # the cookie was looked at
    async with house.peer(headers=cookie) as peer:
        assert (await peer.begin())["type"] == "connection_ack"  # nobody vouches for it, so it is not looked at
    async with house.peer(headers={"origin": ORIGIN, "cookie": f"apuni_session={GOOD}"}) as peer:
        assert (await peer.begin())["type"] == "connection_ack"


async def test_without_room_it_is_closed_with_1013():
    house = small_house(connections=1)
    async with house.peer() as first:
        await first.begin(authorization=f"Bearer {GOOD}")
        async with house.peer() as peer:
            assert await peer.closed() == (1013, "Try again later")


async def test_a_process_that_ends_closes_its_sockets_with_1001(begun, house):
    house.streaming.stopping.set()
    assert await begun.closed() == (1001, "Going away")


async def test_a_reader_that_takes_nothing_is_dropped_with_4413():
    slow, dropped = small_house(send_seconds=0.05), asyncio.Event()
    slow.streaming.dropped = lambda _why: dropped.set()
    async with slow.peer() as peer:
        await peer.begin()
        peer.reading.clear()
        peer.subscribe("s", COUNT, to=5)
        async with asyncio.timeout(PATIENCE):
            await dropped.wait()
        peer.reading.set()
        assert await peer.closed() == (4413, "READER_TOO_SLOW")
