"""Messages in any order of receipts, losses, fall-backs and time: a state never goes back, and an end is an end."""

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from actions.feedback.message_outcomes import look_after_messages
from domain.feedback.messages import CRITICAL_AFTER, GIVEN_UP_AFTER, RANK, Message, MessageChannel, MessageState
from domain.feedback.notices import NoticeKind
from domain.kernel import ManualClock, SeededIds, Source
from integrations.calling.errors import Refused, RemoteError, Unavailable
from integrations.sms import Sms, Taken
from store.database import Store
from tests.support.actions import World
from tests.support.bounds import QUICK, rounds
from tests.support.chats import agrees, has_number
from tests.support.messages import DAY, MOBILE, carried, kept, note_receipt, told
from tests.support.phones import Phones, with_phones
from tests.support.worlds import a_world

EXAMPLES, STEPS = rounds(3, ci=10, full=300), rounds(25, ci=40, full=60)
CHANNELS = (MessageChannel.SMS, MessageChannel.WHATSAPP)
WAITS = (timedelta(seconds=31), CRITICAL_AFTER, timedelta(hours=6), GIVEN_UP_AFTER)
REPORTED = (MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED, MessageState.FAILED_FOR_NOW)
OVER = {MessageState.DELIVERED, MessageState.FAILED, MessageState.NOT_SENT}


def _not_taken() -> RemoteError:
    error = Unavailable(Source.SMS, "405")
    error.nothing_arrived = True
    return error


FAILURES = {
    "none": lambda: None,
    "lost": lambda: Unavailable(Source.SMS, "timed_out"),
    "not taken": _not_taken,
    "refused": lambda: Refused(Source.SMS, "414"),
}


class Number:
    """A number at WhatsApp that fails as the telephones do."""

    per_second = 30.0

    def __init__(self, phones: Phones) -> None:
        self._phones = phones

    async def send(self, to: str, content: object, tag: str | None = None) -> str:
        return (await self._phones.send_by("msdp", Sms(to, str(content), ""))).message_id


class Reporting(Phones):
    """Telephones whose provider may report that a text arrived while it is asked after it."""

    world: World
    reports = False

    async def state_of(self, taken: Taken) -> MessageState | None:
        if self.reports:
            at = self.world.clock.now()
            await note_receipt(self.world.env, MessageChannel.SMS, taken.message_id, MessageState.DELIVERED, at=at)
        return await super().state_of(taken)


class Messages(RuleBasedStateMachine):
    """Asha is told of things, providers answer, report and fall silent, and time passes."""

    material: ClassVar[dict[str, Any]] = {}

    @initialize()
    def begin(self) -> None:
        self.runner, self.stack, self.told = asyncio.Runner(), AsyncExitStack(), 0
        self.folder = Path(tempfile.mkdtemp(prefix="apuni-messages-", dir=QUICK))
        self.seen: dict[int, Message] = {}
        self.world: World = self.runner.run(self._open())

    async def _open(self) -> World:
        shutil.copy(self.material["migrated"], self.folder / "store.db")
        clock = ManualClock(DAY)
        store = await Store.open(f"sqlite:///{self.folder / 'store.db'}", cipher=self.material["cipher"], clock=clock)
        self.stack.push_async_callback(store.close)
        ids = SeededIds(clock, "messages")
        world = await self.stack.enter_async_context(
            a_world(store, self.material["keyrings"], clock, self.folder, ids=ids)
        )
        self.phones = Reporting()
        number: Any = Number(self.phones)
        world.env = with_phones(world.env, self.phones)
        await has_number(world, world.asha, MOBILE)
        world.env = replace(world.env, partners=replace(world.env.partners, whatsapp=number))
        await agrees(world, world.asha)
        self.phones.world = world
        return world

    @rule(kind=st.sampled_from([NoticeKind.DELIVERED, NoticeKind.QUERY_RAISED, NoticeKind.NEW_DEVICE]))
    def tell(self, kind: NoticeKind) -> None:
        self.told += 1
        self.runner.run(told(self.world, kind, str(self.told)))

    @rule(failure=st.sampled_from(sorted(FAILURES)))
    def carry(self, failure: str) -> None:
        error = FAILURES[failure]()
        self.phones.failures = {} if error is None else {"msdp": error}
        self.runner.run(carried(self.world))

    @rule(state=st.sampled_from(REPORTED), place=st.integers(0, 9), named=st.booleans())
    def report(self, state: MessageState, place: int, named: bool) -> None:
        if self.seen:
            one = sorted(self.seen.values(), key=lambda each: each.id)[place % len(self.seen)]
            report = note_receipt(
                self.world.env,
                one.channel,
                (one.provider_id if named else None) or f"name-{one.id}",
                state,
                at=self.world.clock.now(),
                message_id=one.id,
            )
            self.runner.run(report)

    @rule(
        state=st.sampled_from([None, MessageState.DELIVERED, MessageState.FAILED, MessageState.FAILED_FOR_NOW]),
        meanwhile=st.booleans(),
    )
    def look(self, state: MessageState | None, meanwhile: bool) -> None:
        self.phones.reports = meanwhile
        self.phones.states = {} if state is None else {f"id-{each}": state for each in range(200)}
        self.runner.run(look_after_messages(self.world.env))

    @rule(wait=st.sampled_from(WAITS))
    def wait(self, wait: timedelta) -> None:
        self.world.clock.advance(wait)

    @invariant()
    def no_state_goes_back(self) -> None:
        if not hasattr(self, "world"):
            return
        for one in self.runner.run(kept(self.world)):
            before = self.seen.get(one.id, one)
            assert RANK[before.state] < RANK[one.state] or before.state is one.state
            assert before.attempts <= one.attempts + 1
            if one.state in OVER:
                assert (one.send_at, one.look_at) == (None, None)
            self.seen[one.id] = one

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.runner.run(self.stack.aclose())
            self.runner.close()
            shutil.rmtree(self.folder)


@pytest.mark.timeout(0)
def test_no_order_of_reports_losses_and_turns_brings_a_message_back(migrated_sqlite, store_keyrings, store_cipher):
    Messages.material.update(migrated=migrated_sqlite, keyrings=store_keyrings, cipher=store_cipher)
    bound = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        print_blob=True,
        phases=(Phase.explicit, Phase.generate),
    )
    run_state_machine_as_test(Messages, settings=bound)
