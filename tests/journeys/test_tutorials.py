"""docs/tutorials: their commands run from top to bottom against the demo, and show what the pages say."""

import asyncio
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from demo.sign_in import DemoBrowser
from domain.kernel import Provider
from tests.support.eventually import eventually
from tests.support.forked import forking_program
from tests.support.operations import snippets
from tests.support.running import Running

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
DEMO_ADDRESS = "http://127.0.0.1:8000"
"""Where the demo is for a reader; a test's stands elsewhere."""


def text_of(name: str) -> str:
    return (TUTORIALS / f"{name}.md").read_text(encoding="utf-8")


def commands_of(name: str, marked: str = "") -> str:
    return "".join(body for kind, mark, body in snippets(text_of(name)) if (kind, mark) == ("sh", marked))


def shown_by(name: str) -> list[str]:
    """What the page says that the commands print: the beginning of a line, or a part of it."""
    beside = re.sub(r"^```.*?^```$", "", text_of(name), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^    (\S.*)$", beside, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with the environment of the clone, as `make bootstrap` leaves it."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    with forking_program(programs):
        yield tmp_path


def start(running: Running, folder: Path, script: str, **environment: str) -> subprocess.Popen[str]:
    given = {"APUNI_HOME": str(running.home), "APUNI_PORT": running.url.rpartition(":")[2], **environment}
    command = "set -euo pipefail\n" + script.replace(DEMO_ADDRESS, running.url)
    return subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def assert_shows(name: str, ran: subprocess.Popen[str]) -> None:
    told, complained = ran.communicate(timeout=200)
    assert ran.returncode == 0, told + complained
    assert [line for line in shown_by(name) if line not in told] == [], told


@pytest.mark.parametrize("name", ["first_query", "first_decision"])
def test_the_commands_of_a_tutorial_show_what_it_says(running: Running, folder: Path, name: str):
    assert_shows(name, start(running, folder, commands_of(name)))


async def test_the_app_of_the_tutorial_signs_a_citizen_in_and_asks_as_her(running: Running, folder: Path):
    program = next(body for _, mark, body in snippets(text_of("first_app")) if mark == "my_app.py")
    (folder / "my_app.py").write_text(program, encoding="utf-8")
    opened, browser = folder / "opened", folder / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)

    app = start(running, folder, commands_of("first_app", "app"), BROWSER=f"{browser} %s")
    await asyncio.to_thread(eventually, opened.exists, bool)
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        address = opened.read_text("utf-8")
        (redirect,) = parse_qs(urlsplit(address).query)["redirect_uri"]
        ahead = socket.create_connection(("127.0.0.1", urlsplit(redirect).port))  # browsers do, and may never use it
        visitor = DemoBrowser(client)
        await client.get(await visitor.sign_in(address, Provider.MERI_PEHCHAAN, "asha-negi", redirect))

    await asyncio.to_thread(assert_shows, "first_app", app)
    ahead.close()


def test_the_pages_of_the_folder_are_on_its_list():
    listed = set(re.findall(r"\]\((\w+)\.md\)", text_of("README")))

    assert listed == {path.stem for path in TUTORIALS.glob("*.md")} - {"README"}
