"""kill -9 of the worker while it carries a message or a code: no message comes twice, a code at most once more."""

import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actions.feedback.notices import About, tell
from actions.feedback.whatsapp_consents import note_consent
from actions.identity.code_sending import Addressee, make_code, send_code
from actions.kernel import UnitOfWork
from domain.feedback.messages import MessageState
from domain.feedback.notices import NoticeKind, Topic
from domain.feedback.whatsapp import ConsentSource
from domain.identity.assisting import CodeKind
from domain.identity.push_devices import PushDevice, PushPlatform
from domain.kernel import IST, SYSTEM, Assurance, Language, PersonKind, Provider
from integrations.sms import Sms, Taken
from store.database import Transaction, crash_points
from store.feedback.messages import messages_table
from store.feedback.notices import notices_table
from store.identity import people, push_devices, sessions
from store.identity.sent_codes import codes_table
from tests.support.actions import World
from tests.support.databases import run_apart
from tests.support.messages import carry_messages
from tests.support.phones import Phones, with_phones
from tests.support.prepared import apart

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

MESSAGE_POINTS = [
    crash_points.MESSAGE_CLAIMED,
    crash_points.MESSAGE_BEGUN,
    crash_points.MESSAGE_SENT,
    crash_points.MESSAGE_NOTED,
]
CODE_POINTS = [crash_points.CODE_GIVEN]
VALUES = {"number": "UKAS 12345 67890"}


class KeptPhones(Phones):
    """Telephones that outlive the process: a line of a file for each text."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._book = folder / "texts"

    async def send_by(self, provider: str, sms: Sms) -> Taken:
        with self._book.open("a", encoding="utf-8") as book:
            book.write(sms.text + "\n")
            book.flush()
            os.fsync(book.fileno())
        return Taken(provider, "id")

    def texts(self) -> list[str]:
        """What came."""
        return self._book.read_text(encoding="utf-8").splitlines() if self._book.exists() else []


class KeptProvider:
    """WhatsApp, a mail server, or FCM, that outlives the process: a line of a file for each message that it took."""

    per_second, at_once = 15.0, 1

    def __init__(self, folder: Path) -> None:
        self._book = folder / "taken"

    async def send(self, *given: object) -> str:
        with self._book.open("a", encoding="utf-8") as book:
            book.write(f"{len(given)}\n")
            book.flush()
            os.fsync(book.fileno())
        return "id"

    def texts(self) -> list[str]:
        """What was taken."""
        return self._book.read_text(encoding="utf-8").splitlines() if self._book.exists() else []


def connected(world: World, channel: str, folder: Path) -> KeptPhones | KeptProvider:
    """The provider of a channel, which alone is connected."""
    phones = KeptPhones(folder)
    world.env = with_phones(world.env, phones)
    if channel == "sms":
        return phones
    provider: Any = KeptProvider(folder)
    world.env = replace(world.env, partners=replace(world.env.partners, sms=None, **{channel: provider}))
    return provider


async def _values(*_: object) -> dict[str, str]:
    return VALUES


async def _message(world: World) -> None:
    world.clock.set(world.clock.now().astimezone(IST).replace(hour=11))
    about = About(Topic.APPLICATION, "A", world.asha.person_id or "", None, "1")
    async with world.env.store.write_transaction() as tx:
        [asha] = (await people.citizens(tx, [world.asha.person_id or ""])).values()
        asha = replace(asha, mobile="9800000001", confirmed_email="asha@citizen.example")
        await people.update_citizen(tx, asha)
        sure = replace(world.asha, assurance=Assurance.SUBSTANTIAL)
        await note_consent(UnitOfWork(world.env, tx, sure), asha, ConsentSource.PORTAL, given=True)
        await _register_device(world, tx, asha.id)
        await tx.connection.execute(notices_table.update().values(to_send=None))  # of what was told before
        await tell(UnitOfWork(world.env, tx, SYSTEM), NoticeKind.DELIVERED, about, number="UKAS1234567890")
    await carry_messages(world.env, _values)


async def _register_device(world: World, tx: Transaction, citizen_id: str) -> None:
    now, until = world.clock.now(), world.clock.now() + timedelta(days=9)
    if await sessions.session(tx, "session") is None:
        given = (PersonKind.CITIZEN, citizen_id, Provider.MERI_PEHCHAAN, "SUBSTANTIAL", None, now, until)
        await sessions.add_session(tx, sessions.Session("session", *given))
    told = (PushPlatform.ANDROID, "app", Language.HI, "token", now, now)
    await push_devices.register(tx, PushDevice("device", citizen_id, "session", *told))


async def _code(world: World) -> None:
    async with world.env.store.write_transaction() as tx:
        known = (await tx.connection.execute(codes_table.select())).first()
        if known is None:
            to = Addressee("9800000001", Language.EN, None)
            await make_code(UnitOfWork(world.env, tx, SYSTEM), CodeKind.ASSISTANCE, "a", to, path=("input",))
            known = (await tx.connection.execute(codes_table.select())).first()
    assert known is not None
    await send_code(world.env, {"code_id": known.id})


WORK = {"message": _message, "code": _code}


async def dies(tell_parent, made, url, folder, keyrings, kind, point, channel="sms") -> None:
    async with made.opened(url, folder, keyrings) as world:
        connected(world, channel, folder)
        tell_parent("opened")
        crash_points.arm(point)
        await WORK[kind](world)
        tell_parent("survived")


async def comes_back(made, url, folder, keyrings, kind, channel="sms") -> list[str]:
    async with made.opened(url, folder, keyrings) as world:
        provider = connected(world, channel, folder)
        await WORK[kind](world)
        world.clock.advance(timedelta(minutes=2))  # the claim of the worker that died is over
        await WORK[kind](world)
        async with world.env.store.read_transaction() as tx:
            rows = (await tx.connection.execute(messages_table.select())).all()
        assert {row.state for row in rows} <= {MessageState.SENDING, MessageState.SENT}
        return provider.texts()


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "email", "push"])
@pytest.mark.parametrize("point", MESSAGE_POINTS)
def test_a_message_comes_at_most_once_however_the_worker_dies(bench, url, tmp_path, store_keyrings, point, channel):
    code, told = apart(dies, bench.made, url, tmp_path, store_keyrings, "message", point, channel)
    texts = run_apart(comes_back, bench.made, url, tmp_path, store_keyrings, "message", channel)

    assert (code, told) == (-signal.SIGKILL, ["opened"])
    assert len(texts) == (0 if point == crash_points.MESSAGE_BEGUN else 1)


@pytest.mark.parametrize("point", CODE_POINTS)
def test_a_code_comes_at_most_once_more_and_with_the_same_digits(bench, url, tmp_path, store_keyrings, point):
    code, told = apart(dies, bench.made, url, tmp_path, store_keyrings, "code", point)
    texts = run_apart(comes_back, bench.made, url, tmp_path, store_keyrings, "code")

    assert (code, told) == (-signal.SIGKILL, ["opened"])
    assert len(texts) == 2
    assert len(set(texts)) == 1
