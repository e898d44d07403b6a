"""Behind a router: one query that joins the gateway with the subgraph of a department, a process each."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.departments import PROGRAM, department, running_department
from tests.support.eventually import eventually
from tests.support.node import run_node
from tests.support.running import Running, free_port

SECRET = "a-secret-that-the-router-shares-with-its-subgraphs"
MINE = "{ viewer { ... on Citizen { id applications(first: 2) { nodes { number } } } } }"
JOINED = """
query ($number: String!) {
  viewer { __typename ... on Citizen { name(language: EN) fellingPermits { number trees } } }
  application(by: { number: $number }) { number status service { code } siteInspections { inspectedOn remark } }
  fellingPermitCount
}
"""


@pytest.fixture
def mine(running: Running) -> dict[str, Any]:
    """The default citizen's id and the numbers of two applications of hers."""
    viewer = running.data(MINE, token=running.token())["viewer"]
    return {"id": viewer["id"], "numbers": [node["number"] for node in viewer["applications"]["nodes"]]}


@pytest.fixture
def register(mine: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "register.json"
    permit = {"number": "F-7", "citizen": mine["id"], "species": "Pinus roxburghii", "trees": 2}
    visit = {"application": mine["numbers"][0], "on": "2026-11-24", "remark": "Two trees stand."}
    path.write_text(json.dumps({"permits": [permit], "inspections": [visit]}), encoding="utf-8")
    return path


def supergraph(running: Running, department_url: str, folder: Path) -> str:
    """What both subgraphs tell of themselves, composed by the example's script for a router that enforces nothing."""
    printed = {
        "apuni": (f"{running.url}/graphql", running.data("{ _service { sdl } }")["_service"]["sdl"]),
        "forest": (department_url, department().SCHEMA.as_str()),
    }
    arguments = []
    for name, (url, sdl) in printed.items():
        (folder / f"{name}.graphql").write_text(sdl, encoding="utf-8")
        arguments.append(f"{name}={url}={folder / name}.graphql")
    script = str(PROGRAM.parent / "supergraph.mjs")
    return asyncio.run(run_node(script, "--enforced-by-subgraphs", *arguments))


def route(composed: str, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    """What a router answers; it passes the end user's token through and proves itself by the secret."""
    given = json.dumps({"supergraph": composed, "secret": SECRET, "requests": requests}).encode()
    found: list[dict[str, Any]] = json.loads(asyncio.run(run_node("router.mjs", stdin=given)))
    return found


def test_one_query_joins_the_gateway_and_a_department(
    running: Running, register: Path, mine: dict[str, Any], tmp_path: Path
):
    secret_file = tmp_path / "router.secret"
    secret_file.write_text(SECRET, encoding="utf-8")
    first, second = mine["numbers"]
    signed_in = {"authorization": f"Bearer {running.token()}"}

    with running_department(register, secret_file) as url:
        joined, other, stranger = route(
            supergraph(running, url, tmp_path),
            {"query": JOINED, "variables": {"number": first}, "headers": signed_in},
            {"query": JOINED, "variables": {"number": second}, "headers": signed_in},
            {"query": JOINED, "variables": {"number": first}},
        )
        direct = httpx.post(url, json={"query": "{ fellingPermitCount }"}, timeout=10)

    assert joined["errors"] == []
    assert joined["data"]["viewer"]["fellingPermits"] == [{"number": "F-7", "trees": 2}]
    assert joined["data"]["application"]["number"] == first
    assert joined["data"]["application"]["siteInspections"] == [
        {"inspectedOn": "2026-11-24", "remark": "Two trees stand."}
    ]
    assert joined["data"]["fellingPermitCount"] == 1
    assert other["data"]["application"]["siteInspections"] == []
    assert (stranger["data"]["viewer"], stranger["data"]["application"]) == (None, None)
    assert [error["extensions"]["code"] for error in stranger["errors"]] == ["UNAUTHENTICATED"]
    assert (direct.status_code, direct.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")


@contextlib.contextmanager
def hive_gateway(running: Running, *more: str, secret: str | None = None) -> Iterator[int]:
    """The port of the router that `tools.router run` starts before a gateway that runs."""
    port = free_port()
    command = [sys.executable, "-m", "tools.router", "run", "--port", str(port), "--gateway", running.url, *more]
    env = dict(os.environ) | ({"APUNI_ROUTER_SECRET": secret} if secret else {})
    router = subprocess.Popen(command, cwd=PROGRAM.parents[3], env=env)
    try:
        yield port
    finally:
        router.terminate()
        router.wait(30)


def test_hive_gateway_passes_her_token_through_and_joins_both(running: Running, register: Path, mine: dict[str, Any]):
    asked = {"query": JOINED, "variables": {"number": mine["numbers"][0]}}
    hers = {"authorization": f"Bearer {running.token()}"}
    with hive_gateway(running, "--department-port", str(free_port()), "--register", str(register)) as port:
        answer = eventually(lambda: posted(port, asked, hers), lambda found: found is not None, seconds=180)
        stranger = posted(port, asked, {})

    assert answer["data"]["viewer"]["fellingPermits"] == [{"number": "F-7", "trees": 2}]
    assert answer["data"]["application"]["siteInspections"][0]["remark"] == "Two trees stand."
    assert answer["data"]["application"]["service"]["code"]
    assert stranger is not None
    assert not (stranger.get("data") or {}).get("application")


def test_a_department_joins_by_the_sdl_of_its_own_subgraph_that_runs(
    running: Running, register: Path, mine: dict[str, Any], tmp_path: Path
):
    secret_file, sdl = tmp_path / "router.secret", tmp_path / "department.graphql"
    secret_file.write_text(SECRET, encoding="utf-8")
    sdl.write_text(department().SCHEMA.as_str(), encoding="utf-8")
    asked = {"query": JOINED, "variables": {"number": mine["numbers"][0]}}
    hers = {"authorization": f"Bearer {running.token()}"}
    with (
        running_department(register, secret_file) as url,
        hive_gateway(running, "--department", f"woods={url}={sdl}", secret=SECRET) as port,
    ):
        answer = eventually(lambda: posted(port, asked, hers), lambda found: found is not None, seconds=180)

    assert answer["data"]["application"]["siteInspections"][0]["remark"] == "Two trees stand."


def posted(port: int, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any] | None:
    """What the router answers; None while it is not up."""
    with contextlib.suppress(httpx.HTTPError, ValueError):
        found: dict[str, Any] = httpx.post(
            f"http://127.0.0.1:{port}/graphql", json=body, headers=headers, timeout=20
        ).json()
        return found
    return None
