"""The pages of training: a learner begins, asks for a hint and sees her marks; a head sees progress and resets."""

from dataclasses import replace

import httpx
import pytest
from lxml import html
from starlette.applications import Starlette

from tests.support.actions import World
from tests.support.pages import browser_of, pages_app
from tests.support.training import TRAINER, enter_learners, officer, operator


@pytest.fixture
async def app(sqlite_peopled: World, graph) -> Starlette:
    """The pages of a training home."""
    env = replace(sqlite_peopled.env, trainer=lambda: TRAINER)
    await enter_learners(env)
    people = {name: officer(name) for name in ("tehsildar", "head", "finance")} | {"agent": operator("agent")}
    return pages_app(graph, env, people)


async def post(browser: httpx.AsyncClient, path: str, form: str, **typed: str) -> httpx.Response:
    """Send the first form of that name on a page, and follow it."""
    page = html.fromstring((await browser.get(path)).text)
    (found, *_) = [one for one in page.forms if one.fields.get("_form") == form]
    return await browser.post(path, data={**dict(found.fields), **typed}, follow_redirects=True)


@pytest.mark.parametrize(("person", "title"), [("tehsildar", "Query: a wrong paper"), ("agent", "Doorstep")])
async def test_a_learner_reads_situation_and_task_of_each_exercise(app: Starlette, person: str, title: str):
    async with browser_of(app, person) as browser:
        page = await browser.get("/training")

    assert page.status_code == 200
    assert title in page.text
    assert "Your task:" in page.text


async def test_a_learner_begins_an_exercise_and_is_led_to_its_case(app: Starlette):
    async with browser_of(app, "tehsildar") as browser:
        page = await post(browser, "/training", "StartTrainingExercise")

    assert page.status_code == 200
    assert "The exercise has begun." in page.text
    (case,) = html.fromstring(page.text).cssselect('main a[href^="/desk/cases/"]')
    assert case.text == "Open the case"


async def test_a_hint_is_shown_on_demand(app: Starlette):
    hint = "look at the answers of the form and at each paper"
    async with browser_of(app, "tehsildar") as browser:
        begun = await post(browser, "/training", "StartTrainingExercise")
        shown = await post(browser, "/training", "ShowTrainingHint")

    assert hint not in begun.text
    assert hint in shown.text


async def test_a_head_sees_the_progress_of_her_offices_and_resets(app: Starlette):
    async with browser_of(app, "tehsildar") as learner, browser_of(app, "head") as browser:
        await post(learner, "/training", "StartTrainingExercise")
        seen = await browser.get("/training/progress")
        done = await post(browser, "/training/progress", "ResetLearner", **{"input.everything": "true"})

    assert "Scrutiny: an income certificate" in seen.text
    assert "0 / 3" in seen.text
    assert "Nobody in your offices has begun an exercise." in done.text


async def test_the_pages_say_everything_in_hindi(app: Starlette):
    async with browser_of(app, "tehsildar", "hi") as browser:
        page = await post(browser, "/training", "StartTrainingExercise")

    assert "आपका कार्य:" in page.text
    assert "Your task" not in page.text


async def test_an_installation_that_is_not_for_training_says_so(sqlite_peopled: World, graph):
    await enter_learners(sqlite_peopled.env)
    app = pages_app(graph, sqlite_peopled.env, {"tehsildar": officer("tehsildar")})

    async with browser_of(app, "tehsildar") as browser:
        page = await browser.get("/training")

    assert page.status_code == 400
    assert "This installation is not for training." in page.text
