"""How many streams, operations and events one person has, or all strangers at one address, and who gives way."""

import json

import pytest

from gateway.settings.limits import Rates
from tests.support.peers import a_reader
from tests.support.streams import GOOD, SECOND, small_house

FOREVER = "subscription { forever { number } }"
CHANGES = "subscription { changes { number run } }"
SSE = "text/event-stream"
HERS = {"authorization": f"Bearer {GOOD}"}
HERS_TOO = {"authorization": f"Bearer {SECOND}"}


async def numbers(peer, many):
    return [(await peer.hear())["payload"]["data"]["changes"]["number"] for _ in range(many)]


async def test_a_person_has_so_many_streams_over_all_her_sessions_and_no_more():
    house = small_house(per_caller=1)
    async with house.peer() as one, house.peer() as other:
        await one.begin(**HERS)
        other.say({"type": "connection_init", "payload": HERS_TOO})
        assert await other.closed() == (4429, "Too many streams")


async def test_strangers_at_one_address_have_so_many_streams_and_others_are_not_counted_with_them():
    house = small_house(per_caller=1)
    async with (
        house.peer(address="2001:db8::1") as one,
        house.peer(address="2001:db8::2") as neighbour,
        house.peer(address="2001:db8:1::1") as other,
        house.peer(address="2001:db8::1") as hers,
    ):
        await one.begin()
        neighbour.say({"type": "connection_init"})
        assert await neighbour.closed() == (4429, "Too many streams")
        assert (await other.begin())["type"] == "connection_ack"
        assert (await hers.begin(**HERS))["type"] == "connection_ack"


async def test_a_stream_of_events_counts_like_a_socket():
    house = small_house(per_caller=1)
    async with house.peer() as one:
        await one.begin(**HERS)
        async with a_reader(house.app, FOREVER, SSE, headers=HERS) as reader:
            told = json.loads(await reader.rest())["errors"][0]["extensions"]

    assert (reader.status, told["code"], told["detail"]) == (429, "RATE_LIMITED", "STREAMS")
    assert house.streaming.open == 0


async def test_a_person_has_so_many_operations_over_all_her_sockets():
    house = small_house(subscriptions_per_caller=1)
    async with house.peer() as one, house.peer() as other:
        await one.begin(**HERS)
        await other.begin(**HERS_TOO)
        one.subscribe("1", FOREVER)
        await one.hear()
        other.subscribe("2", FOREVER)
        answer = await other.hear()
        assert answer["payload"][0]["extensions"]["detail"] == "SUBSCRIPTIONS"
        one.say({"id": "1", "type": "complete"})
        one.say({"type": "ping"})
        await one.hear()
        other.subscribe("2", FOREVER)
        assert (await other.hear())["type"] == "next"


async def test_an_introduction_counts_as_one_operation():
    house = small_house(rates=Rates(signed_in_per_minute=1))
    async with house.peer() as one, house.peer() as other:
        await one.begin(**HERS)
        other.say({"type": "connection_init", "payload": HERS})
        assert await other.closed() == (1013, "Rate limited")
        assert house.small.contexts == 1


async def test_a_socket_without_an_operation_ends_and_one_with_an_operation_does_not():
    house = small_house(idle_seconds=0.05)
    async with house.peer() as busy, house.peer() as idle:
        await busy.begin()
        busy.subscribe("1", FOREVER)
        await busy.hear()
        await idle.begin()
        assert await idle.closed() == (1000, "Idle")
        assert house.streaming.open == 1
        busy.say({"id": "1", "type": "complete"})
        assert await busy.closed() == (1000, "Idle")


async def test_in_a_full_process_the_oldest_of_the_address_with_most_strangers_gives_way():
    house = small_house(connections=4)
    async with (
        house.peer() as signed_in,
        house.peer(address="10.0.0.1") as alone,
        house.peer(address="10.0.0.2") as oldest,
        house.peer(address="10.0.0.2") as younger,
    ):
        await signed_in.begin(**HERS)
        for stranger in (alone, oldest, younger):
            await stranger.begin()
        async with a_reader(house.app, FOREVER, SSE, headers=HERS) as reader:
            await reader.part()
            assert await oldest.closed() == (1013, "Try again later")
            assert (reader.status, house.streaming.open) == (200, 4)


async def test_a_stream_of_events_of_a_stranger_gives_way_with_a_code():
    house = small_house(connections=1)
    async with a_reader(house.app, FOREVER, SSE) as reader:
        await reader.part()
        await reader.part()
        async with house.peer() as peer:
            await peer.begin(**HERS)
            assert "OVERLOADED" in await reader.rest()


async def test_a_stranger_is_refused_where_only_people_who_signed_in_have_streams():
    house = small_house(connections=1)
    async with house.peer() as peer:
        await peer.begin(**HERS)
        async with a_reader(house.app, FOREVER, SSE) as reader:
            await reader.rest()
    assert reader.status == 503


async def test_a_change_is_run_once_for_all_who_read_the_same_document_as_the_same_person():
    house = small_house()
    async with house.peer() as one, house.peer() as other:
        await one.begin(**HERS)
        await other.begin(**HERS_TOO)
        for peer in (one, other):
            for name in "ab":
                peer.subscribe(name, CHANGES)
        await house.all_running(4)
        house.small.went_on.set()
        told = await numbers(one, 6) + await numbers(other, 6)

    assert (sorted(told), house.small.runs) == (sorted([0, 1, 2] * 4), 3)


@pytest.mark.parametrize(
    ("query", "language", "header"),
    [
        ("subscription { changes { run number } }", "en", HERS),
        (CHANGES, "hi", HERS),
        ('subscription { changes(name: "x") { number run } }', "en", HERS),
        (CHANGES, "en", {}),
    ],
    ids=["document", "language", "argument", "person"],
)
async def test_a_change_is_run_for_each_for_whom_the_answer_may_differ(query, language, header):
    house = small_house()
    async with house.peer() as one, house.peer() as other:
        await one.begin(acceptLanguage="en", **HERS)
        await other.begin(acceptLanguage=language, **header)
        one.subscribe("1", CHANGES)
        other.subscribe("1", query)
        await house.all_running(2)
        house.small.went_on.set()
        await numbers(one, 3)
        await numbers(other, 3)

    assert house.small.runs == 6


async def test_a_change_is_run_once_for_all_strangers_of_one_language():
    house = small_house()
    async with house.peer(address="10.0.0.1") as one, house.peer(address="10.0.0.2") as other:
        for peer in (one, other):
            await peer.begin(acceptLanguage="en")
            peer.subscribe("1", CHANGES)
        await house.all_running(2)
        house.small.went_on.set()
        await numbers(one, 3)
        await numbers(other, 3)

    assert house.small.runs == 3


async def test_a_change_counts_as_one_operation_of_its_reader():
    house = small_house(rates=Rates(signed_in_per_minute=3))  # the introduction, the subscription, one change
    async with house.peer() as peer:
        await peer.begin(**HERS)
        peer.subscribe("1", CHANGES)
        await house.all_running(1)
        house.small.went_on.set()
        assert await numbers(peer, 1) == [0]
        answer = await peer.hear()
    assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMITED")


async def test_no_two_changes_of_one_person_are_run_at_the_same_time():
    house = small_house()
    async with house.peer() as one, house.peer() as other:
        for number, peer in enumerate((one, other)):
            await peer.begin(**HERS)
            for name in range(3):
                peer.subscribe(str(name), f"subscription Q{number}{name} {{ changes {{ number run }} }}")
        await house.all_running(6)
        house.small.went_on.set()
        await numbers(one, 9)
        await numbers(other, 9)

    assert (house.small.runs, house.small.most_together) == (18, 1)
