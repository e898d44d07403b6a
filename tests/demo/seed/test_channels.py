"""What some people of the demo chose about messages, seeded by the ordinary actions with a mail server that runs."""

from dataclasses import replace

import pytest

from actions.identity.code_sending import SEND, send_code
from actions.kernel import Environment
from demo.seed.channels import seed_channels
from demo.seed.people import cast_of
from demo.seed.seed import seed_people
from domain.feedback.messages import MessageChannel
from domain.kernel import ManualClock
from store.feedback import messages
from store.identity import people
from store.platform.outbox import OutboxState
from tests.support.actions import DEMO
from tests.support.mail import mail_server
from tests.support.phones import Phones, with_phones
from tests.support.stored import outbox_listing

pytestmark = pytest.mark.integration


async def test_the_citizen_of_the_demo_is_reached_by_every_connected_channel_at_any_hour(
    catalogued: Environment, tmp_path
):
    clock = ManualClock(catalogued.clock.now())
    await seed_people(catalogued, DEMO, clock, "test")
    async with mail_server(tmp_path, clock) as server:
        env = with_phones(catalogued, Phones())
        env = replace(env, partners=replace(env.partners, email=server.mailer()))
        assert await seed_channels(env, DEMO)
        assert not await seed_channels(env, DEMO)

        async with env.store.read_transaction() as tx:
            asha = (await cast_of(tx, DEMO)).citizens["asha-negi"]
            chosen = (await messages.settings_of(tx, [asha]))[asha]
            address = (await people.citizens(tx, [asha]))[asha].confirmed_email
            waiting = await outbox_listing(tx, OutboxState.PENDING, 9)
        assert set(chosen.channels) == {MessageChannel.SMS, MessageChannel.EMAIL}
        assert chosen.wakes_at(clock.now()) is None
        assert address == "asha.negi@citizen.example"

        for each in waiting:
            assert each.topic == SEND
            await send_code(env, {"code_id": each.key})
        assert server.sandbox.ledger.entries() == []


async def test_without_a_channel_nobody_chose_anything_yet(catalogued: Environment):
    await seed_people(catalogued, DEMO, ManualClock(catalogued.clock.now()), "test")

    assert not await seed_channels(catalogued, DEMO)
