"""The documentation as a site: built strictly, without a network, and served in demo and staging."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from gateway.pages.documentation import LAST, START, documentation_routes

pytestmark = pytest.mark.long
DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, in which no warning was raised."""
    built: Path = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", str(DOCS), str(built)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return built


def test_every_page_of_the_folder_is_on_the_site(site):
    written = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    missing = {path for path in written if not (site / path).exists()}

    assert {path for path in missing if path.parts[0] != "examples"} == set()


def test_no_page_asks_another_host(site):
    loads = re.compile(r'(?:src|href)="(https?://[^"]+)"[^>]*(?:stylesheet|</script>)|@import|<script[^>]+src="https?:')
    asking = [path.name for path in site.rglob("*.html") if loads.search(path.read_text("utf-8"))]

    assert asking == []


def test_a_reader_searches_without_a_server(site):
    assert "clients" in (site / "searchindex.js").read_text("utf-8")


async def test_the_site_is_served_from_its_first_page(site):
    transport = httpx.ASGITransport(app=Starlette(routes=documentation_routes((site,))))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as browser:
        begun = await browser.get("/docs/")
        page = await browser.get(begun.headers["location"])

    assert "You build an app" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["../conf.py", "%2e%2e/conf.py", "nothing.html", "guides"])
async def test_only_files_of_the_site_are_served(site, path):
    transport = httpx.ASGITransport(app=Starlette(routes=documentation_routes((site,))))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as browser:
        assert (await browser.get(f"/docs/{path}")).status_code == 404


async def test_until_the_site_is_whole_a_reader_is_told_to_wait_and_then_is_shown_it(tmp_path):
    transport = httpx.ASGITransport(app=Starlette(routes=documentation_routes((tmp_path / "none", tmp_path))))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as browser:
        (tmp_path / START).write_text("half of it")
        early = await browser.get(f"/docs/{START}")
        (tmp_path / LAST).touch()
        late = await browser.get(f"/docs/{START}")

    assert (early.status_code, early.headers["retry-after"]) == (503, "10")
    assert (late.status_code, late.text) == (200, "half of it")
