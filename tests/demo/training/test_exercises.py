"""Every exercise is played to full marks by the graph's own mutations, and the usual mistakes are told."""

from dataclasses import replace

import pytest

from actions.training import progress_of
from domain.doorstep import OPEN, SlotWindow, Visit
from domain.training import Attempt
from store import doorstep, training
from tests.support.plans import statements_of
from tests.support.training import TRAINER, TrainingHome
from tests.support.training_plays import BADLY, WELL, WHO

pytestmark = [pytest.mark.integration]


def test_every_exercise_is_played():
    assert list(WELL) == list(TRAINER.exercises)


@pytest.mark.parametrize("key", list(WELL))
async def test_an_exercise_that_is_done_well_gets_full_marks(home: TrainingHome, key: str):
    who = WHO.get(key, "tehsildar")
    number = await home.start(who, key)

    await WELL[key](home, number)

    state, marks = await home.marks(who, key)
    assert (state, [mark for mark in marks if mark[0] != "MET"]) == ("MET", [])


@pytest.mark.parametrize("key", list(WELL))
async def test_nothing_is_marked_before_the_learner_did_anything(home: TrainingHome, key: str):
    who = WHO.get(key, "tehsildar")

    await home.start(who, key)

    state, marks = await home.marks(who, key)
    assert (state, set(marks)) == ("OPEN", {("OPEN", None)})


@pytest.mark.parametrize("mistake", list(BADLY))
async def test_a_usual_mistake_is_told(home: TrainingHome, mistake: str):
    key, play, told = BADLY[mistake]
    who = WHO.get(key, "tehsildar")
    number = await home.start(who, key)

    await play(home, number)

    state, marks = await home.marks(who, key)
    assert state == "MISSED"
    assert ("MISSED", told) in marks


async def open_visits(home: TrainingHome) -> list[Visit]:
    """Those that wait for the agent."""
    async with home.env.store.read_transaction() as tx:
        return await doorstep.page_of_agent(tx, "agent", OPEN, limit=20)


async def test_a_doorstep_exercise_that_is_begun_again_and_again_keeps_one_visit(home: TrainingHome):
    for _ in range(home.env.rules.care.doorstep_visits_per_slot + 1):
        await home.start("agent", "doorstep")

    assert len(await open_visits(home)) == 1


async def test_a_doorstep_exercise_whose_first_slot_is_full_takes_the_next_one(home: TrainingHome):
    await home.start("agent", "doorstep")
    (visit,) = await open_visits(home)
    await home.start("tehsildar", "scrutiny")
    async with home.env.store.write_transaction() as tx:
        (other,) = (await training.open_of(tx, "tehsildar")).values()
        for sequence in range(home.env.rules.care.doorstep_visits_per_slot):
            copy = replace(visit, id=f"visit-{sequence}", application_id=other.case_id or "", sequence=sequence)
            await doorstep.add(tx, copy)

    await home.start("agent", "doorstep")

    assert {one.slot for one in await open_visits(home)} == {visit.slot, replace(visit.slot, window=SlotWindow.MIDDAY)}


async def test_the_progress_of_more_attempts_takes_no_more_statements(home: TrainingHome):
    async def begin_every_exercise() -> list[Attempt]:
        found = []
        for key in WELL:
            await home.start(WHO.get(key, "tehsildar"), key)
        async with home.env.store.read_transaction() as tx:
            for learner in ("tehsildar", *WHO.values()):
                found += (await training.open_of(tx, learner)).values()
        return found

    first = await begin_every_exercise()
    with statements_of(home.env.store) as once:
        await progress_of(home.env, first)
    second = await begin_every_exercise()
    with statements_of(home.env.store) as twice:
        progress = await progress_of(home.env, [*first, *second])

    assert len(progress) == 2 * len(WELL)
    assert len(twice) == len(once)
