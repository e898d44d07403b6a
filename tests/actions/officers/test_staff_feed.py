"""Changes of officers that the state's HR system sends: signed, taken once, confirmed by another or carried out."""

import asyncio
from dataclasses import replace

import pytest

from actions.kernel import UnitOfWork
from actions.officers.batches import ConfirmBatch, apply_batch, change_state, confirm_batch, propose
from actions.officers.staff_feed import HR
from domain.kernel import Posting, Role, ist_date
from domain.officers.changes import BatchState, RowState
from domain.officers.desk import DeskRules
from store.identity import people
from store.officers import batches
from tests.support.graph import Down, environment
from tests.support.graph_catalogue import enter_catalogue
from tests.support.hr import NEXT_POST, POST, an_hr_system, joiner
from tests.support.staffing import ADMIN, enter_administrators
from tests.support.stored import audit_lines_of


@pytest.fixture
async def env(store, store_keyrings, store_clock, tmp_path):
    """An environment with a catalogue and two administrators."""
    env = environment(store, store_keyrings, store_clock, tmp_path / "objects", Down())
    async with env.store.write_transaction() as tx:
        await enter_catalogue(tx)
    await enter_administrators(env, "admin", "second-admin")
    return env


@pytest.fixture
def hr(env, tmp_path):
    with an_hr_system(env, tmp_path) as system:
        yield system


@pytest.fixture
def hr_at_once(env, tmp_path):
    rules = replace(env.rules, desk=DeskRules(hr_at_once=True))
    with an_hr_system(replace(env, rules=rules), tmp_path) as system:
        yield system


async def is_registered(env, name):
    async with env.store.read_transaction() as tx:
        return await people.officer_by_email(tx, f"{name}@uk.gov.example") is not None


async def batches_of(env):
    async with env.store.read_transaction() as tx:
        return await batches.in_states().page(tx, limit=10)


async def test_a_message_waits_as_a_batch_which_one_administrator_confirms(env, hr):
    told = await hr.send(joiner("anita"), message_id="HR-1")

    (batch,) = await batches_of(env)
    answer = {"messageId": "HR-1", "batch": batch.id, "state": "WAITING", "rows": 1}
    assert (told["status"], told["answer"]) == (200, answer)
    assert (batch.source, batch.recorded_by) == ("HR HR-1", "HR:FEED")
    assert not await is_registered(env, "anita")

    await confirm_batch(env, ADMIN, ConfirmBatch(batch.id, confirm=True, idempotency_key="k"))
    assert await is_registered(env, "anita")


async def test_a_message_is_audited_as_the_hr_systems(env, hr):
    told = await hr.send(joiner("anita"))

    async with env.store.read_transaction() as tx:
        (line,) = await audit_lines_of(tx, "STAFF_BATCH", told["answer"]["batch"])
    assert (line.actor_label, line.action) == ("HR:FEED", "staff.batch_proposed")


async def test_a_message_is_carried_out_at_once_where_the_installation_says_so(env, hr_at_once):
    told = await hr_at_once.send(joiner("anita"))

    assert told["answer"]["state"] == BatchState.DONE
    assert await is_registered(env, "anita")


async def test_a_message_that_is_carried_out_at_once_is_carried_out_whole(env, hr_at_once):
    named = [joiner("anita"), {"change": "RETIRE", "email": "anita@uk.gov.example"}, joiner("bina")]

    told = await hr_at_once.send(*named)

    assert told["answer"]["state"] == BatchState.DONE
    assert await is_registered(env, "bina")


async def cut_off(env, *rows, number="HR-1"):
    """A batch of the HR system that is confirmed and of which nothing is carried out yet."""
    async with env.store.write_transaction() as tx:
        acting = UnitOfWork(env, tx, HR)
        batch = (await propose(acting, rows, f"HR {number}", key=number)).batch
        said = {"confirmed_by": HR.label, "confirmed_at": env.clock.now()}
        await change_state(tx, batch.id, BatchState.CONFIRMED, BatchState.WAITING, **said)
    return batch


async def test_a_later_message_is_carried_out_after_an_older_one_that_was_cut_off(env, hr_at_once):
    older = await cut_off(env, joiner("anita"))

    told = await hr_at_once.send({"change": "RETIRE", "email": "anita@uk.gov.example"})

    assert (told["status"], told["answer"].get("state")) == (200, BatchState.DONE)
    async with env.store.read_transaction() as tx:
        assert (await batches.get(tx, older.id)).state is BatchState.DONE
        assert (await people.officer_by_email(tx, "anita@uk.gov.example")).postings == ()


@pytest.mark.parametrize("column", ["email", "successor", "cover"])
async def test_a_row_about_an_officer_who_is_watched_by_the_time_it_is_carried_out_is_left(env, hr_at_once, column):
    for name in ("anita", "bina"):
        await hr_at_once.send(joiner(name))
    who = {"email": "bina@uk.gov.example", column: "anita@uk.gov.example"}
    batch = await cut_off(env, {"change": "RETIRE", **who})
    async with env.store.write_transaction() as tx:
        anita = await people.officer_by_email(tx, "anita@uk.gov.example")
        await people.update_officer(tx, replace(anita, postings=(Posting(Role.AUDITOR),)))

    await apply_batch(env, batch.id)

    async with env.store.read_transaction() as tx:
        (row,) = await batches.rows_in(tx, batch.id, None, 10)
    assert (row.state, row.reason) == (RowState.LEFT, "SECOND_OFFICER_NEEDED")


async def test_rows_that_could_not_be_carried_out_are_told_by_number_and_reason(env, hr_at_once):
    await hr_at_once.send(joiner("anita"))
    first = {"from_on": f"{ist_date(env.clock.now())}", "until_on": f"{ist_date(env.clock.now())}"}
    leave = {"change": "LEAVE", "email": "anita@uk.gov.example", **first}

    told = await hr_at_once.send(joiner("bina"), leave, {**leave, "cover": "bina@uk.gov.example"}, message_id="HR-2")

    answer = told["answer"]
    assert (answer["state"], answer["left"]) == ("DONE", [{"row": 3, "rule": "LEAVE_OVERLAPS"}])
    assert (await hr_at_once.act("redeliver", message_id="HR-2"))["answer"] == answer


@pytest.mark.parametrize(
    "row",
    [
        joiner("anita", role="AUDITOR", level="", department="", district=""),
        {"change": "RETIRE", "email": "admin@admin.example"},
        {"change": "ADDRESS", "email": "admin@admin.example", "new_email": "mine@admin.example"},
    ],
    ids=lambda row: row["change"],
)
async def test_a_change_about_whoever_is_watched_always_waits_for_an_administrator(hr_at_once, row):
    told = await hr_at_once.send(row)

    assert told["answer"]["state"] == BatchState.WAITING


async def test_the_same_message_again_gets_its_batch_as_it_now_is_and_makes_no_other(env, hr):
    first = await hr.send(joiner("anita"), message_id="HR-1")
    await confirm_batch(env, ADMIN, ConfirmBatch(first["answer"]["batch"], confirm=True, idempotency_key="k"))
    await apply_batch(env, first["answer"]["batch"])

    again = await hr.act("redeliver", message_id="HR-1")

    assert again["answer"] == {**first["answer"], "state": "DONE"}
    assert len(await batches_of(env)) == 1


async def test_the_same_message_many_times_at_once_makes_one_batch(env, hr):
    told = await asyncio.gather(*(hr.send(joiner("anita"), message_id="HR-1") for _ in range(5)))

    assert {one["answer"]["batch"] for one in told} == {(await batches_of(env))[0].id}


async def test_the_id_of_another_message_is_refused(env, hr):
    await hr.send(joiner("anita"), message_id="HR-1")

    told = await hr.send(joiner("bina"), message_id="HR-1")

    assert (told["status"], told["answer"]) == (409, {"code": "IDEMPOTENCY_KEY_REUSED"})
    assert len(await batches_of(env)) == 1


async def test_a_wrong_row_is_refused_with_its_number_and_remedy_and_the_right_ones_with_it(env, hr):
    told = await hr.send(joiner("anita"), joiner("bina", district="99"))

    assert (told["status"], told["answer"]["code"]) == (422, "ROWS_REFUSED")
    (row,) = told["answer"]["rows"]
    assert (row["row"], row["cell"], row["rule"]) == (2, "district", "NOT_KNOWN")
    assert row["en"].startswith("There is no such thing in the catalogue.")
    assert row["hi"].startswith("सूची में ऐसा कुछ नहीं है।")
    assert await batches_of(env) == []


async def test_a_column_that_there_is_not_is_refused_rather_than_left_out(env, hr):
    told = await hr.send(joiner("anita", tehsill="304"))

    assert [(row["cell"], row["rule"]) for row in told["answer"]["rows"]] == [("tehsill", "NO_COLUMN")]
    assert await batches_of(env) == []


async def test_a_refused_message_may_be_sent_again_corrected_under_its_id(env, hr):
    await hr.send(joiner("anita", district="99"), message_id="HR-1")

    told = await hr.send(joiner("anita"), message_id="HR-1")

    assert told["status"] == 200


async def test_without_a_second_administrator_nothing_is_taken(env, hr):
    async with env.store.write_transaction() as tx:
        await batches.remove_officers(tx, ["second-admin"])

    told = await hr.send(joiner("anita"))

    assert (told["status"], told["answer"]) == (409, {"code": "SECOND_ADMINISTRATOR_NEEDED"})


async def test_a_cell_that_is_too_long_is_refused_also_where_the_change_does_not_need_it(hr):
    told = await hr.send(joiner("anita", successor="x" * 5000))

    assert [(row["cell"], row["rule"]) for row in told["answer"]["rows"]] == [("successor", "TOO_LONG")]


async def test_the_older_secret_signs_beside_the_newer_one(hr):
    assert (await hr.send(joiner("anita"), key=1))["status"] == 200


async def test_every_wrong_call_is_refused_by_its_code_and_leaves_nothing(env, hr):
    told = await hr.act("call_bad")

    assert told["ok"], [call for call in told["calls"] if not call["ok"]]
    assert await batches_of(env) == []


async def test_a_day_of_the_hr_system_is_carried_out_each_message_once(env, hr_at_once):
    told = (await hr_at_once.act("day", post=POST, next_post=NEXT_POST))["told"]

    assert [one["status"] for one in told] == [200] * 8
    for batch in await batches_of(env):
        await apply_batch(env, batch.id)
    async with env.store.read_transaction() as tx:
        anita = await people.officer_by_email(tx, "new.anita.hr@uk.gov.example")
        bina = await people.officer_by_email(tx, "bina.hr@uk.gov.example")
    assert ([post.district for post in anita.postings], bina.postings) == (["45"], ())
    assert [batch.state for batch in await batches_of(env)] == [BatchState.DONE] * 4
