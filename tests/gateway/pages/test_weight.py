"""Every page is light: HTML and style together fit into the first packets of a connection."""

import gzip
import re

import pytest

from gateway.pages.addresses import PAGES
from gateway.pages.rendering import STYLE
from tests.gateway.pages import conftest
from tests.gateway.pages.conftest import Browse
from tests.gateway.pages.test_powers import powers  # noqa: F401 - a fixture
from tests.gateway.pages.test_visits import AGENT
from tests.support.graph import World

MOST = 14 * 1024
"""Bytes that come before a server waits for the first acknowledgement: ten packets (RFC 6928)."""
PUBLIC = [page.path for page in PAGES if page.people is None and "{" not in page.path]


def addresses(*places: str) -> list[str]:
    """The pages of some places that need nothing in their address."""
    return [page.path for page in PAGES if page.path.startswith(places) and "{" not in page.path]


def weight(text: str) -> int:
    return len(gzip.compress(text.encode(), 5))


@pytest.mark.parametrize("path", PUBLIC)
async def test_a_page_of_everybody_weighs_14_kilobytes_at_most(browse: Browse, path: str):
    async with browse(language="hi") as browser:
        page = await browser.get(path)

    assert weight(page.text) <= MOST


@pytest.mark.parametrize(
    ("person", "paths"),
    [
        ("asha", addresses("/my")),
        ("anita", addresses("/desk")),
        ("meera", addresses("/desk")),
        ("finance", addresses("/finance", "/desk")),
        ("auditor", addresses("/finance", "/staff", "/desk")),
        ("admin", addresses("/staff")),
        ("agent", addresses("/counter")),
    ],
)
async def test_the_pages_of_a_signed_in_person_weigh_14_kilobytes_at_most(
    powers: World,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
    browse: Browse,
    person: str,
    paths: list[str],
):
    monkeypatch.setitem(conftest.PEOPLE, "agent", AGENT)
    await powers.submit()

    async with browse(person, "hi") as browser:
        pages = {path: await browser.get(path) for path in paths}

    assert {path: size for path, page in pages.items() if (size := weight(page.text)) > MOST} == {}
    assert any(page.status_code == 200 for page in pages.values())


async def test_a_case_and_its_application_weigh_14_kilobytes_at_most(world: World, browse: Browse):
    number = (await world.submit()).number

    async with browse("asha", "hi") as citizen, browse("anita", "hi") as officer:
        pages = [await citizen.get(f"/my/applications/{number}"), await officer.get(f"/desk/cases/{number}")]

    assert [page.status_code for page in pages] == [200, 200]
    assert max(weight(page.text) for page in pages) <= MOST


def test_text_is_shown_before_the_font_is_there():
    faces = re.findall(r"@font-face\{[^}]*\}", STYLE)

    assert len(faces) == 2
    assert all("font-display:swap" in face for face in faces)
