"""An app against the running demo: a client generated from the committed schema and operations, asked by id."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from gateway.operations.screens import manifests
from tests.support.node import NODE_FOLDER, NodeFailed, run_node
from tests.support.operations import snippets
from tests.support.running import Running
from tools.clients.__main__ import write_clients

pytestmark = [pytest.mark.integration]

ROOT = Path(__file__).parents[2]
SNIPPETS = {name: text for _, name, text in snippets((ROOT / "docs" / "clients.md").read_text("utf-8")) if name}
CODEGEN, TSC = "node_modules/@graphql-codegen/cli/cjs/bin.js", "node_modules/typescript/bin/tsc"
MANIFEST = manifests(app="citizen_app")[0]
IDS = {operation.name: operation.id for operation in MANIFEST.operations}
KOTLIN = "multipart/mixed;deferSpec=20220824, application/graphql-response+json, application/json"
"""The Accept header of Apollo Kotlin 4."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What docs/clients.md tells to make, with a package.json beside it."""
    for name in ("tsconfig.json", "main.ts"):
        shutil.copy(NODE_FOLDER / "clients" / name, tmp_path / name)
    configuration = SNIPPETS["codegen.yml"]
    for folder in ("schema", "operations"):
        configuration = configuration.replace(f" {folder}/", f" {ROOT}/{folder}/")
    (tmp_path / "codegen.yml").write_text(configuration.replace(" operations.ts:", f" {tmp_path}/operations.ts:"))
    (tmp_path / "client.ts").write_text(SNIPPETS["client.ts"], "utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST.content()), "utf-8")
    return tmp_path


@pytest.mark.long
async def test_a_generated_client_is_type_checked_and_runs_by_ids(project: Path, running: Running):
    await run_node(CODEGEN, "--config", str(project / "codegen.yml"))
    await run_node(TSC, "--project", str(project))

    told = json.loads(await run_node(str(project / "built" / "main.js"), running.url))

    assert told["total"] > 10
    assert len(told["lines"]) == 3
    assert told["unchanged"] is True
    assert told["goesOn"] is True

    program = (project / "main.ts").read_text("utf-8")
    (project / "main.ts").write_text(program.replace("totalCount", "totalCounts"), "utf-8")
    with pytest.raises(NodeFailed, match="totalCounts"):
        await run_node(TSC, "--project", str(project), "--noEmit")


def test_the_package_for_python_asks_the_demo_by_its_ids(running: Running, tmp_path: Path):
    write_clients(tmp_path, ("citizen_app",))
    program = (
        "import json, sys\n"
        "from apuni_citizen_app.client import Client\n"
        "from apuni_citizen_app.operations import CITIZEN_HOME, SERVICES\n"
        "asked = Client(sys.argv[1], sys.argv[2]).ask(SERVICES, {'first': 3})\n"
        "nobody = Client(sys.argv[1]).ask(CITIZEN_HOME, {})\n"
        "print(json.dumps([len(asked.data['services']['nodes']), asked.errors, nobody.data['viewer']]))\n"
    )
    folder = tmp_path / "python" / "citizen_app"
    ran = subprocess.run(
        [sys.executable, "-c", program, running.url, running.token()],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == [3, [], None]


def exchange(url: str, name: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One GET over a socket of ours: status, headers and every byte of the body that comes."""
    parts = urlsplit(url)
    query = urlencode({"documentId": f"sha256:{IDS[name]}", "variables": '{"first":2}'})
    given = {"Host": parts.netloc, "Connection": "close", "Accept": "application/graphql-response+json", **headers}
    lines = [f"GET /graphql?{query} HTTP/1.1", *(f"{key}: {value}" for key, value in given.items()), "", ""]
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *rest = head.decode("latin-1").split("\r\n")
    return int(status.split()[1]), {line.split(":")[0].lower(): line.partition(": ")[2] for line in rest}, body


def test_a_phone_that_asks_again_gets_304_and_not_a_byte_of_body(running: Running):
    status, headers, body = exchange(running.url, "Services")
    assert (status, headers["cache-control"]) == (200, "private, no-cache")
    assert b'"totalCount"' in body

    again, kept, nothing = exchange(running.url, "Services", **{"If-None-Match": headers["etag"]})
    assert (again, nothing, kept["etag"]) == (304, b"", headers["etag"])

    english, other, text = exchange(
        running.url, "Services", **{"If-None-Match": headers["etag"], "Accept-Language": "en"}
    )
    assert english == 200
    assert other["etag"] != headers["etag"]
    assert text


def test_apollo_kotlins_request_by_hash_is_answered_as_one_json(running: Running):
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": IDS["Services"]}}
    query = {"operationName": "Services", "variables": '{"first":2}', "extensions": json.dumps(extensions)}
    answer = get(running, query, Accept=KOTLIN, **{"Apollo-Require-Preflight": "true"})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/graphql-response+json")
    assert len(answer.json()["data"]["services"]["nodes"]) == 2

    gone = get(running, query | {"extensions": json.dumps({"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}})})
    assert gone.json()["errors"][0]["extensions"]["action"] == "UPDATE_APP"


def test_uses_are_shown_by_name_in_the_metrics_and_free_names_are_not(running: Running):
    get(running, {"documentId": IDS["Services"], "variables": '{"first":1}'})
    running.graphql("query SpiesOnUs { __typename }")
    text = get_text(running, "/metrics")

    assert 'apuni_graphql_operation_seconds_count{name="Services"}' in text
    assert "SpiesOnUs" not in text


def get(running: Running, query: dict[str, str], **headers: str) -> Any:
    return httpx.get(f"{running.url}/graphql", params=query, headers=headers, timeout=20)


def get_text(running: Running, path: str) -> str:
    return httpx.get(f"{running.url}{path}", timeout=20).text
