"""A citizen and what is kept of her: a copy of it, its erasure, and records that others made of her."""

import json

import httpx
from lxml import html
from starlette.applications import Starlette

from gateway.http import session_auth
from gateway.pages.downloads.personal_data import personal_data_routes
from tests.gateway.pages.conftest import PEOPLE, URL, Browse
from tests.gateway.pages.test_site import form_of
from tests.support.graph import World


async def copy_for(world: World, person: str, monkeypatch) -> httpx.Response:
    """The file with everything that is kept of a person."""

    async def subject(_env, token):
        return PEOPLE[token]

    monkeypatch.setattr(session_auth, "subject_for_token", subject)
    transport = httpx.ASGITransport(app=Starlette(routes=personal_data_routes(world.environment)))
    headers = {"Authorization": f"Bearer {person}"}
    async with httpx.AsyncClient(transport=transport, base_url=URL, headers=headers) as browser:
        return await browser.get("/my/data.json")


async def test_a_citizen_takes_a_copy_of_everything_that_is_kept_of_her(world: World, monkeypatch):
    application = await world.submit()

    copy = await copy_for(world, "asha", monkeypatch)

    kept = json.loads(copy.content)
    assert [one["number"] for one in kept["applications"]] == [application.number]
    assert copy.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert copy.headers["cache-control"] == "no-store"


async def test_an_officer_has_no_such_copy(world: World, monkeypatch):
    copy = await copy_for(world, "anita", monkeypatch)

    assert copy.status_code == 401


async def test_the_page_of_reads_leads_to_the_copy_and_to_the_erasure(browse: Browse):
    async with browse("asha") as browser:
        page = await browser.get("/my/data")

    assert {"/my/data.json", "/my/erasure", "/my/record"} <= set(html.fromstring(page.text).xpath("//main//a/@href"))


async def test_an_erasure_needs_her_tick(browse: Browse):
    async with browse("asha") as browser:
        form = form_of((await browser.get("/my/erasure")).text, "EraseMyData")
        form.pop("input.confirm", None)
        page = await browser.post("/my/erasure", data=form)

    assert page.status_code == 422


async def test_a_citizen_is_erased_when_she_confirms_it(browse: Browse):
    async with browse("asha", language="hi") as browser:
        form = form_of((await browser.get("/my/erasure")).text, "EraseMyData")
        done = await browser.post("/my/erasure", data={**form, "input.confirm": "true"})

    assert done.headers["location"] == "/?done=EraseMyData"


async def test_a_claim_to_a_record_that_is_not_there_is_told_and_what_was_typed_stays(browse: Browse):
    async with browse("asha") as browser:
        form = form_of((await browser.get("/my/record")).text, "ClaimMyRecord")
        typed = {"input.number": "1", "input.bornOn": "1984-03-14", "input.way": "CODE"}
        page = await browser.post("/my/record", data={**form, **typed})

    assert page.status_code == 422
    assert html.fromstring(page.text).get_element_by_id("q-bornOn").get("value") == "1984-03-14"
