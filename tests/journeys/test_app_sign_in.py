"""An app of a stranger signs somebody in by AppAuth, as docs/clients.md shows it, and asks its first query."""

import asyncio
import json
import os
from pathlib import Path

import httpx
import pytest

from demo.sign_in import DemoBrowser
from domain.kernel import Provider
from tests.support.eventually import eventually
from tests.support.node import NODE_FOLDER, run_node
from tests.support.operations import snippets
from tests.support.running import Running, free_port

pytestmark = [pytest.mark.integration]

ROOT = Path(__file__).parents[2]
PROGRAM = next(
    text for _, name, text in snippets((ROOT / "docs" / "clients.md").read_text("utf-8")) if name == "sign-in.mjs"
)


@pytest.fixture
def opened(tmp_path: Path, monkeypatch) -> Path:
    """Where the address stands that a program opens in the browser of the system."""
    address, opener = tmp_path / "opened", tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {address}.part && mv {address}.part {address}\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{opener.parent}:{os.environ['PATH']}")
    return address


async def test_appauth_signs_a_citizen_in_refreshes_and_asks_the_first_query(
    running: Running, tmp_path: Path, opened: Path
):
    (tmp_path / "sign-in.mjs").write_text(PROGRAM, "utf-8")
    (tmp_path / "node_modules").symlink_to(NODE_FOLDER / "node_modules")
    port = free_port()
    app = asyncio.create_task(run_node(str(tmp_path / "sign-in.mjs"), running.url, str(port)))
    await asyncio.to_thread(eventually, opened.exists, bool)
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        redirect = await DemoBrowser(client).sign_in(
            opened.read_text("utf-8"), Provider.MERI_PEHCHAAN, "asha-negi", f"http://127.0.0.1:{port}/"
        )
        await client.get(redirect)

    last = (await app).splitlines()[-1]  # AppAuth logs before
    assert json.loads(last) == {"renewed": True, "data": {"viewer": {"name": "Asha Negi"}}}
