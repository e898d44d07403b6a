"""`apuni officer import|confirm|batches`: what they do, what they say, and how they end."""

import csv

import pytest
import typer

from actions.officers.batches import ConfirmBatch, confirm_batch
from domain.kernel import CommandFailed
from gateway.commands.officer import confirm_proposed, import_officers, list_batches
from store.identity import people
from store.officers import batches
from tests.support.graph import Down, environment
from tests.support.graph_catalogue import enter_catalogue
from tests.support.staffing import ADMIN, enter_administrators

HEAD = "change,email,name_en,designation_en,role,level,department,district,tehsil\n"
ANITA = "JOIN,anita@uk.gov.example,Anita,Tehsildar,OFFICER,DESIGNATED,revenue-department,49,304\n"
LOST = "JOIN,bina@uk.gov.example,Bina,Tehsildar,OFFICER,DESIGNATED,,,\n"


@pytest.fixture
async def env(sqlite_store, store_keyrings, store_clock, tmp_path):
    """An environment with a catalogue and two administrators."""
    env = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())
    async with env.store.write_transaction() as tx:
        await enter_catalogue(tx)
    await enter_administrators(env, "admin", "second-admin")
    return env


@pytest.fixture
def file_of(tmp_path):
    def write(*rows: str):
        file = tmp_path / "officers.csv"
        file.write_text(HEAD + "".join(rows), encoding="utf-8")
        return file

    return write


async def test_a_file_is_proposed_confirmed_and_goes_on_to_its_end_when_it_is_given_again(env, file_of, capsys):
    await import_officers(env, file_of(ANITA))
    line = capsys.readouterr().out
    batch_id = line.split()[2]
    assert line == f"apuni: batch {batch_id} of 1 rows is proposed; another administrator confirms it\n"

    await confirm_batch(env, ADMIN, ConfirmBatch(batch_id, confirm=True, idempotency_key="k"))
    await import_officers(env, file_of(ANITA))
    assert capsys.readouterr().out == f"apuni: batch {batch_id} is done: 1 rows carried out, 0 left\n"

    await list_batches(env)
    assert capsys.readouterr().out.splitlines()[-1] == "apuni: 1 batches"


async def test_rows_that_are_left_out_end_with_status_2_and_are_named_in_both_languages_in_the_file(
    env, file_of, tmp_path
):
    told = tmp_path / "rejects.csv"

    with pytest.raises(typer.Exit) as ended:
        await import_officers(env, file_of(ANITA, LOST), rejects=told)

    assert ended.value.exit_code == 2
    (row,) = csv.DictReader(told.read_text("utf-8").splitlines())
    assert (row["row"], row["email"], row["cell"], row["rule"]) == (
        "3",
        "bina@uk.gov.example",
        "department",
        "NO_JURISDICTION",
    )
    assert row["en"].startswith("The post has no jurisdiction.")
    assert row["hi"].startswith("पद का कोई क्षेत्राधिकार नहीं है।")


async def test_a_file_for_rejects_that_cannot_be_written_is_told_before_anything_is_proposed(env, file_of, tmp_path):
    with pytest.raises(CommandFailed, match="cannot be written"):
        await import_officers(env, file_of(ANITA, LOST), rejects=tmp_path / "nowhere" / "rejects.csv")

    async with env.store.read_transaction() as tx:
        assert await batches.in_states().count(tx) == 0


async def test_a_file_without_a_right_row_fails(env, file_of):
    with pytest.raises(CommandFailed, match="no row could be taken"):
        await import_officers(env, file_of(LOST))


async def test_a_dry_run_says_how_many_rows_are_right(env, file_of, capsys):
    await import_officers(env, file_of(ANITA), dry_run=True)

    assert capsys.readouterr().out == "apuni: 1 rows are right, 0 are not; nothing is written\n"


async def test_a_batch_of_the_host_is_not_confirmed_on_the_host(env, file_of, capsys):
    await import_officers(env, file_of(ANITA))
    batch_id = capsys.readouterr().out.split()[2]

    with pytest.raises(CommandFailed, match="batchId"):
        await confirm_proposed(env, batch_id)


async def test_undoing_says_what_it_kept(env, file_of, capsys):
    await import_officers(env, file_of(ANITA))
    batch_id = capsys.readouterr().out.split()[2]
    await confirm_batch(env, ADMIN, ConfirmBatch(batch_id, confirm=True, idempotency_key="k"))

    await import_officers(env, undo=batch_id)

    assert capsys.readouterr().out == f"apuni: batch {batch_id} is undone; 0 rows are kept\n"
    async with env.store.read_transaction() as tx:
        assert await people.officer_by_email(tx, "anita@uk.gov.example") is None
