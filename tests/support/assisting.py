"""An operator at a centre who is about to act for a citizen, and the codes that reach her telephone."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from actions.applications.submit import submit_application
from actions.identity.assistance import AskAssistance, ask_assistance, confirm_assistance
from actions.identity.code_sending import send_code
from actions.identity.sessions import mint_session_token, subject_for_token
from actions.uploads.uploads import take_in
from domain.applications.applications import Application, Channel
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.identity.assisting import AssistanceWay
from domain.kernel import Bilingual, PersonKind, Provider, Subject
from store.catalogue import centres
from store.identity import sessions
from store.identity.sessions import Session
from store.platform import outbox
from tests.support.actions import FREE, World, request_for
from tests.support.files import PNG
from tests.support.phones import Phones

MOBILE, BORN = "9800000001", date(1984, 3, 14)


async def signed_in(world: World) -> Subject:
    """The operator, signed in at a centre of the register."""
    operator, now = world.operator.person_id or "", world.clock.now()
    until = now + timedelta(hours=8)
    session = Session(
        world.env.ids.key(), PersonKind.OPERATOR, operator, Provider.CSC_CONNECT, "SUBSTANTIAL", None, now, until
    )
    async with world.env.store.write_transaction() as tx:
        await centres.save_centres(
            tx, [Centre("CSC-49-1", CentreKind.CSC, Bilingual(None, "CSC"), "49", None, open=True)]
        )
        await centres.bind(tx, [Binding(operator, "CSC-49-1", None)])
        await sessions.add_session(tx, session)
    return await subject_for_token(world.env, mint_session_token(world.env, session))


async def again(world: World, subject: Subject) -> Subject:
    """The same session, asked anew, as each request does."""
    async with world.env.store.read_transaction() as tx:
        session = await sessions.session(tx, subject.session_id or "")
    assert session is not None
    return await subject_for_token(world.env, mint_session_token(world.env, session))


def asking(key: str = "ask", **changes: Any) -> AskAssistance:
    """What he asks: to act for her by a code to her telephone."""
    return replace(AskAssistance(AssistanceWay.OTP, BORN, key, mobile=MOBILE, service_code=FREE), **changes)


async def delivered(world: World, phones: Phones) -> list[tuple[str, str]]:
    """What came to telephones since the last look, as number and code."""
    before = len(phones.sent)
    async with world.env.store.write_transaction() as tx:
        waiting = [one for one in await outbox.claim(tx, "test", 50, 30.0) if one.topic == "code.send"]
    for one in waiting:
        await send_code(world.env, one.payload)
        async with world.env.store.write_transaction() as tx:
            await outbox.mark_delivered(tx, one.id, world.clock.now())
    return [(mobile, "".join(filter(str.isdigit, text.split("Apuni")[0]))[:6]) for mobile, text in phones.sent[before:]]


async def by_code(world: World, phones: Phones, operator: Subject, **changes: Any) -> Subject:
    """The operator asks, she tells him the code, and he acts for her."""
    key = changes.pop("key", "ask")
    asked, _ = await ask_assistance(world.env, operator, asking(key, **changes))
    [(_, code)] = await delivered(world, phones)
    await confirm_assistance(world.env, operator, asked.id, code, f"{key}-code")
    return await again(world, operator)


async def scan(world: World, operator: Subject) -> str:
    """The reference of a scan that the operator handed in."""
    return (await take_in(world.env, operator, PNG, "image/png")).sha256


def paper_of(scanned: str, key: str = "p", **changes: Any) -> AskAssistance:
    """What he asks with a paper that she signed, on which there is no telephone."""
    changes = {"mobile": None, "name": "Asha Negi", "service_code": None} | changes
    return asking(key, way=AssistanceWay.SIGNED_PAPER, paper=scanned, **changes)


async def by_paper(world: World, operator: Subject, key: str = "p", **changes: Any) -> Subject:
    """The operator hands in a signed paper and acts for her."""
    await ask_assistance(world.env, operator, paper_of(await scan(world, operator), key, **changes))
    return await again(world, operator)


async def filed_by_paper(world: World, operator: Subject, name: str, **changes: Any) -> Application:
    """What he files at once on the paper of one who has no telephone, and whom nobody knows yet."""
    acting = await by_paper(world, operator, f"paper of {name}", name=name, **changes)
    request = request_for(FREE, channel=Channel.CSC, idempotency_key=f"file for {name}")
    return (await submit_application(world.env, acting, request))[0]
