"""`make load`: steady load, overload, slow and dead sources, a herd, hostile documents; judged by ratios of one run.

docs/reliability.md section 5.2 (L1, L2, L3, L4, L6, L7), and one citizen who takes all she can get (L8). The arguments,
if any, name the phases to run. BOUND=ci runs a short form with wider margins, since its
windows are too short to judge by more closely. The report is in build/load.md; the command ends with 1 where a ratio is
missed.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp
import httpx
import uvloop

from benchmarks.load.clients import CATALOGUE, LOCKER, MIXED, Load, Tally, percentile
from benchmarks.load.one_citizen import OneCitizen
from demo.sign_in import demo_sign_in
from gateway.runtime import runfiles
from tests.hostile.set_documents import documents
from tests.support.site import Site, a_site

SHORT = os.environ.get("BOUND") == "ci"
SECONDS = 5.0 if SHORT else 20.0
"""The length of one phase."""

MARGIN = 2.0 if SHORT else 1.0
"""By how much the short form may miss a bound."""

LATE = 0.1 if SHORT else 0.01
"""The share of the event loop's ticks that may be later than 50 ms: a shared machine is late by itself."""

HERD = 200
OTHER_CITIZEN = "sunil-rawat"
HOSTILE = "{ " + " ".join(f"a{number}: services(first: 100) {{ nodes {{ code }} }}" for number in range(15)) + " }"
REPORT = Path("build/load.md")


@dataclass(frozen=True)
class Finding:
    """One figure of the run beside its bound."""

    name: str
    value: float
    bound: float
    at_most: bool

    @property
    def holds(self) -> bool:
        """Whether the figure is within its bound."""
        return self.value <= self.bound if self.at_most else self.value >= self.bound

    def row(self) -> str:
        """The figure as a row of the report."""
        sign = "≤" if self.at_most else "≥"
        return f"| {self.name} | {self.value:.3g} | {sign} {self.bound:.3g} | {'holds' if self.holds else 'MISSED'} |"


def at_most(name: str, value: float, bound: float) -> Finding:
    """A figure that must not be larger."""
    return Finding(name, value, bound, at_most=True)


def at_least(name: str, value: float, bound: float) -> Finding:
    """A figure that must not be smaller."""
    return Finding(name, value, bound, at_most=False)


class Run:
    """One run against one site. `peak` is the best rate of good answers, `single` the time of one user's answers."""

    def __init__(self, site: Site, session: aiohttp.ClientSession, http: httpx.AsyncClient) -> None:
        self.site, self.session, self.http = site, session, http
        self.load = Load(site.url, site.citizen)
        self.peak = self.single = self.steady_p95 = self.late_before = 0.0

    async def fresh(self) -> list[Finding]:
        """L10: fifty connections at once to a process that answered nobody yet, beside the same a little later."""
        first = await self.load.closed(50, 10, MIXED)
        later = await self.load.closed(50, 10, MIXED)
        refused = len(first.refused) / (len(first.good) + len(first.refused))
        print(
            f"load: a fresh process answered {first.rate:.0f} a second and refused {refused:.0%}, later "
            f"{later.rate:.0f} and {len(later.refused) / (len(later.good) + len(later.refused)):.0%}",
            flush=True,
        )
        return [
            at_most("L10 errors", first.errors, 0),
            at_most("L10 share refused in the first ten seconds", refused, 0.1 * MARGIN),
            at_least("L10 good answers beside those of the next ten seconds", first.rate / later.rate, 0.8 / MARGIN),
        ]

    async def herd(self) -> list[Finding]:
        """L6: equal reads of an empty cache ask the source once."""
        before = len(await self._ledger())
        tally = Tally()
        await asyncio.gather(*(self.load.ask(LOCKER, tally) for _ in range(HERD)))
        calls = [entry for entry in (await self._ledger())[before:] if "issued" in entry["route"]]
        return [
            at_most(f"L6 calls to the source for {HERD} equal cold reads", len(calls), 1),
            at_least("L6 of them answered or told to come back", len(tally.good) + len(tally.refused), HERD),
        ]

    async def steady(self) -> list[Finding]:
        """L1: fifty citizens at two fifths of what the process can do."""
        single = (await self.load.closed(1, SECONDS / 2, MIXED)).good
        self.single = percentile(single, 0.5)
        self.peak = (await self.load.closed(12, SECONDS, MIXED)).rate
        tally = await self.load.closed(50, SECONDS, MIXED, think=50 / (0.4 * self.peak))
        self.steady_p95 = percentile(tally.good, 0.95)
        return [
            at_most("L1 errors", tally.errors, 0),
            at_most("L1 share that is told to come back", len(tally.refused) / len(tally.good), 0.01 * MARGIN),
            at_most("L1 p95 beside a single user's", self.steady_p95 / percentile(single, 0.95), 3 * MARGIN),
        ]

    async def overload(self) -> list[Finding]:
        """L2: four times as many as the process can do, and what comes after."""
        tally = await self.load.arriving(4 * self.peak, SECONDS, MIXED)
        await asyncio.sleep(3)
        after = await self.load.closed(50, SECONDS / 2, MIXED, think=50 / (0.4 * self.peak))
        after_p95 = percentile(after.good, 0.95) / self.steady_p95
        return [
            at_least("L2 good answers beside the peak", tally.rate / self.peak, 0.8 / MARGIN),
            at_most("L2 answers that are neither good nor refused in time", tally.errors, 0),
            at_most("L2 seconds to refuse, median", percentile(tally.refused, 0.5), 0.05 * MARGIN),
            at_most("L2 p95 after three seconds, beside that before", after_p95, 2 * MARGIN),
        ]

    async def hostile_overload(self) -> list[Finding]:
        """L9: four times as many as the process can do, a fifth hostile documents of a citizen and of strangers.

        No two are equal, so that nothing is kept.
        """
        sent = list(documents(Random(1)).values())  # noqa: S311 - made from a seed
        other = await demo_sign_in(self.site.url, "citizen", OTHER_CITIZEN)
        senders = [Load(self.site.url, token) for token in (other, None)]
        apart = Tally()

        async def hostile(number: int) -> None:
            await senders[number % 2].ask(f"{sent[number % len(sent)]}\n#{number}", apart)

        tally = await self.load.arriving(4 * self.peak, SECONDS, MIXED, fifth=hostile)
        return [
            at_least("L9 good answers beside the peak", tally.rate / self.peak, 0.7 / MARGIN),
            at_most("L9 answers that are neither good nor refused in time", tally.errors, 0),
            at_most("L9 seconds to refuse, p95", percentile(tally.refused, 0.95), 0.05 * MARGIN),
        ]

    async def slow_source(self) -> list[Finding]:
        """L3: DigiLocker takes thirty seconds; those who ask it do not take room from the others."""
        normal = await self._others_beside(0)
        await self._fault("digilocker", "silence")
        slow = await self._others_beside(10)
        await self._heal("digilocker")
        return [
            at_least("L3 others' throughput beside that of normal days", slow.rate / normal.rate, 0.95 / MARGIN),
            at_most("L3 others' errors", slow.errors, 0),
        ]

    async def dead_sources(self) -> list[Finding]:
        """L4: every source is dead; our own store answers as ever."""
        normal = await self.load.closed(8, SECONDS / 2, MIXED)
        systems = ("digilocker", "apisetu", "umang", "dbt_finance", "sso", "csc", "etaal")
        for system in systems:
            await self._fault(system, "refuse")
        dead = await self.load.closed(8, SECONDS / 2, MIXED)
        for system in systems:
            await self._heal(system)
        return [
            at_least("L4 throughput beside that of normal days", dead.rate / normal.rate, 0.95 / MARGIN),
            at_most("L4 errors", dead.errors + len(dead.refused), 0),
        ]

    async def lateness(self) -> list[Finding]:
        """L7: the event loop's lateness with hostile documents mixed in, beside that of the whole run."""
        before = await self._lateness()
        await self.load.closed(4, SECONDS / 2, (CATALOGUE, HOSTILE, "{ " + "a " * 1200 + "}", CATALOGUE))
        after = await self._lateness()
        late, all_of_them = (after[0] - before[0], after[1] - before[1])
        return [
            at_most(
                "L7 share of ticks later than 50 ms", late / max(all_of_them, 1), 0.01 * MARGIN * (5 if SHORT else 1)
            )
        ]

    async def one_citizen(self) -> list[Finding]:
        """L8: an officer's smallest query beside one citizen with 25 sockets of ten subscriptions and thirty drafts."""
        citizen = OneCitizen(self.session, self.site.url, self.site.citizen)
        officer = Load(self.site.url, self.site.officer)
        ask = ("{ viewer { __typename } }",)
        alone = await officer.closed(1, SECONDS / 2, ask, think=0.05)
        beside = asyncio.ensure_future(citizen.run(SECONDS))
        tally = await officer.closed(1, SECONDS, ask, think=0.05)
        await beside
        print(
            f"load: one citizen got {citizen.sockets} sockets and {citizen.followed} subscriptions, saved "
            f"{citizen.saved} drafts and was told {citizen.told} times; without her the officer's median is "
            f"{percentile(alone.good, 0.5) * 1000:.0f} ms, her worst answer {max(alone.good) * 1000:.0f} ms",
            flush=True,
        )
        return [
            at_most("L8 officer's answers that are not good", tally.errors + len(tally.refused), 0),
            at_most("L8 officer's median in seconds", percentile(tally.good, 0.5), 0.05 * MARGIN),
            at_most("L8 officer's worst answer in seconds", max(tally.good, default=0.0), 0.3 * MARGIN),
        ]

    async def _others_beside(self, waiting: int) -> Tally:
        """What four users get who ask our own store, beside so many who ask the locker."""
        others = asyncio.ensure_future(self.load.closed(4, SECONDS, MIXED))
        await self.load.closed(waiting, SECONDS * 0.8, (LOCKER,), think=0.2)
        return await others

    async def _lateness(self) -> tuple[float, float]:
        """Ticks of the event loop that were later than 50 ms, and all."""
        text = (await self.http.get(f"{self.site.url}/metrics")).text
        found = {
            line.split(" ")[0]: float(line.split(" ")[1]) for line in text.splitlines() if "loop_late" in line[:20]
        }
        every = found['apuni_loop_late_seconds_bucket{le="+Inf"}']
        return every - found['apuni_loop_late_seconds_bucket{le="0.05"}'], every

    async def _ledger(self) -> list[dict[str, str]]:
        answer = await self.http.get(f"{self._city}/_control/digilocker/ledger", params={"after": 0})
        return list(answer.json()["entries"])

    async def _fault(self, system: str, kind: str) -> None:
        body: dict[str, object] = {"faults": [{"kind": kind, "route": "*", "calls": None, "params": {}}]}
        (await self.http.put(f"{self._city}/_control/{system}/faults", json=body)).raise_for_status()

    async def _heal(self, system: str) -> None:
        (await self.http.delete(f"{self._city}/_control/{system}/faults")).raise_for_status()

    @property
    def _city(self) -> str:
        return f"http://127.0.0.1:{runfiles.ports(self.site.home)['sandbox']}"


async def everything(site: Site) -> list[Finding]:
    """All phases, one after the other."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
        httpx.AsyncClient(timeout=30) as http,
    ):
        run = Run(site, session, http)
        phases: list[Callable[[], Awaitable[list[Finding]]]] = [
            run.fresh,
            run.herd,
            run.steady,
            run.overload,
            run.hostile_overload,
            run.slow_source,
            run.dead_sources,
            run.lateness,
            run.one_citizen,
        ]
        phases = [phase for phase in phases if phase.__name__ in sys.argv[1:] or len(sys.argv) == 1]
        found: list[Finding] = []
        for phase in phases:
            found += await phase()
            print(f"load: {phase.__name__} done", flush=True)
        print(f"load: one user {run.single * 1000:.1f} ms, at most {run.peak:.0f} answers a second", flush=True)
        return found


def main() -> int:
    """Run everything; 0 where every ratio holds."""
    with a_site() as site:
        found = uvloop.run(everything(site))
    lines = [
        "# Load",
        "",
        "| figure | value | bound | |",
        "| --- | ---: | ---: | --- |",
        *(each.row() for each in found),
    ]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[2:]))
    return 0 if all(each.holds for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
