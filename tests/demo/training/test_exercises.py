"""Every exercise is played to full marks by the graph's own mutations, and the usual mistakes are told."""

import pytest

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
