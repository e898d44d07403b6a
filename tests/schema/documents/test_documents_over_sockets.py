"""Many callers, a withdrawal under way, two citizens in turn: her documents over real sockets."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from actions.uploads.uploads import take_in
from domain.kernel import Subject, TypeCode
from schema.kernel import node_id
from store.identity import identities
from tests.schema.documents.test_documents import ADD, GRANT, our_own
from tests.support.bounds import rounds
from tests.support.graph import ASHA, CITIZEN, NEIGHBOUR, RAVI
from tests.support.held import LOCKERS, Held
from tests.support.served import Gate
from tests.support.turns import Caller, Turns, turns

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
    async with store.read_transaction() as tx:
        old = await identities.locker_grant(tx, ASHA)
    wired.clock.advance(timedelta(minutes=59, seconds=30))
    before = sent(wired, "/1/token")

    answers = await asyncio.gather(*(wired.mine(LIST) for _ in range(CALLERS)))

    assert {len(answer["documents"]["nodes"]) for answer in answers} == {3}
    assert sent(wired, "/1/token") == before + 1
    async with store.read_transaction() as tx:
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
    large = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n" + b"% " + b"x" * 300_000 + b"\ntrailer\n<<>>\n%%EOF\n"
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


@dataclass(frozen=True)
class Pair:
    """Two citizens in turn, and the words that are of one of them alone."""

    door: Turns
    words: dict[str, tuple[str, ...]]

    def caller(self, own: str) -> Caller:
        return next(one for one in self.door.callers if one.subject.person_id == own)

    def refuse_foreign(self, own: str, told: Any) -> None:
        """Nothing of the other one is in what was told."""
        text = json.dumps(told)
        assert not any(word in text for word in self.words[other_than(own)])

    def judge(self, own: str, answer: dict[str, Any]) -> None:
        assert "data" in answer, answer
        data = answer["data"]
        self.refuse_foreign(own, data | {"other": None})
        assert self.words[own][0] in json.dumps(data)
        assert data["other"] is None
        assert data["both"][1] is None

    async def turn(self, number: int) -> None:
        """One by the connections that both share, or on the socket on which she follows."""
        own = (ASHA, RAVI)[number % 2]
        if number % 10 < 8:
            self.judge(own, await self.door.ask(self.caller(own), ALTERNATED, self.asked(own)))
        else:
            self.judge(own, await self.caller(own).ask(f"turn-{number}", ALTERNATED, self.asked(own)))

    async def change(self, own: str) -> None:
        """A stream of one is opened, and something happens to both: each is told of her own."""
        before = {each: len(self.caller(each).told) for each in self.words}
        self.refuse_foreign(own, await self.door.follow_once(self.caller(own)))
        await asyncio.gather(*(self.caller(each).hear_of_change(before[each]) for each in self.words))

    async def look_around(self) -> None:
        """Their lockers; and a request that asks for both at once, which is refused."""
        for own in self.words:
            self.refuse_foreign(own, await self.door.ask(self.caller(own), LOCKER, {}))
            batch = [{"query": ALTERNATED, "variables": self.asked(each)} for each in self.words]
            refused = await self.door.ask_at_once(self.caller(own), batch)
            assert (refused.status_code, "data" in refused.text) == (400, False)

    @staticmethod
    def asked(own: str) -> dict[str, Any]:
        return {"mine": node_id(TypeCode.CITIZEN, own), "other": node_id(TypeCode.CITIZEN, other_than(own))}


def other_than(own: str) -> str:
    return RAVI if own == ASHA else ASHA


async def words_of(held: Held, subject: Subject, *more: str) -> tuple[str, ...]:
    """What is of one citizen alone, with her applications."""
    mine = await held.mine("id applications(first: 9) { nodes { id number } }", subject)
    cases = [value for case in mine["applications"]["nodes"] for value in case.values()]
    assert cases
    return (*more, mine["id"], *cases)


async def test_a_thousand_turns_show_neither_citizen_anything_of_the_other(wired: Held):
    """Over real sockets: shared connections, sockets with subscriptions, streams that come and go, batches."""
    await our_own(wired)
    await wired.world.submit("ES03", NEIGHBOUR, key="his")
    given = {
        "publisher": "edistrictuk",
        "doctype": "INCER",
        "parameters": [{"name": "ApplicationNo", "value": "UK1"}, {"name": "CertificateID", "value": "INCER07"}],
        "idempotencyKey": "add",
    }
    await wired.ask(ADD, input=given)
    await wired.ask(GRANT, input={"purpose": "DEPARTMENT_DOCUMENTS", "idempotencyKey": "yes"})
    words = {
        ASHA: await words_of(wired, CITIZEN, "SSCER", "ROR1B", "INCER", LOCKERS["asha-negi"], "Asha"),
        RAVI: await words_of(wired, NEIGHBOUR, "PANCR", LOCKERS["ravi-rawat"], "Ravi"),
    }
    async with turns(wired.world, CITIZEN, NEIGHBOUR) as door:
        pair = Pair(door, words)
        for start in range(0, ALTERNATIONS, 10):
            if start % (ALTERNATIONS // 4) == 0:
                wired.clock.advance(timedelta(minutes=6))  # what was kept is too old, so both are asked for anew
            await asyncio.gather(*(pair.turn(start + each) for each in range(10)))
            await pair.change((ASHA, RAVI)[start // 10 % 2])
            if start % (ALTERNATIONS // 10) == 0:
                await pair.look_around()
        for own in words:
            assert len(pair.caller(own).told) >= ALTERNATIONS // 10
            pair.refuse_foreign(own, pair.caller(own).told)
