"""A query goes from a silent push to a WhatsApp that is not there to an SMS that arrives, over real sockets.

The clock is set to the times of the fall-back. The providers are the sandboxes, each behind its own port: APNs by
HTTP/2 over TLS, WhatsApp and its signed webhook, and the SMS of C-DAC with the report that it tells when asked.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette

from actions.conversations.inbox import WhatsAppInbox, work_inbox
from actions.feedback.message_outcomes import look_after_messages
from domain.feedback.messages import CRITICAL_AFTER, MessageChannel, MessageSettings, MessageState
from domain.feedback.notices import NoticeKind
from domain.identity.push_devices import PushPlatform
from domain.kernel import Source
from integrations.calling.remote import Remote
from integrations.calling.transport import open_client
from integrations.sms import SmsGateway, SmsSettings
from integrations.whatsapp import WhatsApp, WhatsAppSettings, whatsapp_routes
from sandbox.city.kit import Sandbox
from sandbox.sms.server import create_sandbox as create_sms
from sandbox.whatsapp.server import create_sandbox as create_whatsapp
from states.message_texts import message_texts
from states.packages import state_folder
from store.feedback import messages
from tests.actions.feedback.test_push import registered
from tests.support.actions import World
from tests.support.chats import agrees, has_number
from tests.support.messages import DAY, carried, kept, told
from tests.support.push import MOBILE, PushServer, push_server
from tests.support.remotes import shared_resilience
from tests.support.served import served
from tests.support.sign_in import sandbox_home

pytestmark = pytest.mark.integration
PUSH, WHATSAPP, SMS = MessageChannel.PUSH, MessageChannel.WHATSAPP, MessageChannel.SMS
SENT, DELIVERED, FAILED = MessageState.SENT, MessageState.DELIVERED, MessageState.FAILED


@dataclass
class Telephone:
    """Asha's telephone, whose number is not on WhatsApp."""

    world: World
    push: PushServer
    whatsapp: Sandbox
    sms: Sandbox

    async def goes_on(self, by: timedelta = timedelta(0)) -> dict[MessageChannel, MessageState]:
        """So much later the providers tell what they have to, and the worker works; how the messages stand."""
        self.world.clock.advance(by)
        await self.whatsapp.act("settle", {})
        await work_inbox(self.world.env)
        await look_after_messages(self.world.env)
        await carried(self.world)
        return {one.channel: one.state for one in await kept(self.world)}

    def texts(self) -> list[str]:
        return list(self.sms.actions["texts"]({"mobile": MOBILE})["texts"])


@pytest.fixture
async def telephone(sqlite_peopled: World, tmp_path: Path) -> AsyncIterator[Telephone]:
    world, hook = sqlite_peopled, Starlette()
    world.clock.set(DAY)
    shared = shared_resilience(world.clock)
    world.env = replace(world.env, rules=replace(world.env.rules, message_texts=message_texts(state_folder())))
    async with push_server(tmp_path, world.clock) as push, served(hook) as gateway, open_client() as client:
        home = replace(sandbox_home(tmp_path, "whatsapp", world.clock), gateway_url=gateway)
        whatsapp, sms_home = create_whatsapp(home), sandbox_home(tmp_path, "sms", world.clock)
        sms = create_sms(sms_home)
        async with served(whatsapp.app) as at_meta, served(sms.app) as at_cdac:
            settings = WhatsAppSettings.from_onboarding(json.loads(home.onboarding.read_text()), times=100)
            meta = Remote(Source.WHATSAPP, at_meta, client=client, shared=shared)
            cdac = Remote(Source.SMS, at_cdac, client=client, shared=shared)
            providers = SmsGateway(SmsSettings.from_onboarding(json.loads(sms_home.onboarding.read_text())), cdac, cdac)
            number = WhatsApp(settings, meta, meta, at_meta)
            partners = replace(world.env.partners, push=push.push(), whatsapp=number, sms=providers)
            world.env = replace(world.env, partners=partners)
            hook.router.routes.extend(whatsapp_routes(WhatsAppInbox(world.env), settings, world.clock))
            await has_number(world, world.asha, MOBILE)
            await agrees(world, world.asha)
            async with world.env.store.write_transaction() as tx:
                await messages.choose(tx, world.asha.person_id or "", MessageSettings((PUSH, WHATSAPP, SMS), 0, 0))
            await registered(world, push, PushPlatform.IOS)
            await whatsapp.act("member", {"mobile": MOBILE, "on": False})
            yield Telephone(world, push, whatsapp, sms)
        whatsapp.close()
        sms.close()


async def test_a_query_goes_from_a_silent_push_by_a_whatsapp_that_is_not_there_to_an_sms_that_arrives(telephone):
    await told(telephone.world, NoticeKind.QUERY_RAISED)

    at_once = await telephone.goes_on()
    just_before = await telephone.goes_on(CRITICAL_AFTER - timedelta(seconds=1))
    after_half_an_hour = await telephone.goes_on(timedelta(seconds=1))
    await telephone.goes_on(timedelta(seconds=10))
    by_sms = await telephone.goes_on(timedelta(seconds=1))
    in_the_end = await telephone.goes_on(timedelta(minutes=15))

    assert at_once == just_before == {PUSH: SENT}
    assert after_half_an_hour.keys() == {PUSH, WHATSAPP}
    assert by_sms == {PUSH: SENT, WHATSAPP: FAILED, SMS: SENT}
    assert in_the_end == {PUSH: SENT, WHATSAPP: FAILED, SMS: DELIVERED}
    assert len(telephone.push.messages()) == 1
    assert [text.partition(":")[0] for text in telephone.texts()] == ["अपुणी सरकार"]
