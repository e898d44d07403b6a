"""Memory of a gateway under an hour of gentle load: `python -m benchmarks.gateway.hour` (README of this folder)."""

import argparse
import asyncio
import json
import sys
import time
from itertools import count
from pathlib import Path

import httpx

from benchmarks.gateway.home import SQLITE, Home, a_home
from benchmarks.gateway.loading import Sent
from benchmarks.gateway.processes import Server, gateways
from benchmarks.gateway.rows import ROWS, Asker, Row

CITIZENS = 50
A_SECOND = 20.0
"""Requests of all together."""

TURNS = ("own", "certificates", "services", "own", "readme", "typename", "own", "submission", "own", "queue")
"""What is asked in turn."""

RESULT = Path("build/bench_gateway_hour.json")


class Askers:
    """Citizens, each with a connection of her own, who ask in turn at a steady rate."""

    def __init__(self, home: Home, url: str) -> None:
        self._rows = {row.name: row for row in ROWS if not row.live}
        self._requests = {name: home.requests(row) for name, row in self._rows.items()}
        self._url = f"{url}/graphql"
        self._turn = count()
        self._applicant = count()
        self.good = self.wrong = 0

    async def ask_until(self, end: float) -> None:
        """Ask until an instant of the monotonic clock."""
        limits = httpx.Limits(max_connections=CITIZENS, max_keepalive_connections=CITIZENS, keepalive_expiry=None)
        async with httpx.AsyncClient(limits=limits, timeout=30, trust_env=False) as client:
            await asyncio.gather(*(self._citizen(client, place, end) for place in range(CITIZENS)))

    async def _citizen(self, client: httpx.AsyncClient, place: int, end: float) -> None:
        pause = CITIZENS / A_SECOND
        await asyncio.sleep(pause * place / CITIZENS)
        while time.monotonic() < end:
            row, sent = self._next(place)
            try:
                answer = await client.post(
                    self._url, json=dict(sent.body), headers={"Authorization": f"Bearer {sent.token}"}
                )
                is_good = answer.status_code == 200 and row.expected in answer.text
            except httpx.HTTPError:
                is_good = False
            self.good, self.wrong = self.good + is_good, self.wrong + (not is_good)
            await asyncio.sleep(pause)

    def _next(self, place: int) -> tuple[Row, Sent]:
        name = TURNS[next(self._turn) % len(TURNS)]
        row, requests = self._rows[name], self._requests[name]
        number = next(self._applicant) if row.asker is Asker.APPLICANT else place
        return row, requests[number % len(requests)]


def _memory(server: Server) -> dict[str, float]:
    every = [server.process, *server.process.children(recursive=True)]
    told = [one.memory_full_info() for one in every]
    return {"rss": sum(one.rss for one in told) / 2**20, "pss": sum(one.pss for one in told) / 2**20}


async def _watch(askers: Askers, server: Server, minutes: float, each: float) -> list[dict[str, float]]:
    begun, found = time.monotonic(), []
    asking = asyncio.create_task(askers.ask_until(begun + minutes * 60))
    at = 0.0
    while True:
        cpu = server.cpu_seconds()
        found.append({"minutes": at, **_memory(server), "cpu": cpu, "good": askers.good, "wrong": askers.wrong})
        print(json.dumps(found[-1]), flush=True)
        if at >= minutes:
            break
        at = min(at + each, minutes)
        await asyncio.sleep(max(begun + at * 60 - time.monotonic(), 0))
    await asking
    return found


def main() -> int:
    """Watch one gateway over SQLite."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.gateway.hour", description=__doc__)
    given.add_argument("--minutes", type=float, default=60.0)
    given.add_argument("--each", type=float, default=10.0, help="minutes between two looks")
    asked = given.parse_args()
    with a_home(SQLITE, set(Asker), print) as home, gateways(home, 1) as (server,):
        found = asyncio.run(_watch(Askers(home, server.url), server, asked.minutes, asked.each))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
