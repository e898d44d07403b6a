"""Every kind of notice reaches a keypad telephone in Hindi: read by the published operation, sent to the sandbox."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from actions.feedback.notices import About, tell
from actions.kernel import UnitOfWork
from domain.feedback.messages import Message, MessageChannel, MessageSettings, MessageState
from domain.feedback.notices import NoticeKind, Topic
from domain.kernel import IST, SYSTEM, Language, Source
from domain.platform.switches import Switchboard
from gateway.runtime.composition import Runtime
from gateway.worker.message_values import MessageValues
from integrations.sms import SmsGateway, SmsSettings
from sandbox.sms.server import create_sandbox
from states.message_texts import message_texts
from states.packages import state_folder
from store.feedback import messages
from store.feedback.messages import messages_table
from store.identity import people
from tests.support.actions import World
from tests.support.built import built
from tests.support.messages import carry_messages
from tests.support.remotes import remote_over, shared_resilience
from tests.support.sign_in import sandbox_home

MOBILE = "9800000001"
GRAPH = built()
PARAMS = {
    "number": "UKAS20261234567890",
    "appeal": "UKAP20261234567890",
    "on": "2026-12-05",
    "at": "2026-12-05T05:30:00+00:00",
}


@pytest.fixture
def world(sqlite_peopled: World) -> World:
    return sqlite_peopled


@pytest.fixture
async def sandbox(world: World, tmp_path):
    """The providers, at which Asha's telephone is one; it is day."""
    home = sandbox_home(tmp_path, "sms", world.clock)
    made = create_sandbox(home)
    remote = remote_over(made.app, Source.SMS, "http://sms.test", clock=world.clock)
    settings = SmsSettings.from_onboarding(json.loads(home.onboarding.read_text()))
    rules = replace(world.env.rules, message_texts=message_texts(state_folder()))
    sms = SmsGateway(settings, remote, remote)
    world.env = replace(world.env, rules=rules, partners=replace(world.env.partners, sms=sms))
    world.clock.set(datetime(2026, 11, 24, 11, tzinfo=IST))
    async with world.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [world.asha.person_id or ""])).values()
        await people.update_citizen(tx, replace(asha, mobile=MOBILE, language=Language.HI))
    yield made
    made.close()


def values_of(world: World) -> MessageValues:
    nobody: Any = None
    return MessageValues(Runtime(world.env, shared_resilience(world.clock), Switchboard(), nobody), GRAPH)


async def told(world: World, kind: NoticeKind) -> None:
    about = About(Topic.APPLICATION, "A", world.asha.person_id or "", None, "1")
    async with world.env.store.write_transaction() as tx:
        await messages.choose(tx, world.asha.person_id or "", MessageSettings((MessageChannel.SMS,)))
        await tell(UnitOfWork(world.env, tx, SYSTEM), kind, about, **PARAMS)


async def kept(world: World) -> list[Message]:
    async with world.env.store.read_transaction() as tx:
        return [messages.MESSAGES.read(tx, row) for row in (await tx.connection.execute(messages_table.select())).all()]


@pytest.mark.parametrize("kind", [each for each in NoticeKind if each is not NoticeKind.TEST_MESSAGE])
async def test_every_kind_of_notice_reaches_the_telephone_in_hindi(world, sandbox, kind):
    await told(world, kind)
    await carry_messages(world.env, values_of(world).read)

    [text] = sandbox.actions["texts"]({"mobile": MOBILE})["texts"]
    assert text.startswith("अपुणी सरकार: ")
    assert "{" not in text
    assert [each.state for each in await kept(world)] == [MessageState.SENT]


async def test_a_text_is_filled_as_its_reader_would_see_it(world, sandbox):
    await told(world, NoticeKind.PAYMENT_CREDITED)
    await carry_messages(world.env, values_of(world).read)

    [text] = sandbox.actions["texts"]({"mobile": MOBILE})["texts"]
    assert text == ("अपुणी सरकार: लाभ UKAS 20261 234567890 में 05-12-2026 से शुरू अवधि का भुगतान आपके खाते में जमा हुआ।")


async def test_a_message_whose_reader_may_not_see_the_notice_says_nothing(world, sandbox):
    await told(world, NoticeKind.DELIVERED)
    await carry_messages(world.env, _of_another(world))

    assert sandbox.actions["texts"]({"mobile": MOBILE})["texts"] == []
    assert [(each.state, each.reason) for each in await kept(world)] == [(MessageState.NOT_SENT, "NO_TEXT")]


def _of_another(world: World):
    reader = values_of(world)

    async def read(message: Message, language: Language):
        return await reader.read(replace(message, citizen_id=world.sunil.person_id or ""), language)

    return read
