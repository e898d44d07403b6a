"""The scripts of pages: kept for ever under an address of their content, the worker asked for anew."""

import httpx
import pytest
from lxml import html
from starlette.applications import Starlette
from starlette.requests import Request

from gateway.pages.rendering import Pages
from gateway.pages.scripts import SCRIPT_FOLDER, SCRIPTS, script_routes
from tests.gateway.pages.conftest import Browse


@pytest.fixture
async def client():
    transport = httpx.ASGITransport(Starlette(routes=script_routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as http:
        yield http


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_script_is_kept_for_ever(client: httpx.AsyncClient, name: str):
    answer = await client.get(f"{SCRIPT_FOLDER}/{name}")

    assert answer.content == SCRIPTS[name]
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")


async def test_there_is_no_other_script(client: httpx.AsyncClient):
    assert (await client.get(f"{SCRIPT_FOLDER}/style.css")).status_code == 404


async def test_the_worker_is_asked_for_anew_and_reaches_this_host_alone(client: httpx.AsyncClient):
    answer = await client.get("/verify-worker.js")

    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"] == "default-src 'none'; connect-src 'self'"


async def test_without_a_script_the_offline_page_leads_to_the_register(browse: Browse):
    async with browse() as browser:
        page = await browser.get("/verify-offline")
    [form] = html.fromstring(page.text).cssselect("main form")

    assert (form.get("action"), form.method) == ("/verify", "GET")
    assert form.cssselect("textarea")[0].get("name") == "number"
    assert "script-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("specimen", [True, False])
def test_the_offline_page_knows_whether_certificates_are_specimens(specimen: bool):
    scope = {"type": "http", "method": "GET", "path": "/verify-offline", "query_string": b"language=en", "headers": []}
    page = Pages(specimen=specimen).draw(Request(scope), "public/verify_offline.html", {"faults": {}, "typed": {}})

    assert (b'data-specimen="SPECIMEN, valid nowhere."' in page.body) == specimen
