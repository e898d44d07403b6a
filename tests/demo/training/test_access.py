"""Who may begin, see and reset what of training; nothing of it is there without a trainer, as in production."""

from dataclasses import replace

import pytest

from actions.training import ResetTraining, StartExercise, attempts_for, lessons_of, reset_training, start_exercise
from domain.kernel import Posting, Problems, Role, Subject
from store import training
from store.applications import applications
from store.database import audit
from tests.support.actions import World
from tests.support.training import HINT, MINE, PROGRESS, RESET, START, TrainingHome, officer, operator
from tests.support.training_plays import WELL

pytestmark = [pytest.mark.integration]


async def attempt_of(home: TrainingHome, who: str, key: str) -> str:
    """The id of the open attempt, which is begun where there is none."""
    begun = await home.change(who, START, exercise=key)
    found: str = begun["attempt"]["id"]
    return found


async def refused(home: TrainingHome, who: str, document: str, **given: object) -> list[str]:
    """The codes by which a mutation is refused."""
    data = await home.ask(who, document, input={**given, "idempotencyKey": "refused"})
    (payload,) = data.values()
    return [error["code"] for error in payload["userErrors"]]


@pytest.mark.parametrize(
    ("who", "keys"),
    [
        ("tehsildar", ["scrutiny", "query", "field_report", "decision", "second_approval"]),
        ("sdm", ["appeal"]),
        ("finance", ["returned_payment"]),
        ("agent", ["doorstep"]),
        ("principal", ["roster"]),
        ("head", []),
    ],
)
async def test_a_learner_sees_the_exercises_for_her_posts(home: TrainingHome, who: str, keys: list[str]):
    mine = (await home.ask(who, MINE))["trainingExercises"]

    assert [one["key"] for one in mine] == keys


async def test_an_exercise_for_another_post_is_not_there(home: TrainingHome):
    assert await refused(home, "sdm", START, exercise="query") == ["NOT_FOUND"]


async def test_hints_are_shown_one_after_another_and_no_more_than_there_are(home: TrainingHome):
    attempt = await attempt_of(home, "tehsildar", "scrutiny")

    shown = [(await home.change("tehsildar", HINT, attemptId=attempt))["attempt"]["hints"] for _ in range(3)]

    scrutiny = next(one for one in (await home.ask("tehsildar", MINE))["trainingExercises"] if one["key"] == "scrutiny")
    assert shown == [1, 2, 2]
    assert (len(scrutiny["hints"]), scrutiny["hintsLeft"]) == (2, 0)


async def test_nobody_asks_for_a_hint_of_another_s_attempt(home: TrainingHome):
    attempt = await attempt_of(home, "tehsildar", "scrutiny")

    assert await refused(home, "sdm", HINT, attemptId=attempt) == ["NOT_FOUND"]


async def test_an_exercise_that_is_begun_again_has_a_fresh_case(home: TrainingHome):
    first = await home.start("tehsildar", "scrutiny")
    await WELL["scrutiny"](home, first)

    second = await home.start("tehsildar", "scrutiny")

    assert second != first
    assert (await home.marks("tehsildar", "scrutiny"))[0] == "OPEN"


async def test_the_case_of_an_attempt_that_was_reset_stays_and_the_audit_calls_it_training(home: TrainingHome):
    attempt = await attempt_of(home, "tehsildar", "scrutiny")

    await home.change("tehsildar", RESET, attemptId=attempt)

    async with home.env.store.read_transaction() as tx:
        kept = await training.get(tx, attempt)
        assert kept is not None
        assert kept.ended_at is not None
        assert await applications.get(tx, kept.case_id or "") is not None
        assert await audit.was_done(tx, "TRAINING", attempt, "training.start")
        assert await audit.was_done(tx, "TRAINING", attempt, "training.reset")


async def test_the_case_is_the_learner_s_though_another_officer_has_the_same_post(home: TrainingHome):
    await home.start("tehsildar", "scrutiny")

    async with home.env.store.read_transaction() as tx:
        (attempt,) = (await training.open_of(tx, "tehsildar")).values()
        case = await applications.get(tx, attempt.case_id or "")
    assert case is not None
    assert case.officer_id == "tehsildar"


@pytest.mark.parametrize("who", ["head", "administrator"])
async def test_those_above_see_the_progress_of_learners_in_their_places(home: TrainingHome, who: str):
    await home.start("tehsildar", "scrutiny")

    seen = (await home.ask(who, PROGRESS))["trainingProgress"]["nodes"]

    assert [(one["learner"], one["title"][:2], one["state"]) for one in seen] == [("tehsildar", "जा", "OPEN")]


async def test_a_learner_sees_no_progress_of_others(home: TrainingHome):
    answer = await home.client.post(
        "/graphql", json={"query": PROGRESS}, headers={"Authorization": f"Bearer {home.tokens['tehsildar']}"}
    )

    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["NOT_FOUND"]


async def test_a_head_resets_all_of_a_learner(home: TrainingHome):
    await home.start("tehsildar", "query")
    attempt = await attempt_of(home, "tehsildar", "scrutiny")

    await home.change("head", RESET, attemptId=attempt, everything=True)

    mine = (await home.ask("tehsildar", MINE))["trainingExercises"]
    assert [one["attempt"] for one in mine] == [None] * 5


async def test_a_head_who_resets_all_of_a_learner_leaves_the_attempts_of_another_department(home: TrainingHome):
    attempt = await attempt_of(home, "tehsildar", "scrutiny")
    async with home.env.store.write_transaction() as tx:
        kept = await training.get(tx, attempt)
        assert kept is not None
        other = replace(kept, id="other", exercise="returned_payment", department="social-welfare-development")
        await training.add(tx, other)

    await home.change("head", RESET, attemptId=attempt, everything=True)

    async with home.env.store.read_transaction() as tx:
        assert set(await training.open_of(tx, "tehsildar")) == {"returned_payment"}


async def test_an_attempt_that_was_reset_shows_no_more_hints(home: TrainingHome):
    attempt = await attempt_of(home, "tehsildar", "scrutiny")
    await home.change("tehsildar", RESET, attemptId=attempt)

    assert await refused(home, "tehsildar", HINT, attemptId=attempt) == ["STEP_NOT_ALLOWED"]


async def test_a_head_of_another_department_resets_nothing(home: TrainingHome):
    attempt = await attempt_of(home, "tehsildar", "scrutiny")
    posting = Posting(Role.DEPARTMENT_ADMIN, "social-welfare-development")
    stranger = replace(officer("head"), person_id="stranger", postings=(posting,))

    with pytest.raises(Problems, match="NOT_FOUND"):
        await reset_training(home.env, stranger, ResetTraining(attempt, "key"))


@pytest.mark.parametrize("learner", [officer("tehsildar"), operator("agent")])
async def test_without_a_trainer_everything_is_refused_by_a_code(sqlite_peopled: World, learner: Subject):
    env = sqlite_peopled.env

    with pytest.raises(Problems, match="NO_TRAINING"):
        await start_exercise(env, learner, StartExercise("scrutiny", "key"))
    with pytest.raises(Problems, match="NO_TRAINING"):
        await lessons_of(env, learner)
    with pytest.raises(Problems, match="NO_TRAINING"):
        attempts_for(env, officer("administrator"))
