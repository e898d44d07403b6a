"""`make bench-gateway`: what a request costs the gateway as production runs it. See the README of this folder."""

import argparse
import json
import os
import signal
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks.gateway.home import POSTGRESQL, SQLITE, Home, a_home
from benchmarks.gateway.loading import Load, Outcome, Sent, missing_programs, put, together
from benchmarks.gateway.measured import Measured
from benchmarks.gateway.peers import Peers, as_answer
from benchmarks.gateway.processes import Server, database_seconds, gateways
from benchmarks.gateway.rows import CODES, ROWS, SERVICES, Asker, Row, body_of, readme_query
from benchmarks.gateway.served import FIELDS, Counts
from benchmarks.gateway.table import RESULT, table
from benchmarks.gateway.upstream import Recorded, nginx
from tests.support.eventually import eventually

SHORT = os.environ.get("BOUND") == "ci"
SECONDS = 1.0 if SHORT else 3.0
WARM_SECONDS = 1.0
OURS = "gateway"
PLAN: tuple[tuple[str, int, tuple[int, ...]], ...] = (
    (SQLITE, 1, (1, 10, 50)),
    (SQLITE, 2, (50,)),
    (POSTGRESQL, 1, (50,)),
    (POSTGRESQL, 2, (50,)),
)
"""Store, processes, and numbers of connections, where nothing else is asked for."""

PEERS_CONNECTIONS = (1, 50)
PROFILE_SECONDS = 1.0 if SHORT else 12.0
BUSY_SECONDS = 30
COUNTED = 7
"""Requests of which statements and calls are counted; the median is shown."""


class Bench:
    """One run over one home."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._used = 0
        self._http = httpx.Client(timeout=30, trust_env=False)

    def count(self, rows: Sequence[Row]) -> dict[str, dict[str, float]]:
        """What one request of each row asks for, when everything is warm."""
        found: dict[str, dict[str, float]] = {}
        with TemporaryDirectory() as place:
            for live in sorted({row.live for row in rows}):
                file = Path(place) / f"counts-{live}"
                with gateways(self.home, 1, "count-live" if live else "count", file) as (server,):
                    counts = Counts(file)
                    for row in rows:
                        if row.live is live:
                            found[row.name] = self._counted(server, row, counts)
        return found

    def _counted(self, server: Server, row: Row, counts: Counts) -> dict[str, float]:
        seen: list[dict[str, int]] = []
        for _ in range(COUNTED + 2):
            before = counts.read()
            self._ask(server, self._next(row), row)
            after = counts.read()
            seen.append({name: after[name] - before[name] for name in FIELDS})
        return {name: statistics.median(one[name] for one in seen[2:]) for name in FIELDS}

    def record(self) -> Recorded:
        """The answers that the other servers are to give: those of the gateway to one citizen."""
        token = self.home.tokens[Asker.DEMO][0]
        with gateways(self.home, 1) as (server,):
            readme, codes, ten = (
                as_answer(self._http, f"{server.url}/graphql", Sent(token, body_of(document)))
                for document in (readme_query(), CODES, SERVICES)
            )
        coded = {one["number"]: one["service"]["code"] for one in codes["viewer"]["applications"]["nodes"]}
        return Recorded.answers_of_citizen(readme, coded, ten, codes["viewer"]["name"])

    def measure(self, row: Row, servers: Sequence[Server], connections: int, counts: dict[str, float]) -> Measured:
        """Load the servers with one row."""
        self._warm(row, servers, connections)
        before, database = sum(each.cpu_seconds() for each in servers), database_seconds(self.home.database)
        outcome = self._load(row, servers, connections, SECONDS)
        cpu = sum(each.cpu_seconds() for each in servers) - before
        database = database_seconds(self.home.database) - database
        rss = max(each.resident_mebibytes() for each in servers)
        line = Measured.line_of_load(
            OURS, row.name, self.home.kind, len(servers), connections, cpu, outcome, rss, counts
        )
        return replace(line, database=database * 1000 / max(outcome.good, 1))

    def all_of(
        self, rows: Sequence[Row], processes: int, connections: Sequence[int], counts: dict[str, dict[str, float]]
    ) -> Iterator[Measured]:
        """Every row with so many processes, at each number of connections that they can share."""
        for live in sorted({row.live for row in rows}):
            with gateways(self.home, processes, "live" if live else None) as servers:
                for row in (row for row in rows if row.live is live):
                    for many in connections:
                        if many >= processes:
                            yield self.measure(row, servers, many, counts.get(row.name, {}))

    def profile(self, rows: Sequence[Row]) -> Iterator[dict[str, object]]:
        """Where the processor is while one connection asks each of the rows."""
        with TemporaryDirectory() as place:
            file = Path(place) / "profile.json"
            for live in sorted({row.live for row in rows}):
                with gateways(self.home, 1, "profile-live" if live else "profile", file) as servers:
                    for row in (row for row in rows if row.live is live):
                        self._warm(row, servers, 1)
                        servers[0].process.send_signal(signal.SIGUSR1)
                        self._load(row, servers, 1, PROFILE_SECONDS)
                        servers[0].process.send_signal(signal.SIGUSR2)
                        samples = eventually(lambda: _taken(file), bool)
                        yield {"profile": row.name, "samples": samples[0], "functions": samples[1]}

    def _warm(self, row: Row, servers: Sequence[Server], connections: int) -> None:
        if row.asker is not Asker.APPLICANT:
            for server in servers:
                for sent in self.home.requests(row):
                    self._ask(server, sent, row)
        self._load(row, servers, connections, WARM_SECONDS)

    def _load(self, row: Row, servers: Sequence[Server], connections: int, seconds: float) -> Outcome:
        requests, each = self.home.requests(row), max(connections // len(servers), 1)
        lists = [requests] * len(servers)
        if row.asker is Asker.APPLICANT:
            lists = [requests[self._used + place :: len(servers)] for place in range(len(servers))]
        urls = [f"{server.url}/graphql" for server in servers]
        outcomes = put({url: Load(own, each, seconds, row.expected) for url, own in zip(urls, lists, strict=True)})
        if row.asker is Asker.APPLICANT:
            sent = max(outcome.requests for outcome in outcomes) + each
            if sent > len(lists[-1]):
                raise RuntimeError("there are not enough applicants; raise APPLICANTS")
            self._used += sent * len(servers)
        return together(outcomes)

    def _next(self, row: Row) -> Sent:
        requests = self.home.requests(row)
        if row.asker is Asker.APPLICANT:
            self._used += 1
            return requests[self._used - 1]
        return requests[0]

    def _ask(self, server: Server, sent: Sent, row: Row) -> None:
        """Ask once; raises RuntimeError where the answer is not right."""
        headers = {"Authorization": f"Bearer {sent.token}"}
        answer = eventually(
            lambda: self._http.post(f"{server.url}/graphql", json=dict(sent.body), headers=headers),
            # a machine that is busy makes the gateway refuse for a while, or give a part of an answer
            lambda given: given.status_code != 503 and '"OVERLOADED"' not in given.text,
            seconds=BUSY_SECONDS,
        )
        if answer.status_code != 200 or row.expected not in answer.text or '"errors"' in answer.text:
            raise RuntimeError(f"{row.name}: {answer.status_code} {answer.text[:1500]}")


def main() -> int:
    """Run what the arguments name, and keep the result."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.gateway.run", description=__doc__)
    given.add_argument("--rows", default=",".join(row.name for row in ROWS), help="rows, with commas between")
    given.add_argument("--connections", help="with commas between; 1,10,50 where only others are given")
    given.add_argument("--processes", help="with commas between; 1 where only others are given")
    given.add_argument("--stores", help=f"{SQLITE},{POSTGRESQL}; {SQLITE} where only others are given")
    given.add_argument("--peers", action="store_true", help="other servers too, over the recorded answers")
    given.add_argument("--profile", action="store_true", help="also where the processor is")
    given.add_argument("--no-counts", action="store_true", help="do not count statements and calls")
    asked = given.parse_args()
    missing = missing_programs("wrk", *(["nginx"] if asked.peers else []))
    if missing:
        print(f"bench-gateway needs {', '.join(missing)}: Debian's packages wrk and nginx-light", file=sys.stderr)
        return 1
    found = []
    for measured in _all_of(asked):
        print(measured if not isinstance(measured, Measured) else measured.line(), flush=True)
        found.append(asdict(measured) if isinstance(measured, Measured) else measured)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(found)))
    return 0


Told = Measured | dict[str, object]
"""A line of the table, or a profile, or which server is absent."""


def _plan(asked: argparse.Namespace) -> dict[str, list[tuple[int, tuple[int, ...]]]]:
    """For each store, processes and numbers of connections."""
    if asked.connections is None and asked.processes is None and asked.stores is None:
        plan = PLAN
    else:
        connections = tuple(int(each) for each in (asked.connections or "1,10,50").split(","))
        processes = [int(each) for each in (asked.processes or "1").split(",")]
        plan = tuple((kind, many, connections) for kind in (asked.stores or SQLITE).split(",") for many in processes)
    return {kind: [(many, connections) for one, many, connections in plan if one == kind] for kind, _, _ in plan}


def _all_of(asked: argparse.Namespace) -> Iterator[Told]:
    rows = [row for row in ROWS if row.name in asked.rows.split(",")]
    askers = {row.asker for row in rows} | {Asker.DEMO}
    for place, (kind, loads) in enumerate(_plan(asked).items()):
        with a_home(kind, askers, print) as home:
            bench = Bench(home)
            if asked.peers and place == 0:
                yield from _peers(bench.record(), rows)
            counts = {} if asked.no_counts else bench.count(rows)
            for many, connections in loads:
                yield from bench.all_of(rows, many, connections, counts)
            if asked.profile and place == 0:
                yield from bench.profile(rows)


def _taken(file: Path) -> Any:
    """A profile that is there, which is then taken away."""
    if not file.exists():
        return None
    samples = json.loads(file.read_text(encoding="utf-8"))
    file.unlink()
    return samples


def _peers(recorded: Recorded, rows: Sequence[Row]) -> Iterator[Told]:
    with TemporaryDirectory(prefix="apuni-upstream-") as place, nginx(recorded, Path(place)) as upstream:
        yield from Peers(recorded, upstream, Path(place), SECONDS).all_of(rows, PEERS_CONNECTIONS)


if __name__ == "__main__":
    sys.exit(main())
