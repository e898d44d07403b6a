"""Receivers of events: two administrators, challenge, order, retries, rotation, a dead address, reads by a cursor.

The receiver is the sandbox's own server on a socket; the clock is ours, so nothing waits.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from actions.kernel import Environment
from actions.platform.alarms import readings
from actions.platform.event_deliveries import receivers_due, tell_receiver
from actions.platform.event_receivers import (
    ChangeEventReceiver,
    ConfirmEventReceiver,
    ProposeEventReceiver,
    change_event_receiver,
    confirm_event_receiver,
    deliveries_of,
    propose_event_receiver,
    receivers_for,
)
from actions.platform.events import EventReads
from actions.platform.own_receivers import OwnReceivers
from domain.applications.applications import Channel
from domain.clearances import Clearance, ClearanceState
from domain.kernel import ErrorCode, PersonKind, Posting, Problems, Role, Source, Subject
from domain.platform.alarms import AlarmCode, active_alarms
from domain.platform.changes import ChangeKind
from domain.platform.event_receivers import (
    RETRY_SECONDS,
    EventKind,
    EventOwner,
    EventReceiver,
    ReceiverState,
    ReceiverStep,
)
from integrations.calling.remote import Remote
from integrations.calling.transport import Transports
from integrations.event_receivers import ReceiverCalls, events_routes, receivers_routes
from sandbox.city.kit import Fault, Sandbox, SandboxHome
from sandbox.event_receivers.server import create_sandbox
from store.applications import applications
from store.clearances import add_clearance
from store.database import change_feed
from store.identity import people
from store.platform import event_receivers
from tests.store import builders
from tests.support.graph import CITIZEN, Down, environment
from tests.support.graph_catalogue import enter_catalogue
from tests.support.remotes import shared_resilience
from tests.support.served import served

pytestmark = pytest.mark.integration

REVENUE, OTHER = "revenue-department", "social-welfare"
KINDS = tuple(EventKind)
AGREED = "the secret that was agreed with UMANG"


def administrator(name: str, department: str | None = REVENUE) -> Subject:
    role = Role.DEPARTMENT_ADMIN if department else Role.ADMIN
    return Subject(frozenset({role}), PersonKind.OFFICER, name, (Posting(role, department),))


FIRST, SECOND, STATE, STATE_SECOND = (
    administrator("first"),
    administrator("second"),
    administrator("state", None),
    administrator("state-second", None),
)


@dataclass
class Place:
    """The gateway's side, and the receivers on a socket."""

    env: Environment
    sandbox: Sandbox
    url: str
    turns: list[int] = field(default_factory=list)

    def key(self) -> str:
        self.turns.append(1)
        return f"key-{len(self.turns)}"

    async def propose(
        self, name: str, by: Subject = FIRST, owner: EventOwner = EventOwner.DEPARTMENT, **changed: Any
    ) -> EventReceiver:
        department = REVENUE if owner is EventOwner.DEPARTMENT else None
        given = {"url": f"{self.url}/hooks/{name}", "kinds": KINDS, "department": department} | changed
        return (
            await propose_event_receiver(self.env, by, ProposeEventReceiver(owner, idempotency_key=self.key(), **given))
        )[0]

    async def confirm(self, receiver: EventReceiver, by: Subject = SECOND, *, confirm: bool = True) -> EventReceiver:
        return (await confirm_event_receiver(self.env, by, ConfirmEventReceiver(receiver.id, confirm, self.key())))[0]

    async def step(self, receiver: EventReceiver, step: ReceiverStep, **more: Any) -> EventReceiver:
        request = ChangeEventReceiver(receiver.id, step, self.key(), **more)
        return (await change_event_receiver(self.env, STATE, request))[0]

    async def active(self, name: str, by: Subject = FIRST, second: Subject = SECOND, **changed: Any) -> EventReceiver:
        """A receiver that answered its challenge."""
        proposed = await self.propose(name, by, **changed)
        self.configure(name, proposed)
        await self.confirm(proposed, second)
        await self.tell(proposed)
        return await self.now(proposed)

    def configure(self, name: str, receiver: EventReceiver) -> None:
        self.sandbox.actions["configure"]({"name": name, "secrets": [receiver.secret]})

    async def own(self, key: str, secret: str, **asked: Any) -> dict[str, Any]:
        """What the gateway answers a system that looks after its own receivers."""
        return await self.sandbox.actions["receivers"]({"key": key, "secret": secret, **asked})

    async def now(self, receiver: EventReceiver) -> EventReceiver:
        found = await self.env.store.read(lambda tx: event_receivers.get(tx, receiver.id))
        assert found is not None
        return found

    async def happen(self, case: str, *kinds: ChangeKind) -> None:
        """Events of a case, each in a transaction of its own, a second apart."""
        for kind in kinds:
            self.pass_seconds(1)
            await self.env.store.carry_out(lambda tx, kind=kind: change_feed.touch(tx, kind, case))

    async def tell(self, receiver: EventReceiver) -> int:
        return await tell_receiver(self.env, receiver.id, lambda: True)

    async def due(self) -> list[str]:
        return await receivers_due(self.env)

    def told(self, name: str) -> list[dict[str, Any]]:
        return self.sandbox.actions["received"]({"name": name})["messages"]

    def types(self, name: str) -> list[str]:
        return [one["type"] for one in self.told(name)]

    def pass_seconds(self, seconds: float) -> None:
        self.env.clock.advance(timedelta(seconds=seconds))

    async def alarms(self) -> set[str]:
        made = await self.env.store.read(lambda tx: readings(tx, self.env.clock.now()))
        return {about for code, about in active_alarms(made) if code is AlarmCode.EVENTS_NOT_TAKEN}


@pytest.fixture
async def place(store, store_keyrings, store_clock, tmp_path) -> AsyncIterator[Place]:
    env = environment(store, store_keyrings, store_clock, tmp_path / "objects", Down())
    env = replace(env, rules=replace(env.rules, takes_sandboxes=True))
    home = SandboxHome(
        "event_receivers", tmp_path / "sandbox", tmp_path / "o.json", store_clock, {}, "http://gateway", ""
    )
    own = OwnReceivers(env, {EventOwner.UMANG: [AGREED], EventOwner.E_TAAL: [""]})
    routes = [*events_routes(EventReads(env), store_clock), *receivers_routes(own, store_clock)]
    sandbox = create_sandbox(home, transport=httpx.ASGITransport(app=Starlette(routes=routes)))
    lines, shared = Transports(store_clock, demo=True), shared_resilience(store_clock)

    async def open_remote(origin: str) -> Remote:
        return Remote(Source.EVENT_RECEIVERS, origin, client=lines.client_for([origin]), shared=shared)

    env = replace(env, partners=replace(env.partners, receivers=ReceiverCalls(open_remote)))
    async with store.write_transaction() as tx:
        await enter_catalogue(tx)
        await people.add_citizen(tx, builders.citizen(CITIZEN.person_id))
        for key, channel in (("a1", Channel.WEB), ("a2", Channel.UMANG)):
            one = builders.application(
                key, CITIZEN.person_id, number=f"{key}-number", channel=channel, department=REVENUE
            )
            await applications.add(tx, one)
        await change_feed.open_feed(tx)
    async with served(sandbox.app) as url:
        yield Place(env, sandbox, url)


async def test_nothing_is_sent_before_a_second_administrator_confirmed_and_the_address_answered_its_challenge(place):
    proposed = await place.propose("crm")
    place.configure("crm", proposed)
    await place.happen("a1", ChangeKind.HANDED_IN)
    before = await place.tell(proposed)

    with pytest.raises(Problems) as herself:
        await place.confirm(proposed, FIRST)
    confirmed = await place.confirm(proposed)
    place.pass_seconds(1)
    await place.tell(confirmed)
    await place.happen("a1", ChangeKind.DECIDED)
    await place.tell(confirmed)

    assert (before, herself.value.code, confirmed.state) == (
        0,
        ErrorCode.SECOND_OFFICER_NEEDED,
        ReceiverState.VERIFYING,
    )
    assert (await place.now(confirmed)).state is ReceiverState.ACTIVE
    assert place.types("crm") == ["application.decided"]


async def test_an_address_that_does_not_know_the_secret_is_told_nothing(place):
    proposed = await place.propose("crm")
    place.sandbox.actions["configure"]({"name": "crm", "secrets": ["whsec_bm90aGluZyBvZiBvdXJz"]})
    confirmed = await place.confirm(proposed)

    await place.tell(confirmed)

    log = await deliveries_of(place.env, confirmed, 10)
    assert [(one.outcome, one.delivered_at) for one in log] == [("http_401", None)]
    assert (await place.now(confirmed)).state is ReceiverState.VERIFYING


async def test_a_message_names_the_case_and_nothing_of_the_person(place):
    receiver = await place.active("crm")
    await place.happen("a1", ChangeKind.DECIDED)
    await place.tell(receiver)

    (message,) = place.told("crm")

    assert message["data"].keys() == {"service", "department", "application"}
    assert message["data"]["application"]["number"] == "a1-number"
    assert message["data"]["application"].keys() == {"id", "number"}


async def test_events_of_a_case_come_in_their_order_and_one_that_fails_holds_up_no_other_case(place):
    receiver = await place.active("crm")
    await place.happen("a1", ChangeKind.HANDED_IN, ChangeKind.DECIDED)
    await place.happen("a2", ChangeKind.HANDED_IN)
    place.sandbox.faults.set([Fault("status", calls=frozenset({1}), params={"status": 500})])

    first = await place.tell(receiver)
    place.pass_seconds(RETRY_SECONDS[0] * 1.3)
    second = await place.tell(receiver)

    numbers = [(one["type"], one["data"]["application"]["number"]) for one in place.told("crm")]
    assert (first, second) == (1, 2)
    assert numbers == [
        ("application.handed_in", "a2-number"),
        ("application.handed_in", "a1-number"),
        ("application.decided", "a1-number"),
    ]


async def test_what_was_sent_and_not_noted_comes_again_under_the_same_id(place):
    receiver = await place.active("crm")
    await place.happen("a1", ChangeKind.DECIDED)
    await place.tell(receiver)
    (sent, _) = await deliveries_of(place.env, receiver, 10)
    as_killed_before_the_note = replace(sent, delivered_at=None, attempts=0, outcome=None)
    await place.env.store.carry_out(lambda tx: event_receivers.note(tx, [as_killed_before_the_note]))

    await place.tell(receiver)

    assert len({one["id"] for one in place.told("crm")}) == 1
    assert len(place.told("crm")) == 2


async def test_both_secrets_sign_while_a_secret_is_rotated_and_only_the_new_one_afterwards(place):
    receiver = await place.active("crm")
    rotated = await place.step(receiver, ReceiverStep.ROTATE)

    await place.happen("a1", ChangeKind.HANDED_IN)
    with_the_old_one = await place.tell(receiver)
    place.configure("crm", rotated)
    await place.happen("a1", ChangeKind.DECIDED)
    with_the_new_one = await place.tell(receiver)
    place.pass_seconds(25 * 3600)
    await place.happen("a1", ChangeKind.CERTIFICATE_ISSUED)
    await place.tell(receiver)

    assert (with_the_old_one, with_the_new_one) == (1, 1)
    assert [one["signatures"] for one in place.told("crm")] == [2, 2, 1]


async def test_a_dead_address_is_switched_off_with_an_alarm_and_told_from_where_it_stood_when_it_is_back(place):
    receiver = await place.active("crm")
    alive = await place.active("other")
    await place.happen("a1", ChangeKind.HANDED_IN)
    place.sandbox.faults.set([Fault("status", route="/hooks/crm", params={"status": 503})])
    for seconds in (0, *RETRY_SECONDS):
        place.pass_seconds(seconds * 1.3 + 400)  # past the breaker's time too
        await place.tell(receiver)
        await place.tell(alive)
    await place.happen("a1", ChangeKind.DECIDED)
    while_dead = (await place.now(receiver)).state, await place.alarms(), place.types("crm"), place.types("other")

    place.sandbox.faults.set([])
    await place.step(receiver, ReceiverStep.SWITCH_ON)
    place.pass_seconds(400)
    await place.tell(receiver)

    assert while_dead == (ReceiverState.FAILED, {receiver.id}, [], ["application.handed_in"])
    assert place.types("crm") == ["application.handed_in", "application.decided"]
    assert await place.alarms() == set()


async def test_an_address_that_says_it_is_gone_is_told_nothing_more(place):
    receiver = await place.active("crm")
    place.sandbox.actions["gone"]({"name": "crm"})
    await place.happen("a1", ChangeKind.HANDED_IN)

    await place.tell(receiver)

    assert ((await place.now(receiver)).state, (await place.now(receiver)).failure) == (ReceiverState.FAILED, "gone")


async def test_a_receiver_reads_by_its_cursor_what_it_was_told(place):
    receiver = await place.active("crm")
    await place.happen("a1", ChangeKind.HANDED_IN, ChangeKind.DECIDED)
    await place.tell(receiver)
    ask = place.sandbox.actions["ask"]
    given = {"receiver": receiver.id, "secret": receiver.secret}

    first = (await ask({**given, "first": 1}))["answer"]
    rest = (await ask({**given, "cursor": first["nextCursor"]}))["answer"]
    none = (await ask({**given, "cursor": rest["nextCursor"]}))["answer"]

    assert [one["id"] for one in first["events"] + rest["events"]] == [one["id"] for one in place.told("crm")]
    assert (first["complete"], rest["complete"], none["events"]) == (False, True, [])


async def test_every_wrong_way_to_ask_is_refused_with_its_code(place):
    receiver = await place.active("crm")

    view = await place.sandbox.actions["call_bad"]({"receiver": receiver.id, "secret": receiver.secret})
    old = await place.sandbox.actions["ask"](
        {"receiver": receiver.id, "secret": receiver.secret, "cursor": "another-feed.1.1"}
    )

    assert view["ok"], view
    assert (old["status"], old["answer"]) == (410, {"code": "RESYNC"})


async def test_everything_since_an_instant_is_told_again(place):
    receiver = await place.active("crm")
    await place.happen("a1", ChangeKind.HANDED_IN)
    since = place.env.clock.now() + timedelta(milliseconds=500)
    await place.happen("a1", ChangeKind.DECIDED)
    await place.tell(receiver)

    await place.step(receiver, ReceiverStep.TELL_AGAIN, since=since)
    await place.tell(receiver)

    assert place.types("crm") == ["application.handed_in", "application.decided", "application.decided"]


async def test_the_challenge_is_not_brought_again_with_everything_else(place):
    before = place.env.clock.now() - timedelta(hours=1)
    receiver = await place.active("crm")

    await place.step(receiver, ReceiverStep.TELL_AGAIN, since=before)

    (challenge,) = await deliveries_of(place.env, receiver, 10)
    assert challenge.delivered_at is not None


async def test_nothing_is_due_while_a_case_waits_for_its_first_event_to_be_tried_again(place):
    receiver = await place.active("crm")
    await place.happen("a1", ChangeKind.HANDED_IN, ChangeKind.DECIDED)
    place.sandbox.faults.set([Fault("status", calls=frozenset({1}), params={"status": 500})])
    await place.tell(receiver)

    waits = await place.due()
    place.pass_seconds(RETRY_SECONDS[0] * 1.3)

    assert (waits, await place.due()) == ([], [receiver.id])


async def test_an_event_behind_one_that_concerns_the_receiver_not_is_told_at_once(place):
    umang = await place.active("umang", STATE, STATE_SECOND, owner=EventOwner.UMANG)
    await place.happen("a1", ChangeKind.HANDED_IN)
    await place.happen("a2", ChangeKind.HANDED_IN)

    due = await place.due()
    await place.tell(umang)

    assert (due, await place.due(), len(place.told("umang"))) == ([umang.id], [], 1)


async def test_the_feed_is_read_anew_at_once_after_it_got_another_name(place):
    receiver = await place.active("crm")
    await place.happen("a1", ChangeKind.HANDED_IN)
    await place.tell(receiver)
    before = await place.due()

    async def rename(tx: Any) -> None:
        await tx.connection.execute(sa.update(change_feed.change_feeds_table).values(name="another"))

    await place.env.store.carry_out(rename)
    after = await place.due()
    await place.tell(receiver)

    assert (before, after, await place.due()) == ([], [receiver.id], [])
    assert place.types("crm") == ["application.handed_in"]


async def test_the_feed_of_before_its_challenge_is_not_read_for_a_new_receiver(place, monkeypatch):
    await place.happen("a1", ChangeKind.HANDED_IN)
    read, page = [], change_feed.page

    async def noted(*given: Any) -> Any:
        read.extend(found := await page(*given))
        return found

    monkeypatch.setattr(change_feed, "page", noted)
    await place.active("crm")
    await place.happen("a1", ChangeKind.DECIDED)

    assert (await place.due() != [], [one.kind for one in read]) == (True, [ChangeKind.DECIDED])


async def test_a_receiver_for_which_too_much_waits_is_not_looked_after_before_something_is_due(place, monkeypatch):
    receiver = await place.active("crm")
    await place.happen("a1", ChangeKind.HANDED_IN)
    place.sandbox.faults.set([Fault("status", params={"status": 500})])
    await place.tell(receiver)
    await place.happen("a2", ChangeKind.HANDED_IN)
    monkeypatch.setattr("actions.platform.event_deliveries.MOST_WAITING", 0)

    assert await place.due() == []


async def test_a_receiver_that_does_not_answer_its_challenge_can_be_switched_off_and_challenged_again(place):
    proposed = await place.propose("crm")
    confirmed = await place.confirm(proposed)
    await place.tell(confirmed)

    off = await place.step(confirmed, ReceiverStep.SWITCH_OFF)
    place.pass_seconds(400)
    while_off = await place.tell(confirmed)
    on = await place.step(confirmed, ReceiverStep.SWITCH_ON)
    place.configure("crm", proposed)
    await place.tell(confirmed)

    assert (off.state, while_off, on.state) == (ReceiverState.OFF, 0, ReceiverState.VERIFYING)
    assert (await place.now(confirmed)).state is ReceiverState.ACTIVE


async def test_umang_is_told_of_what_was_handed_in_by_umang_and_e_taal_no_number(place):
    umang = await place.active("umang", STATE, STATE_SECOND, owner=EventOwner.UMANG)
    etaal = await place.active("etaal", STATE, STATE_SECOND, owner=EventOwner.E_TAAL)
    await place.happen("a1", ChangeKind.HANDED_IN)
    await place.happen("a2", ChangeKind.HANDED_IN)

    await place.tell(umang)
    await place.tell(etaal)

    assert [one["data"]["application"]["number"] for one in place.told("umang")] == ["a2-number"]
    assert [one["data"].keys() for one in place.told("etaal")] == [{"service", "department"}] * 2


async def test_a_clearance_is_told_to_the_department_that_was_asked(place):
    asked = await place.active("asked", STATE, STATE_SECOND, department=OTHER)
    own = await place.active("own")
    place.pass_seconds(1)
    now, key = place.env.clock.now(), place.env.ids.key()
    clearance = Clearance(
        key, CITIZEN.person_id or "", "a1", OTHER, "57", "358", ClearanceState.ASKED, "Is it ours?", None, now, now
    )

    async def ask(tx: Any) -> None:
        await add_clearance(tx, clearance)
        await change_feed.touch_clearance(tx, clearance.id)

    await place.env.store.carry_out(ask)
    await place.tell(asked)
    await place.tell(own)

    assert (place.types("asked"), place.types("own")) == (["clearance.asked"], [])
    assert place.told("asked")[0]["data"]["clearance"].keys() == {"id"}


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.org/hook",
        "https://10.0.0.7/hook",
        "https://169.254.169.254/latest",
        "https://[::1]/hook",
        "https://user:word@crm.example.org/hook",
        "https://crm.example.org/hook?key=1",
        "ftp://crm.example.org/hook",
    ],
)
async def test_only_public_https_addresses_without_credentials_are_taken_where_no_sandboxes_are_used(place, url):
    place.env = replace(place.env, rules=replace(place.env.rules, takes_sandboxes=False))

    with pytest.raises(Problems) as caught:
        await place.propose("crm", url=url)

    assert [(each.code, each.path) for each in caught.value.problems] == [(ErrorCode.BAD_INPUT, ("input", "url"))]


async def test_an_administrator_names_and_sees_receivers_of_her_department_alone(place):
    own = await place.propose("crm")
    partner = await place.propose("umang", STATE, owner=EventOwner.UMANG)
    elsewhere = administrator("elsewhere", OTHER)

    refused = []
    for by, given in ((elsewhere, {}), (FIRST, {"owner": EventOwner.UMANG})):
        with pytest.raises(Problems) as caught:
            await place.propose("crm", by, **given)
        refused.append(caught.value.code)
    with pytest.raises(Problems) as confirmed:
        await place.confirm(own, elsewhere)

    assert [*refused, confirmed.value.code] == [ErrorCode.NOT_FOUND] * 3
    assert [one.id for one in await receivers_for(place.env, SECOND)] == [own.id]
    assert {one.id for one in await receivers_for(place.env, STATE)} == {own.id, partner.id}


async def test_a_switch_holds_events_back_and_no_attempt_counts(place):
    receiver = await place.active("crm")
    await place.step(receiver, ReceiverStep.SWITCH_OFF)
    await place.happen("a1", ChangeKind.HANDED_IN)
    off = await place.tell(receiver), await place.due()

    await place.step(receiver, ReceiverStep.SWITCH_ON)

    assert off == (0, [])
    assert await place.tell(receiver) == 1
