"""A provider of SMS that is silent for an hour delays no code by more than the fail-over to the second one."""

import json
from datetime import timedelta

import httpx
import pytest

from actions.identity.code_sending import Addressee, make_code, send_code
from actions.kernel import UnitOfWork
from domain.identity.assisting import CodeKind
from domain.kernel import SYSTEM, Language, ManualClock, Source
from integrations.sms import SmsGateway, SmsSettings
from integrations.sms.client import MSDP_CODE
from sandbox.sms.server import create_sandbox
from store.identity import sent_codes
from store.identity.sent_codes import codes_table
from tests.support.actions import World
from tests.support.phones import with_phones
from tests.support.remotes import remote_over
from tests.support.sign_in import sandbox_home

SOME_SECONDS = timedelta(seconds=5)


class Silent(httpx.AsyncBaseTransport):
    """A provider that never answers: each request costs the time that is waited for it."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        self._clock.advance(timedelta(seconds=MSDP_CODE.attempt))
        raise httpx.ReadTimeout("silent", request=request)


@pytest.fixture
def sandbox(tmp_path, world: World):
    made = create_sandbox(sandbox_home(tmp_path, "sms", world.clock))
    yield made
    made.close()


async def sent(world: World, number: int) -> str:
    """Make a code for a telephone and send it; its digits."""
    to = Addressee(f"98000000{number:02}", Language.EN, None)
    async with world.env.store.write_transaction() as tx:
        await make_code(UnitOfWork(world.env, tx, SYSTEM), CodeKind.ASSISTANCE, f"a{number}", to, path=("input",))
        rows = (await tx.connection.execute(codes_table.select().where(codes_table.c.about == f"a{number}"))).all()
        code = await sent_codes.get(tx, rows[0].id)
    assert code is not None
    await send_code(world.env, {"code_id": code.id})
    return code.content["code"]


async def test_codes_of_an_hour_of_silence_come_once_each_by_the_second_provider(world: World, sandbox, tmp_path):
    silent = Silent(world.clock)
    given = json.loads(sandbox_home(tmp_path, "sms", world.clock).onboarding.read_text())
    msdp = remote_over(silent, Source.SMS, clock=world.clock)
    nic = remote_over(sandbox.app, Source.SMS, "http://sms.test", clock=world.clock)
    world.env = with_phones(world.env, SmsGateway(SmsSettings.from_onboarding(given), msdp, nic))

    for number in range(10, 70):
        begun = world.clock.now()
        digits = await sent(world, number)
        assert world.clock.now() - begun <= SOME_SECONDS
        texts = (await sandbox.act("texts", {"mobile": f"98000000{number:02}"}))["texts"]
        assert [digits in text for text in texts] == [True]
        world.clock.advance(timedelta(minutes=1))

    assert 0 < silent.asked < 60
