"""What a mutation says of a hand-in whose outside effect waits: QUEUED till when, DELIVERED once it is there."""

from datetime import timedelta

import pytest

from domain.kernel import ErrorCode, Language, Source, TypeCode
from domain.platform.switches import Switch, Switchboard, SwitchKind, SwitchState
from integrations.calling.errors import Unavailable
from integrations.calling.monitor import SourceMonitor
from schema.kernel import Context, node_id
from store.platform import outbox
from tests.support.graph import CITIZEN, LOCKER_URI, OFFICER
from tests.support.operations import operation
from tests.support.stored import outbox_listing

SUBMIT = operation("citizen_app/submit_application")
DECIDE = operation("officer_app/decide")


async def submission(world, document, subject, given, *, monitor=None, switches=None):
    context = Context(
        "request-1",
        subject,
        Language.EN,
        world.environment,
        monitor or world.monitor,
        switches=switches or Switchboard(),
    )
    answer = await world.run(document, context, {"input": given})
    assert answer["errors"] == []
    [payload] = answer["data"].values()
    assert payload["userErrors"] == []
    return payload["submission"]


@pytest.fixture
async def verdict(world):
    application = await world.submit("ES90")
    given = {"verdict": "APPROVE", "idempotencyKey": "v-1"}
    return given | {"applicationId": node_id(TypeCode.APPLICATION, application.id)}


async def test_documents_whose_locker_is_away_are_queued_and_then_delivered(world):
    given = {"serviceCode": "ES09", "district": "49", "tehsil": "304", "form": [{"name": "purpose", "value": "school"}]}
    given |= {"documents": [{"key": "id-proof", "uri": LOCKER_URI}], "idempotencyKey": "k-1"}
    world.down.errors[Source.DIGILOCKER] = Unavailable(Source.DIGILOCKER, "down")

    queued = await submission(world, SUBMIT, CITIZEN, given)
    async with world.environment.store.write_transaction() as tx:
        [message] = await outbox_listing(tx, outbox.OutboxState.PENDING, 9)
        await outbox.mark_delivered(tx, message.id, world.environment.clock.now())
    delivered = await submission(world, SUBMIT, CITIZEN, given)

    assert (queued["state"], queued["replayed"]) == ("QUEUED", False)
    assert queued["acknowledgement"] is not None
    assert queued["expectedBy"] is not None
    assert (delivered["state"], delivered["replayed"], delivered["expectedBy"]) == ("DELIVERED", True, None)
    assert delivered["acknowledgement"] == queued["acknowledgement"]


async def test_documents_that_were_seen_in_the_locker_are_accepted_and_not_queued_while_they_are_fetched(world):
    given = {"serviceCode": "ES09", "district": "49", "tehsil": "304", "form": [{"name": "purpose", "value": "school"}]}
    given |= {"documents": [{"key": "id-proof", "uri": LOCKER_URI}], "idempotencyKey": "k-1"}

    told = await submission(world, SUBMIT, CITIZEN, given)

    async with world.environment.store.read_transaction() as tx:
        assert len(await outbox_listing(tx, outbox.OutboxState.PENDING, 9)) == 1
    assert (told["state"], told["expectedBy"]) == ("ACCEPTED", None)


async def test_a_payment_order_is_accepted_while_finance_is_well(world, verdict):
    assert (await submission(world, DECIDE, OFFICER, verdict))["state"] == "ACCEPTED"


async def test_a_payment_order_is_queued_where_finance_did_not_answer_when_last_asked(world, verdict):
    monitor = SourceMonitor([Source.DBT_FINANCE])
    monitor.record_failure(Source.DBT_FINANCE, "dbt_finance.PIS", world.environment.clock.now(), 3.0, 7200.0)

    told = await submission(world, DECIDE, OFFICER, verdict, monitor=monitor)

    assert told["state"] == "QUEUED"
    assert told["expectedBy"].startswith("2026-")


@pytest.mark.parametrize(("minutes", "known"), [(90, True), (None, False)])
async def test_a_payment_order_is_queued_where_a_switch_holds_finance_back(world, verdict, minutes, known):
    now = world.environment.clock.now()
    until = None if minutes is None else now + timedelta(minutes=minutes)
    switch = Switch(SwitchKind.SYSTEM, "DBT_FINANCE", SwitchState.READ_ONLY, "r", "CLI:root", now, until)

    told = await submission(world, DECIDE, OFFICER, verdict, switches=Switchboard([switch]))

    assert (told["state"], told["expectedBy"] is not None) == ("QUEUED", known)


async def test_what_was_refused_says_rejected_and_nothing_more(world):
    context = world.context(CITIZEN)
    given = {"serviceCode": "ES01", "district": "49", "idempotencyKey": "k-2"}

    answer = (await world.run(SUBMIT, context, {"input": given}))["data"]["submitApplication"]

    assert answer["submission"] == {"state": "REJECTED", "acknowledgement": None, "replayed": False, "expectedBy": None}
    assert ErrorCode.SERVICE_CLOSED.value in {error["code"] for error in answer["userErrors"]}
