"""A developer's page: she registers an app, sees its key and its requests, versions in use and errors by operation."""

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import html

from domain.kernel import Bilingual, Officer, PersonKind, Posting, Role, Subject, ist_date
from domain.platform.registered_apps import AppRequest
from store.identity import people
from store.platform import registered_apps
from tests.gateway.pages.conftest import PEOPLE, Browse
from tests.gateway.pages.test_powers import post
from tests.support.databases import NOW
from tests.support.graph import World
from tests.support.pages import browser_of, pages_app

PAGE = "/developer"
KEY = "01930000-0000-7000-8000-0000000000dd"
POST = Posting(Role.DEVELOPER)
SURESH = Subject(frozenset({Role.DEVELOPER}), PersonKind.OFFICER, KEY, (POST,))
MEENA = replace(SURESH, person_id="01930000-0000-7000-8000-0000000000de")
NEW = {"name": "My app", "clientId": "my_app", "redirects.0": "https://app.example/in"}


@pytest.fixture
async def staging(world: World) -> World:
    """An installation for tests, with a developer among the officers."""
    name = Bilingual("सुरेश", "Suresh")
    await world.environment.store.carry_out(
        lambda tx: people.add_officer(tx, Officer(KEY, name, name, "dev@officer.example", (POST,)))
    )
    rules = replace(world.environment.rules, takes_sandboxes=True)
    object.__setattr__(world.environment, "rules", rules)
    return world


@pytest.fixture
def browse(world: World, edge) -> Browse:
    known = {**PEOPLE, "suresh": SURESH, "meena": MEENA}
    app = pages_app(world.graph, world.environment, known, monitor=world.monitor, edge=edge)
    return lambda *who, **more: browser_of(app, *who, **more)


async def register(browse: Browse, **changed: str):
    async with browse("suresh") as browser:
        return await post(browser, PAGE, "RegisterDeveloperApp", **(NEW | changed))


@pytest.mark.parametrize(("language", "title"), [("hi", "डेवलपरों के लिए"), ("en", "For developers")])
async def test_it_opens_for_a_developer_in_both_languages(staging, browse: Browse, language, title):
    async with browse("suresh", language) as browser:
        page = await browser.get(PAGE)

    assert page.status_code == 200
    assert html.fromstring(page.text).cssselect("h1")[0].text == title


@pytest.mark.parametrize("person", ["asha", "anita"])
async def test_it_is_there_for_nobody_else(staging, browse: Browse, person):
    async with browse(person) as browser:
        assert (await browser.get(PAGE)).status_code in (403, 404)


async def test_who_is_not_signed_in_is_led_to_sign_in(staging, browse: Browse):
    async with browse() as browser:
        page = await browser.get(PAGE)

    assert page.headers["location"].startswith("/sign-in")


async def test_the_key_of_a_registered_app_is_shown_for_an_hour(staging, browse: Browse, store_clock):
    done = await register(browse)
    async with browse("suresh") as browser:
        first = await browser.get(PAGE)
        store_clock.advance(timedelta(minutes=61))
        later = await browser.get(PAGE)

    (app,) = await staging.environment.store.read(registered_apps.all_apps)
    assert done.status_code == 303
    assert app.key in first.text
    assert app.key not in later.text


async def test_an_address_that_may_not_be_registered_is_told_at_its_field(staging, browse: Browse):
    page = await register(browse, **{"redirects.0": "http://app.example/in"})

    (field,) = html.fromstring(page.text).cssselect("[aria-invalid=true]")
    assert (page.status_code, field.get("name")) == (422, "input.redirects.0")


async def test_in_production_there_is_no_form_and_it_says_who_registers_apps(world, staging, browse: Browse):
    rules = replace(world.environment.rules, takes_sandboxes=False)
    object.__setattr__(world.environment, "rules", rules)
    async with browse("suresh") as browser:
        page = await browser.get(PAGE)

    assert "RegisterDeveloperApp" not in page.text
    assert "the operator of the portal registers them" in page.text


async def test_an_app_gets_a_new_key_and_is_ended(staging, browse: Browse):
    await register(browse)
    (app,) = await staging.environment.store.read(registered_apps.all_apps)
    async with browse("suresh") as browser:
        for step in ("NEW_KEY", "END"):
            await post(browser, PAGE, "ChangeDeveloperApp", appId=app.id, step=step)

    (changed,) = await staging.environment.store.read(registered_apps.all_apps)
    assert changed.key != app.key
    assert changed.ended_at is not None


@pytest.fixture
async def asked(staging, browse: Browse) -> str:
    """The id of one of two requests of Suresh's app."""
    await register(browse)
    (app,) = await staging.environment.store.read(registered_apps.all_apps)
    requests = [
        AppRequest(name, app.id, f"request-{name}", NOW, f"Operation{name}", "1.2.0", 200, 12, ("NOT_FOUND",))
        for name in ("One", "Two")
    ]
    await staging.environment.store.carry_out(lambda tx: registered_apps.log_requests(tx, requests))
    return "request-One"


async def test_a_request_of_her_app_is_found_by_its_id(asked: str, browse: Browse):
    async with browse("suresh") as browser:
        page = await browser.get(f"{PAGE}?requestId={asked}")

    cells = [one.text_content() for one in html.fromstring(page.text).cssselect("section tbody td")]
    assert (cells[0], *cells[2:]) == (asked, "OperationOne", "1.2.0", "200", "12", "NOT_FOUND")
    assert len(cells) == 7


async def test_a_developer_sees_no_request_of_the_app_of_another(asked: str, browse: Browse):
    async with browse("meena") as browser:
        page = await browser.get(f"{PAGE}?requestId={asked}")

    assert page.status_code == 200
    assert "OperationOne" not in page.text


async def test_errors_stand_by_day_app_operation_and_code_for_seven_days(staging, browse: Browse):
    day = ist_date(NOW)
    counted = {
        ("citizen_app", "Home", "SOURCE_UNAVAILABLE", day): 3,
        ("citizen_app", "Old", "CONFLICT", day - timedelta(days=7)): 1,
    }
    await staging.environment.store.carry_out(lambda tx: registered_apps.add_errors(tx, counted))
    await staging.environment.store.carry_out(lambda tx: registered_apps.add_errors(tx, counted))
    async with browse("suresh") as browser:
        page = html.fromstring((await browser.get(PAGE)).text)

    rows = [[cell.text_content() for cell in row] for row in page.cssselect("main > table:last-of-type tbody tr")]
    assert [row[1:] for row in rows] == [["citizen_app", "Home", "SOURCE_UNAVAILABLE", "6"]]
