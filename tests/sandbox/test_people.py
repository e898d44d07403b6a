"""People of one's own: entered by route, page and command, they sign in, have documents and a telephone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from lxml import html
from typer.testing import CliRunner

from actions.identity.sign_in_guards import challenge_of
from sandbox.city.kit import load_demo
from sandbox.city.serving import City
from sandbox.commands.sandbox import group
from sandbox.digilocker.server import create_sandbox

pytestmark = pytest.mark.integration

DEMO = load_demo(Path(__file__).parents[2] / "demo")

MEENA = {"name_en": "Meena Bisht", "born_on": "1990-05-17", "district": "50", "documents": ["PANCR", "SSCER"]}


def city_at(home: Path) -> City:
    return City(home, DEMO, port=0, gateway_url="http://127.0.0.1:1", factories={"digilocker": create_sandbox})


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    city = city_at(tmp_path)
    await city.start()
    yield city
    await city.stop()


@pytest.fixture
async def browser(city: City) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{city.ports['sandbox']}", trust_env=False) as browser:
        yield browser


async def documents_of(browser: httpx.AsyncClient, city: City, key: str) -> list[dict[str, Any]]:
    """What the locker of a person has, after she signed in and allowed it as on the page."""
    locker = f"http://127.0.0.1:{city.ports['proxies']['digilocker']}/digilocker"
    client = city.sandboxes["digilocker"].state.get("client", "gateway") or {}
    back = "http://127.0.0.1:1/sign-in/callback/meri-pehchaan"
    asked = {"response_type": "code", "client_id": client["client_id"], "redirect_uri": back, "state": "s"}
    asked |= {"code_challenge": challenge_of("v" * 64), "code_challenge_method": "S256"}
    asked |= {"purpose": "Citizen services", "service_name": "My app"}
    page = await browser.get(f"{locker}/public/oauth2/1/authorize", params=asked)
    request = html.fromstring(page.text).xpath("//input[@name='request']/@value")[0]
    chosen = {"request": request, "person": key, "decision": "allow"}
    allowed = await browser.post(f"{locker}/public/oauth2/1/authorize", data=chosen)
    code = parse_qs(urlsplit(allowed.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": "v" * 64, "redirect_uri": back}
    form |= {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    token = (await browser.post(f"{locker}/public/oauth2/1/token", data=form)).json()["access_token"]
    listed = await browser.get(f"{locker}/public/oauth2/2/files/issued", headers={"Authorization": f"Bearer {token}"})
    items: list[dict[str, Any]] = listed.json()["items"]
    return items


async def test_who_was_entered_signs_in_and_has_the_documents_that_were_named(browser, city):
    entered = (await browser.post("/_control/people", json=MEENA)).json()

    held = await documents_of(browser, city, entered["key"])
    assert entered["key"] == "meena-bisht"
    assert sorted(one["doctype"] for one in held) == ["PANCR", "SSCER"]


async def test_her_documents_bear_numbers_of_their_own(browser):
    entered = (await browser.post("/_control/people", json=MEENA)).json()

    others = {paper["doc_id"] for one in DEMO["people"] for paper in one.get("locker_documents", ())}
    assert others.isdisjoint(paper["doc_id"] for paper in entered["locker_documents"])


async def test_she_is_there_after_a_restart_and_the_demos_people_are_as_they_were(browser, city, tmp_path):
    before = len(DEMO["people"])
    await browser.post("/_control/people", json=MEENA)
    await city.stop()
    again = city_at(tmp_path)

    assert [one["key"] for one in again.people.all][-1] == "meena-bisht"
    assert len(DEMO["people"]) == before
    await again.start()
    await again.stop()


async def test_two_of_one_name_have_a_key_and_a_mobile_each(browser):
    first = (await browser.post("/_control/people", json=MEENA)).json()
    second = (await browser.post("/_control/people", json=MEENA)).json()

    assert second["key"] == "meena-bisht-2"
    assert first["mobile"] != second["mobile"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name_en": ""}, "name_en"),
        ({"name_en": "<b>"}, "name_en"),
        ({"born_on": "17-05-1990"}, "isoformat"),
        ({"born_on": "2199-01-01"}, "born_on"),
        ({"mobile": "12345"}, "mobile"),
        ({"mobile": DEMO["people"][0]["mobile"]}, "nobody else's"),
        ({"documents": ["PASSPORT"]}, "PANCR"),
        ({"district": "Dehradun"}, "codes of places"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_reason(browser, city, changed, told):
    answer = await browser.post("/_control/people", json=MEENA | changed)

    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert len(city.people.all) == len(DEMO["people"])


async def test_the_page_has_a_form_that_leads_to_her_telephone(browser):
    page = await browser.get("/people")
    (form,) = html.fromstring(page.text).forms
    fields = dict(form.fields) | {"name_en": "Ravi Joshi", "born_on": "1985-01-02", "documents": "PANCR"}
    entered = await browser.post("/people", data={name: value for name, value in fields.items() if value})

    telephone = await browser.get(f"/{entered.headers['location']}")
    assert "Telephone of Ravi Joshi" in telephone.text


async def test_the_page_says_what_is_wrong(browser):
    page = await browser.post("/people", data={"name_en": "Ravi Joshi", "born_on": "2199-01-01"})

    assert page.status_code == 400
    assert html.fromstring(page.text).cssselect("[role=alert]")[0].text.startswith("born_on must be")


@pytest.fixture
def at_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs the command beside the city."""
    monkeypatch.setenv("APUNI_HOME", str(tmp_path))
    return lambda *words: asyncio.to_thread(CliRunner().invoke, group, ["person", "add", *words])


async def test_the_command_enters_her_and_prints_her_key(city, at_terminal):
    done = await at_terminal("Meena Bisht", "--born", "1990-05-17", "--document", "PANCR", "--document", "SSCER")

    assert done.output == "meena-bisht\n"
    assert [one["doctype"] for one in city.people.all[-1]["locker_documents"]] == ["PANCR", "SSCER"]


async def test_the_command_says_what_is_wrong(city, at_terminal):
    done = await at_terminal("Meena Bisht", "--born", "2199-01-01")

    assert str(done.exception).startswith("born_on must be")


async def test_the_command_says_that_the_sandboxes_do_not_run(at_terminal):
    done = await at_terminal("Meena Bisht", "--born", "1990-05-17")

    assert "the sandboxes do not run" in str(done.exception)
