"""`apuni training start|progress|reset`: what they do and what they say."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from actions.kernel import Environment
from actions.training import StartExercise, start_exercise
from demo.training.commands import progress, reset, start
from domain.kernel import CommandFailed, Role
from store import training
from store.catalogue import centres
from store.identity import people
from tests.support.catalogued import Filled, a_copy
from tests.support.graph import Down, environment
from tests.support.training import TRAINER, enter_learners, officer


@pytest.fixture
async def env(catalogue_alone: Filled, store_keyrings, store_clock, tmp_path) -> AsyncIterator[Environment]:
    """A store with the catalogue and nobody."""
    async with a_copy(catalogue_alone, store_keyrings, store_clock, tmp_path) as made:
        yield replace(made, trainer=lambda: TRAINER)


async def test_start_enters_the_people_of_the_sandboxes_but_no_administrator(env: Environment, capsys):
    await start(env)

    said = capsys.readouterr().out
    async with env.store.read_transaction() as tx:
        anita = await people.officer_by_email(tx, "officer-dehradun-sadar@officer.example")
        admin = await people.officer_by_email(tx, "admin-1@officer.example")
        keeper = await centres.operator_by_email(tx, "principal-1@school.example")
    assert anita is not None
    assert {posting.role for posting in anita.postings} == {Role.OFFICER}
    assert admin is None
    assert keeper is not None
    assert "scrutiny: Scrutiny: an income certificate" in said


async def test_start_may_be_run_again(env: Environment, capsys):
    await start(env)
    capsys.readouterr()

    await start(env)

    assert "apuni: 0 officers of the sandboxes were entered" in capsys.readouterr().out


async def test_start_needs_a_catalogue(sqlite_store, store_keyrings, store_clock, tmp_path):
    bare = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())

    with pytest.raises(CommandFailed, match="there is no catalogue yet; run `apuni catalogue import`"):
        await start(bare)


async def test_progress_lists_attempts_and_reset_ends_those_of_one_exercise(env: Environment, capsys):
    await enter_learners(env)
    for key in ("scrutiny", "query"):
        await start_exercise(env, officer("tehsildar"), StartExercise(key, key))

    await progress(env, None)
    listed = capsys.readouterr().out.splitlines()
    await reset(env, "query", None)

    assert [line.partition(" ")[2] for line in sorted(listed)] == [
        "tehsildar: scrutiny OPEN 0/3",
        "tehsildar: query OPEN 0/3",
    ]
    assert capsys.readouterr().out == "apuni: 1 attempts have ended\n"
    async with env.store.read_transaction() as tx:
        assert set(await training.open_of(tx, "tehsildar")) == {"scrutiny"}
