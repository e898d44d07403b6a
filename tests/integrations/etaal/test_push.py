"""The push of counts: our client against e-Taal's receiver, which was written from the contract by itself."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import ManualClock, Source
from integrations.calling.errors import Garbled, NotLetIn, Refused, Unavailable
from integrations.etaal import Batch, EtaalPush, EtaalPushSettings, RejectedRow, ServiceCount
from integrations.etaal import wire_push as wire
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import Sandbox, SandboxHome
from sandbox.etaal.server import create_sandbox
from tests.integrations.etaal.conftest import NOON, TODAY
from tests.support.remotes import remote_over

DAY = TODAY - timedelta(days=1)
ROWS = (
    ServiceCount("UK0517", "53", "A", "SELF", 300),
    ServiceCount("UK0517", "53", "A", "ASSISTED", 42),
    ServiceCount("UK0517", "54", "A", "SELF", 118),
)
BATCH = Batch(DAY, 3, ROWS)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def receiver(tmp_path: Path, clock: ManualClock) -> Sandbox:
    home = SandboxHome(
        system="etaal",
        folder=tmp_path / "sandbox",
        onboarding=tmp_path / "etaal.json",
        clock=SandboxClock(base=clock),
        demo={},
        gateway_url="http://gateway.test",
        public_url="http://etaal.test/etaal",
    )
    return create_sandbox(home)


@pytest.fixture
def given(tmp_path: Path, receiver: Sandbox) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((tmp_path / "etaal.json").read_text())
    return read


@pytest.fixture
def client(receiver: Sandbox, given: dict[str, Any], clock: ManualClock) -> EtaalPush:
    settings = EtaalPushSettings.from_onboarding(given)
    assert settings is not None
    return EtaalPush(remote_over(receiver.app, Source.E_TAAL, clock=clock), settings)


async def stored(receiver: Sandbox) -> dict[str, Any]:
    return await receiver.act("pushed", {"date": DAY.isoformat()})


async def test_a_day_is_stored_with_its_districts_adding_up_to_the_state(client: EtaalPush, receiver: Sandbox):
    receipt = await client.push(BATCH)
    assert (receipt.received, receipt.rejected) == (3, ())
    kept = await stored(receiver)
    assert (kept["revision"], kept["total"], kept["districts"]) == (3, 460, {"53": 342, "54": 118})
    assert sum(kept["districts"].values()) == sum(kept["categories"].values()) == kept["total"]


async def test_the_same_batch_again_gets_the_first_receipt(client: EtaalPush, receiver: Sandbox):
    assert await client.push(BATCH) == await client.push(BATCH)
    effects = [entry["effect"] for entry in receiver.ledger.entries(0) if entry["key"]]
    assert effects == ["stored", "same answer again"]


async def test_an_answer_that_was_lost_after_the_work_is_made_up_for(client: EtaalPush, receiver: Sandbox):
    await receiver.act("lose_answers", {"number": 1})
    receipt = await client.push(BATCH)
    assert receipt.received == 3
    assert (await stored(receiver))["batchId"] == receipt.batch_id
    effects = [entry["effect"] for entry in receiver.ledger.entries(0) if entry["key"]]
    assert effects == ["stored", "same answer again"]


async def test_a_token_that_ended_is_renewed_once(client: EtaalPush, receiver: Sandbox, clock: ManualClock):
    await client.push(BATCH)
    await receiver.act("end_tokens", {})
    assert (await client.push(replace(BATCH, revision=4))).received == 3
    clock.advance(timedelta(hours=1))
    assert (await client.push(replace(BATCH, revision=5))).received == 3


async def test_a_later_revision_takes_the_place_and_an_earlier_one_is_refused(client: EtaalPush, receiver: Sandbox):
    await client.push(BATCH)
    await client.push(Batch(DAY, 7, ROWS[:1]))
    assert (await stored(receiver))["total"] == 300
    with pytest.raises(Refused) as refused:
        await client.push(Batch(DAY, 5, ROWS))
    assert refused.value.code == wire.OLD_REVISION
    with pytest.raises(Refused) as other:
        await client.push(Batch(DAY, 7, ROWS))
    assert other.value.code == wire.OLD_REVISION


async def test_a_row_that_e_taal_does_not_know_is_told_and_the_others_are_kept(client: EtaalPush, receiver: Sandbox):
    rows = (ServiceCount("LOCAL-ES09", "53", "A", "SELF", 5), ServiceCount("UK0517", "99", "A", "SELF", 1), *ROWS)
    receipt = await client.push(Batch(DAY, 3, rows))
    assert (receipt.received, receipt.rejected) == (3, (RejectedRow(0, "E10"), RejectedRow(1, "E11")))
    assert (await stored(receiver))["total"] == 460


async def test_a_day_in_the_future_is_refused_with_its_code(client: EtaalPush):
    with pytest.raises(Refused) as refused:
        await client.push(Batch(TODAY + timedelta(days=1), 1, ROWS))
    assert refused.value.code == "E02"


async def test_a_day_without_rows_is_told_too(client: EtaalPush, receiver: Sandbox):
    await client.push(BATCH)
    assert (await client.push(Batch(DAY, 4, ()))).received == 0
    assert (await stored(receiver))["total"] == 0


async def test_a_full_receiver_is_asked_again_later(client: EtaalPush, receiver: Sandbox):
    await receiver.act("be_full", {"number": 1})
    with pytest.raises(Unavailable) as full:
        await client.push(BATCH)
    assert full.value.retry_after == 60
    assert (await client.push(BATCH)).received == 3


@pytest.mark.parametrize("wrong", ["client_secret", "signing_secret"])
async def test_a_wrong_secret_of_ours_is_told_as_such(
    receiver: Sandbox, given: dict[str, Any], clock: ManualClock, wrong: str
):
    settings = EtaalPushSettings.from_onboarding(given | {"push": given["push"] | {wrong: "wrong"}})
    assert settings is not None
    with pytest.raises(NotLetIn):
        await EtaalPush(remote_over(receiver.app, Source.E_TAAL, clock=clock), settings).push(BATCH)
    assert (await stored(receiver))["revision"] is None


def sent(answer: Any) -> Starlette:
    """A receiver that gives this answer to every batch."""

    async def token(_: Request) -> Response:
        return JSONResponse({"token": "t", "expiresIn": 1800})

    async def transactions(_: Request) -> Response:
        return JSONResponse(answer)

    return Starlette(
        routes=[
            Route("/api/token", token, methods=["POST"]),
            Route("/api/v1/transactions", transactions, methods=["POST"]),
        ]
    )


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"status": "ACCEPTED"},
        {"status": "ACCEPTED", "batchId": 1, "received": 3, "rejected": []},
        {"status": "ACCEPTED", "batchId": "B", "received": "3", "rejected": []},
        {"status": "ACCEPTED", "batchId": "B", "received": 3, "rejected": [{}]},
        {"status": "ACCEPTED", "batchId": "B", "received": 2, "rejected": []},
        {"status": "LATER", "batchId": "B", "received": 3, "rejected": []},
    ],
)
async def test_an_answer_that_is_no_receipt_of_this_batch_is_none(
    given: dict[str, Any], clock: ManualClock, answer: Any
):
    settings = EtaalPushSettings.from_onboarding(given)
    assert settings is not None
    with pytest.raises(Garbled):
        await EtaalPush(remote_over(sent(answer), Source.E_TAAL, clock=clock), settings).push(BATCH)


def test_the_body_and_key_are_those_of_the_contract():
    settings = EtaalPushSettings("UKAPSK", "id", "secret", "signing", date(2026, 11, 1))
    body = wire.body_of(Batch(DAY, 2, ROWS[:1]), settings)
    assert body == (
        b'{"projectCode":"UKAPSK","stateCode":"5","fromDate":"2026-11-22","toDate":"2026-11-22","level":"DISTRICT",'
        b'"revision":2,"rows":[{"serviceCode":"UK0517","date":"2026-11-22","locationCode":"53","category":"A",'
        b'"channel":"SELF","count":300}],"total":300}'
    )
    headers = wire.headers_of(Batch(DAY, 2, ROWS[:1]), settings, body, "t")
    assert headers["X-Idempotency-Key"] == "UKAPSK:2026-11-22:2"
    assert headers["X-Signature"] == "6de744bff4663947bc9070f5d6f7397a150965a674f1f19e413171af7119d88d"


def test_enrolment_for_the_pull_alone_has_no_push(given: dict[str, Any]):
    assert EtaalPushSettings.from_onboarding({"project_code": "UKAPSK"}) is None
    with pytest.raises(ValueError, match="ten"):
        EtaalPushSettings.from_onboarding(given | {"project_code": "MUCH-TOO-LONG"})
    assert "secret" not in repr(EtaalPushSettings("UKAPSK", "id", "secret", "secret", date(2026, 11, 1)))
