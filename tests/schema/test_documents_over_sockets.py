"""Many callers, a withdrawal under way, two citizens in turn: her documents over real sockets."""

import asyncio
import contextlib
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from actions.uploads import take_in
from domain.global_ids import TypeCode
from domain.people import Subject
from schema.node import node_id
from store import identities
from tests.schema.test_documents import ADD, GRANT, our_own
from tests.support.bounds import rounds
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, RAVI
from tests.support.held import LOCKERS, Held
from tests.support.served import Gate

pytestmark = pytest.mark.integration

LIST = "documents(first: 50) { complete nodes { doctype uri origin } }"
MINE = "{ viewer { ... on Citizen { " + LIST + " } } }"
WITHDRAW = """mutation ($i: WithdrawConsentInput!) { withdrawConsent(input: $i) {
  consent { status } userErrors { code } } }"""
CALLERS, ALTERNATIONS = 50, rounds(100, ci=1000, full=1000)


def sent(held: Held, route: str) -> int:
    return sum(1 for entry in held.locker.sandbox.ledger.entries() if entry["route"].endswith(route))


async def drained(held: Held, url: str) -> tuple[int, int]:
    """How many bytes of a download came before it was cut short, and how many its head promised."""
    got = 0
    async with held.read(url) as answer:
        assert answer.status_code == 200
        with contextlib.suppress(httpx.RemoteProtocolError):
            async for piece in answer.aiter_raw():
                got += len(piece)
        return got, int(answer.headers["content-length"])


async def withdraw(held: Held) -> None:
    came = await held.ask(WITHDRAW, i={"purpose": "LOCKER_DOCUMENTS", "idempotencyKey": "stop"})
    assert came["withdrawConsent"]["consent"]["status"] == "WITHDRAWN"


async def test_fifty_callers_make_one_refresh_and_keep_its_rotated_token(wired: Held):
    store = wired.world.environment.store
    async with store.reading() as tx:
        old = await identities.locker_grant(tx, ASHA)
    wired.clock.advance(timedelta(minutes=59, seconds=30))
    before = sent(wired, "/1/token")

    answers = await asyncio.gather(*(wired.mine(LIST) for _ in range(CALLERS)))

    assert {len(answer["documents"]["nodes"]) for answer in answers} == {3}
    assert sent(wired, "/1/token") == before + 1
    async with store.reading() as tx:
        new = await identities.locker_grant(tx, ASHA)
        table = identities.locker_grants_table
        sealed = (await tx.connection.execute(select(table.c.tokens))).scalars().all()
    assert old is not None
    assert new is not None
    assert (new.access_token, new.refresh_token) != (old.access_token, old.refresh_token)
    for token in (new.access_token, new.refresh_token or "", old.access_token):
        assert all(token.encode() not in row for row in sealed)  # encrypted at rest


async def test_a_withdrawal_drops_the_list_under_way_and_what_was_kept(wired: Held, gate: Gate):
    gate.hold("/files/issued")
    asking = asyncio.create_task(wired.world.ask(MINE, CITIZEN))
    await gate.arrived.wait()
    await withdraw(wired)
    gate.opened.set()

    answer = await asking

    assert answer["data"]["viewer"]["documents"]["nodes"] == []
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "CONSENT_REQUIRED"
    asked = sent(wired, "/files/issued")
    again = await wired.world.ask(MINE, CITIZEN)
    assert again["data"]["viewer"]["documents"]["nodes"] == []
    assert sent(wired, "/files/issued") == asked
    await wired.link()
    await wired.mine(LIST)
    assert sent(wired, "/files/issued") == asked + 1  # nothing that was kept is served under the new consent


async def test_a_withdrawal_cuts_a_download_under_way(wired: Held, gate: Gate):
    mine = await wired.mine('documents(first: 9, filter: {doctypes: ["SSCER"]}) { nodes { download { url } } }')
    url = mine["documents"]["nodes"][0]["download"]["url"]
    gate.hold("/1/file/", halves=True)

    download = asyncio.create_task(drained(wired, url))
    await gate.arrived.wait()
    await withdraw(wired)
    gate.opened.set()

    got, whole = await download

    assert got < whole


async def test_a_download_comes_in_pieces_and_a_forged_one_never_whole(wired: Held):
    env = wired.world.environment
    large = b"%PDF-1.4\n" + b"% " + b"x" * 300_000 + b"\ntrailer\n<<>>\n%%EOF\n"
    reference = (await take_in(env, CITIZEN, large, "application/pdf")).reference
    put = "mutation ($i: PutIntoLockerInput!) { putIntoLocker(input: $i) { order { state } } }"
    await wired.ask(put, i={"file": reference, "path": "large.pdf", "idempotencyKey": "large"})
    folder = (await wired.mine("lockerFolder { nodes { name download { url } } }"))["lockerFolder"]["nodes"]
    url = next(each["download"]["url"] for each in folder if each["name"] == "large.pdf")

    async with wired.read(url) as answer:
        pieces = [piece async for piece in answer.aiter_raw()]
    assert len(pieces) > 1
    assert b"".join(pieces) == large

    wired.locker.fault("signature")
    got, whole = await drained(wired, url)
    assert (whole, got < len(large)) == (len(large), True)


ALTERNATED = """query ($mine: ID!, $other: ID!) {
  viewer { ... on Citizen {
    one: documents(first: 20) { nodes { uri key } }
    two: documents(first: 20, filter: {sources: [STORE]}) { nodes { uri } } } }
  other: node(id: $other) { id ... on Citizen { documents(first: 5) { nodes { uri } } } }
  both: nodes(ids: [$mine, $other]) { id } }"""
LOCKER = """{ viewer { ... on Citizen {
  lockerFolder { directory nodes { uri name } } departmentDocuments { key } lockerOrders(first: 5) { key } } } }"""


async def test_a_thousand_turns_show_neither_citizen_anything_of_the_other(wired: Held):
    await our_own(wired)
    given = {
        "publisher": "edistrictuk",
        "doctype": "INCER",
        "parameters": [{"name": "ApplicationNo", "value": "UK1"}, {"name": "CertificateID", "value": "INCER07"}],
        "idempotencyKey": "add",
    }
    await wired.ask(ADD, input=given)
    await wired.ask(GRANT, input={"purpose": "DEPARTMENT_DOCUMENTS", "idempotencyKey": "yes"})
    ids = {ASHA: node_id(TypeCode.CITIZEN, ASHA), RAVI: node_id(TypeCode.CITIZEN, RAVI)}
    people: tuple[tuple[Subject, str, str], ...] = ((CITIZEN, ASHA, RAVI), (NEIGHBOUR, RAVI, ASHA))
    hers = ("SSCER", "ROR1B", "INCER", ids[ASHA], LOCKERS["asha-negi"], "Asha")
    his = ("PANCR", ids[RAVI], LOCKERS["ravi-rawat"], "Ravi")

    async def turn(number: int) -> tuple[Subject, dict[str, Any]]:
        subject, own, foreign = people[number % 2]
        return subject, await wired.world.ask(ALTERNATED, subject, mine=ids[own], other=ids[foreign])

    for start in range(0, ALTERNATIONS, 10):
        if start % (ALTERNATIONS // 4) == 0:
            wired.clock.advance(timedelta(minutes=6))  # what was kept is too old, so both are asked for anew
        for subject, answer in await asyncio.gather(*(turn(start + each) for each in range(10))):
            data = answer["data"]
            text = json.dumps(data | {"other": None})
            foreign, own = (his, hers) if subject is CITIZEN else (hers, his)
            assert not any(word in text for word in foreign)
            assert own[0] in text
            assert data["other"] is None
            assert data["both"][1] is None
        if start % (ALTERNATIONS // 10) == 0:
            for subject, foreign in ((CITIZEN, his), (NEIGHBOUR, hers)):
                told = json.dumps(await wired.world.ask(LOCKER, subject))
                assert not any(word in told for word in foreign)
