"""A store with many notices that no message carries yet, and an environment that sends them by SMS over sockets."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from actions.identity.code_sending import Addressee, make_code, send_code
from actions.kernel import Environment, UnitOfWork
from domain.feedback.notices import Notice, NoticeKind, Topic
from domain.identity.assisting import CodeKind
from domain.kernel import SYSTEM, Bilingual, Citizen, Language, NumberKind, Source, SystemIds, make_number
from integrations.sms import SmsGateway, SmsSettings
from sandbox.city.clock import SandboxClock
from states.message_texts import message_texts
from states.packages import state_folder
from store.database import FieldCipher, Keyrings, Store, Transaction
from store.feedback import notices
from store.identity import people
from store.identity.sent_codes import codes_table
from tests.support.catalogued import bare_environment
from tests.support.remotes import remote_over_socket, shared_resilience

MORNING = datetime(2026, 11, 25, 5, 30, tzinfo=UTC)
"""11:00 in India, outside of everybody's quiet hours; the clock of a run goes on from there."""
NEWS, URGENT = NoticeKind.PAYMENT_CREDITED, NoticeKind.PAYMENT_RETURNED
_PAGE = 1_000


def clock_of(folder: Path) -> SandboxClock:
    """The clock of the run, the same in each of its processes."""
    kept = folder / "clock.json"
    if not kept.exists():
        kept.write_text(json.dumps((MORNING - datetime.now(UTC)).total_seconds()))
    return SandboxClock(timedelta(seconds=float(json.loads(kept.read_text()))))


@asynccontextmanager
async def open_environment(folder: Path, url: str, *, sends: bool = True) -> AsyncIterator[Environment]:
    """The environment of a worker; with `sends` the providers are connected over sockets."""
    clock = clock_of(folder)
    keyrings = Keyrings(folder / "keys")
    keyrings.init()
    async with AsyncExitStack() as stack:
        store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
        stack.push_async_callback(store.close)
        env = await stack.enter_async_context(bare_environment(store, keyrings, clock, folder, SystemIds(clock)))
        rules = replace(env.rules, message_texts=message_texts(state_folder()))
        if sends:
            given = json.loads((folder / "onboarding" / "sms.json").read_text())
            remote = remote_over_socket(Source.SMS, given["base_url"], shared_resilience(clock))
            gateway = SmsGateway(SmsSettings.from_onboarding({**given, "nic": None}), remote)
            env = replace(env, partners=replace(env.partners, sms=gateway))
        yield replace(env, rules=rules)


async def fill(env: Environment, many: int, tell: Callable[[int], None]) -> None:
    """So many citizens, each with a telephone and a payment that was credited."""
    for first in range(0, many, _PAGE):
        numbers = range(first, min(first + _PAGE, many))
        await env.store.carry_out(lambda tx, numbers=numbers: _add(env, tx, numbers))  # type: ignore[misc]
        tell(numbers[-1] + 1)


async def tell_urgently(env: Environment, number: int) -> None:
    """Tell one of them of a payment that came back, while all else still waits."""
    citizen_id = f"c-{number:07d}"
    await env.store.carry_out(lambda tx: notices.add_many(tx, [_notice(env, URGENT, citizen_id, number)]))


async def send_a_code(env: Environment) -> None:
    """Send somebody a one-time code, as the outbox does."""
    to = Addressee("9100000001", Language.HI, None)
    async with env.store.write_transaction() as tx:
        await make_code(UnitOfWork(env, tx, SYSTEM), CodeKind.ASSISTANCE, "bench", to, path=("input",))
        code = (await tx.connection.execute(codes_table.select())).one()
    await send_code(env, {"code_id": code.id})


async def _add(env: Environment, tx: Transaction, numbers: range) -> None:
    for number in numbers:
        await people.add_citizen(tx, _citizen(env, number))
    await notices.add_many(tx, [_notice(env, NEWS, f"c-{number:07d}", number) for number in numbers])


def _citizen(env: Environment, number: int) -> Citizen:
    return Citizen(
        id=f"c-{number:07d}",
        name=Bilingual("सीता देवी", "Sita Devi"),
        born_on=date(1950, 3, 14),
        gender="F",
        mobile=f"91{number:08d}",
        district="49",
        tehsil="304",
        language=Language.HI,
        created_at=env.clock.now(),
    )


def _notice(env: Environment, kind: NoticeKind, citizen_id: str, number: int) -> Notice:
    payment = make_number(NumberKind.PAYMENT, 2026, f"{number:010d}")
    return Notice(
        id=env.ids.key(),
        citizen_id=citizen_id,
        kind=kind,
        topic=Topic.BENEFIT,
        topic_id=citizen_id,
        application_id=None,
        event_key=f"{kind.value}:{number}",
        created_at=env.clock.now(),
        params={"number": payment, "on": "2026-11-01"},
    )
