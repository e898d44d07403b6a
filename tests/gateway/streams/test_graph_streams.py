"""The graph's own subscriptions over a socket: what is told, to whom, from where on, and until when."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from domain.applications.applications import RejectionGround
from domain.benefits.benefits import PaymentStatus
from domain.kernel import ANONYMOUS, Language, NotSignedIn, Source, Subject, SystemClock, SystemIds, TypeCode
from gateway.graphql.pipeline import Pipeline
from gateway.http.edge import Edge
from gateway.settings.subscriptions import Streams
from gateway.streams.connection import SocketEndpoint
from gateway.streams.fanout import Fanout
from gateway.streams.sessions import Sessions
from gateway.streams.streams import Streaming
from integrations.calling.monitor import SourceMonitor
from schema.kernel import Context, node_id
from store.applications import applications
from store.benefits import benefits
from store.database import change_feed
from store.identity import sessions
from store.identity.sessions import Session
from tests.store import builders
from tests.support.built import built
from tests.support.graph import (
    ASHA,
    CITIZEN,
    NEIGHBOUR,
    OFFICER,
    RAVI,
    STRANGE_OFFICER,
    Down,
    World,
    environment,
    seed,
)
from tests.support.peers import PATIENCE, a_peer
from tests.support.stored import record_payment_status

WHO = {"asha": CITIZEN, "ravi": NEIGHBOUR, "officer": OFFICER, "elsewhere": STRANGE_OFFICER}
MINE = """subscription ($id: ID, $since: String) { applicationChanged(applicationId: $id, since: $since) {
  cursor applicationId application { number status } } }"""
QUEUE = """subscription ($since: String) { officerQueueChanged(since: $since) {
  cursor inQueue application { number withheld applicant { name } } } }"""
PAYMENTS = "subscription { paymentChanged { cursor applicationId benefit { number } instalment { sequence status } } }"
SOURCES = "subscription ($since: String) { sourceChanged(since: $since) { cursor source { name state switched } } }"
CHANGES = "query ($since: String) { changes(first: 100, since: $since) { present { number } nextCursor } }"


@pytest.fixture(scope="module")
def graph():
    return built()


class House:
    """The graph behind a socket, with sessions that a test ends."""

    def __init__(self, world: World, fanout: Fanout) -> None:
        self.world, self.fanout = world, fanout
        self.who: dict[str, Subject] = dict(WHO)
        env = world.environment
        self.sessions = Sessions(env.store, 3600.0)
        self.streaming = Streaming(Streams(), self.sessions, fanout)
        clock = SystemClock()
        edge = Edge(clock, SystemIds(clock), introspection=True)
        self.streaming.serve(Pipeline(world.graph, self._context, edge))
        self.socket = SocketEndpoint(self.streaming)

    async def _context(self, facts):
        if facts.token is not None and facts.token not in self.who:
            raise NotSignedIn
        subject = ANONYMOUS if facts.token is None else self.who[facts.token]
        env = self.world.environment
        return Context(facts.request_id, subject, Language.EN, env, self.world.monitor, feed=self.fanout)

    @asynccontextmanager
    async def peer(self, who=None):
        async with a_peer(self.socket) as opened:
            said = {} if who is None else {"authorization": f"Bearer {who}"}
            assert (await opened.begin(**said))["type"] == "connection_ack"
            yield opened

    async def following(self, many=1):
        """Wait until so many follow the feed."""
        async with asyncio.timeout(PATIENCE):
            while self.fanout.followers < many:
                await asyncio.sleep(0.001)


@pytest.fixture
async def house(graph, sqlite_store, store_keyrings, store_clock, tmp_path):
    down = Down()
    env = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", down)
    await seed(env)
    world = World(graph, env, SourceMonitor([Source.DIGILOCKER]), down)
    async with Fanout(sqlite_store, Streams(look_seconds=0.05)).run() as fanout:
        yield House(world, fanout)


def case(number, citizen=ASHA, **facts):
    key = f"01930000-0000-7000-9000-{number:012}"
    facts = {"number": f"{number:014}", "district": "49", **facts}
    return builders.application(key, citizen_id=citizen, service_code="ES09", tehsil="304", **facts)


def global_id(item):
    return node_id(TypeCode.APPLICATION, item.id)


async def keep(house, *items):
    async with house.world.environment.store.write_transaction() as tx:
        for item in items:
            await applications.add(tx, item)


async def moved(house, item, **facts):
    async with house.world.environment.store.write_transaction() as tx:
        present = await applications.get(tx, item.id)
        return await applications.save(tx, replace(present, **facts), present.version)


async def event(peer, field):
    message = await peer.hear()
    assert message["type"] == "next", message
    assert "errors" not in message["payload"], message
    return message["payload"]["data"][field]


async def refusal(peer):
    message = await peer.hear()
    assert message["type"] == "error", message
    return message["payload"][0]["extensions"]["code"]


async def test_a_decision_arrives_at_the_citizen_and_at_no_neighbour(house):
    one = case(1)
    await keep(house, one)
    async with house.peer("asha") as asha, house.peer("ravi") as ravi:
        asha.subscribe("a", MINE)
        ravi.subscribe("r", MINE)
        await house.following(2)
        request = Decide(one.id, Verdict.REJECT, "key", ground=RejectionGround.NOT_ELIGIBLE, reason="Above the limit.")
        await decide_application(house.world.environment, OFFICER, request)
        told = await event(asha, "applicationChanged")
        assert told["application"] == {"number": one.number, "status": "REJECTED"}
        assert told["applicationId"] == global_id(one)
        await keep(house, case(2, RAVI))
        assert (await event(ravi, "applicationChanged"))["application"]["number"] == case(2).number
        assert asha.nothing_heard()
    assert house.fanout.followers == 0


async def test_one_application_is_followed_by_those_who_may_read_it(house):
    one, two = case(1), case(2)
    await keep(house, one, two)
    for who, code in (("ravi", "NOT_FOUND"), ("elsewhere", "NOT_FOUND"), (None, "UNAUTHENTICATED")):
        async with house.peer(who) as peer:
            peer.subscribe("s", MINE, id=global_id(one))
            assert await refusal(peer) == code
    async with house.peer("officer") as peer:
        peer.subscribe("s", MINE, id=global_id(one))
        await house.following()
        await moved(house, two)
        await moved(house, one)
        assert (await event(peer, "applicationChanged"))["applicationId"] == global_id(one)
        peer.subscribe("all", MINE)
        assert await refusal(peer) == "BAD_INPUT"  # an officer has none of her own


async def test_what_was_missed_is_told_first_and_nothing_twice(house):
    one = case(1)
    await keep(house, one)
    async with house.peer("asha") as peer:
        peer.subscribe("s", MINE)
        await house.following()
        await moved(house, one)
        cursor = (await event(peer, "applicationChanged"))["cursor"]
    await keep(house, case(2), case(3, RAVI), case(4))
    async with house.peer("asha") as peer:
        peer.subscribe("s", MINE, since=cursor)
        told = [await event(peer, "applicationChanged") for _ in range(2)]
        assert [one["application"]["number"] for one in told] == [case(2).number, case(4).number]
        await keep(house, case(5))
        assert (await event(peer, "applicationChanged"))["application"]["number"] == case(5).number
        assert peer.nothing_heard()


async def test_a_copy_and_a_subscription_take_one_anothers_cursors(house):
    await keep(house, case(1))
    cursor = (await house.world.ask(CHANGES, CITIZEN))["data"]["changes"]["nextCursor"]
    await keep(house, case(2))
    async with house.peer("asha") as peer:
        peer.subscribe("s", MINE, since=cursor)
        told = await event(peer, "applicationChanged")
    assert told["application"]["number"] == case(2).number
    await keep(house, case(3))
    more = (await house.world.ask(CHANGES, CITIZEN, since=told["cursor"]))["data"]["changes"]
    assert [one["number"] for one in more["present"]] == [case(3).number]


async def test_a_cursor_that_is_too_old_or_anothers_is_refused(house, store_clock):
    await keep(house, case(1))
    cursor = (await house.world.ask(CHANGES, CITIZEN))["data"]["changes"]["nextCursor"]
    async with house.peer("ravi") as peer:
        peer.subscribe("s", MINE, since=cursor)
        assert await refusal(peer) == "BAD_INPUT"
    await keep(house, case(2))
    store_clock.advance(timedelta(days=40))
    await house.world.environment.store.carry_out(lambda tx: change_feed.sweep(tx, store_clock.now()))
    async with house.peer("asha") as peer:
        peer.subscribe("s", MINE, since=cursor)
        assert await refusal(peer) == "RESYNC"


async def test_a_right_that_is_gone_is_gone_at_the_next_event(house):
    one = case(1)
    await keep(house, one)
    async with house.peer("officer") as peer, house.peer("asha") as asha:
        peer.subscribe("s", MINE, id=global_id(one))
        peer.subscribe("q", QUEUE)
        asha.subscribe("s", MINE, id=global_id(one))
        await house.following(3)
        house.who["officer"] = replace(OFFICER, postings=STRANGE_OFFICER.postings)
        # Heard twice by the citizen: by then the first is over for everybody.
        for status in (one.status.QUERY_RAISED, one.status.IN_SCRUTINY):
            await moved(house, one, status=status)
            await event(asha, "applicationChanged")
        peer.say({"type": "ping"})
        assert (await peer.hear())["type"] == "pong"
        assert peer.nothing_heard()


async def test_a_queue_is_told_of_its_places_and_never_of_drafts(house):
    async with house.peer("officer") as here, house.peer("elsewhere") as there, house.peer("asha") as asha:
        here.subscribe("q", QUEUE)
        there.subscribe("q", QUEUE)
        await house.following(2)
        asha.subscribe("q", QUEUE)
        assert await refusal(asha) == "NOT_FOUND"
        draft, one = case(1), case(2, officer_id="colleague")
        await keep(house, replace(draft, status=draft.status.DRAFT), one, case(3, district="45"))
        told = await event(here, "officerQueueChanged")
        assert told["application"] == {"number": one.number, "withheld": True, "applicant": None}
        assert told["inQueue"]
        assert (await event(there, "officerQueueChanged"))["application"]["number"] == case(3).number
        await moved(house, one, status=one.status.REJECTED)
        told = await event(here, "officerQueueChanged")
        assert (told["inQueue"], told["application"]) == (False, None)


async def test_a_payment_is_told_to_its_citizen(house):
    env = house.world.environment
    application = await house.world.submit("ES90")
    await house.world.approve(application)
    async with house.peer("asha") as asha, house.peer("ravi") as ravi:
        asha.subscribe("p", PAYMENTS)
        ravi.subscribe("p", PAYMENTS)
        await house.following(2)
        async with env.store.write_transaction() as tx:
            made = (await benefits.sanction_of_applications(tx, [application.id]))[application.id]
            (paid,) = (await benefits.instalments(tx, [made.id]))[made.id]
            await record_payment_status(tx, paid.id, PaymentStatus.INSTRUCTED, env.clock.now())
        told = await event(asha, "paymentChanged")
        assert told["instalment"] == {"sequence": 1, "status": "INSTRUCTED"}
        assert (told["benefit"]["number"], told["applicationId"]) == (made.number, global_id(application))
        assert ravi.nothing_heard()


async def test_sources_that_go_and_come_are_told_to_everybody(house):
    monitor, now = house.world.monitor, house.world.environment.clock.now()
    async with house.peer() as peer:
        peer.subscribe("s", SOURCES)
        await house.following()
        monitor.record_failure(Source.DIGILOCKER, "any", now, 0.1, 5.0)
        told = await event(peer, "sourceChanged")
        assert told["source"] == {"name": "DIGILOCKER", "state": "DOWN", "switched": "ON"}
    monitor.record_success(Source.UMANG, "any", now, 0.1)
    async with house.peer() as peer:
        peer.subscribe("s", SOURCES, since=told["cursor"])
        later = await event(peer, "sourceChanged")
        assert later["source"] == {"name": "UMANG", "state": "LIVE", "switched": "ON"}
        peer.subscribe("bad", SOURCES, since="x")
        assert await refusal(peer) == "BAD_INPUT"


async def test_signing_out_and_expiry_close_the_socket_without_any_event(house, store_clock):
    env = house.world.environment
    now = env.clock.now()
    for key, ends in (("s1", timedelta(hours=1)), ("s2", timedelta(minutes=5))):
        new = Session(key, CITIZEN.kind, ASHA, next(iter(sessions.Provider)), "HIGH", None, now, now + ends)
        await env.store.carry_out(lambda tx, new=new: sessions.add_session(tx, new))
        house.who[key] = replace(CITIZEN, session_id=key)
    async with house.peer("s1") as one, house.peer("s2") as two:
        await house.sessions.look()
        assert not one.over.is_set() | two.over.is_set()
        await env.store.carry_out(lambda tx: sessions.revoke_session(tx, "s1", now))
        await house.sessions.look()
        assert await one.closed() == (4403, "Session ended")
        assert not two.over.is_set()
        store_clock.advance(timedelta(minutes=6))
        await house.sessions.look()
        assert await two.closed() == (4403, "Session ended")
    assert house.sessions._told == {}
