"""`make faults`: every adapter meets every fault, over real sockets (docs/reliability.md section 5.1).

Its result is one table, printed and written to build/faults.md. BOUND=ci runs the half that `bounded` names.
"""

import asyncio
import io
import logging
import os
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.runtime.logs import configure_logging
from tests.faults.adapters import ADAPTERS
from tests.faults.base import NEEDS, POOL, Adapter
from tests.faults.cells import Row, bounded, run_cells
from tests.faults.connectors import CONNECTOR_FACTORIES, CONNECTORS
from tests.faults.door import run_door
from tests.faults.doors import DOORS
from tests.faults.files import FILES
from tests.faults.kinds import Kind, kinds
from tests.faults.site import DEMO, Site, open_site

REPORT = Path(__file__).parents[2] / "build" / "faults.md"
AT_ONCE = 8
_TIMES = re.compile(r'"at":"[^"]*"')
ROWS: tuple[type[Adapter], ...] = (*ADAPTERS, *CONNECTORS)
CANARIES = ("Asha", "Negi", "नेगी", "Rawat", "Bisht", "98000", "@", "50100012345600", "054623423639", "6XUHA2E943")
CANARIES += ("Session expired", "told to answer", "aaaaaaaaaaaaaaaa", "Bearer", "sandbox-fault")


def chosen(bound: str) -> Mapping[type[Adapter], list[Kind]]:
    """The cells to run, by adapter: those that the adapter can tell, and of them the bounded half."""
    return {
        adapter: [
            kind
            for column, kind in enumerate(kinds())
            if kind.needs <= adapter.tells and (bound != "ci" or bounded(row, column, kind))
        ]
        for row, adapter in enumerate(ROWS)
    }


@pytest.mark.integration
@pytest.mark.timeout(900)
async def test_every_adapter_meets_every_fault(tmp_path: Path):
    log, started = io.StringIO(), time.monotonic()
    configure_logging(log, level=logging.DEBUG)
    cells = chosen(os.environ.get("BOUND", "full"))
    at_once = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        adapters: list[Adapter] = []
        for number, adapter in enumerate(cells):
            site = await stack.enter_async_context(
                open_site(tmp_path / str(number), adapter.system, create=CONNECTOR_FACTORIES.get(adapter.system))
            )
            adapters.append(adapter(site))
        parts = await asyncio.gather(*(run_cells(each.site, each, cells[type(each)], at_once) for each in adapters))
        secrets = [secret for each in adapters for secret in secrets_of(each.site)]
        doors = [
            await stack.enter_async_context(door.opened(tmp_path / f"door-{number}"))
            for number, door in enumerate(DOORS)
        ]
        parts += [await run_door(door) for door in doors]
        for number, exchange in enumerate(FILES):
            async with exchange.opened(tmp_path / f"files-{number}") as files:
                parts.append(await files.run(bounded=os.environ.get("BOUND") == "ci"))
                secrets += files.secrets()
    rows = [row for part in parts for row in part]
    table = written(rows, time.monotonic() - started)
    print(f"\n{table}")  # noqa: T201 - the table is the result
    REPORT.with_suffix(".log").write_text(log.getvalue(), encoding="utf-8")
    told = _TIMES.sub("", log.getvalue())  # else a thousandth of a second is taken for a telephone's number
    leaks = [word for word in (*CANARIES, *secrets) if word in told]
    assert leaks == [], "content of bodies is in the log"
    assert [(row.adapter, row.kind, row.faulty) for row in rows if row.faulty] == []


def secrets_of(site: Site) -> list[str]:
    """What onboarding handed over and what the pools hold: nothing of it may be logged."""
    names = ("client_secret", "api_key", "hmac_secret", "client_token", "onorc_token", "signing_secret")
    given = {**site.onboarding, **site.onboarding.get("push", {})}
    handed = [str(value) for name, value in given.items() if name.endswith(names)]
    pooled = [str(value) for pool in site.pools.values() for each in pool[:POOL] for value in _texts(each)]
    return [secret for secret in (*handed, *pooled) if len(secret) >= 12]


def _texts(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return [value[name] for name in ("access_token", "refresh_token") if name in value]
    return [value]


def written(rows: list[Row], seconds: float) -> str:
    """The table, also in build/faults.md."""
    adapters, faults = len({row.adapter for row in rows}), len({row.kind for row in rows})
    bad = sum(bool(row.faulty) for row in rows)
    head = [
        "# Fault matrix",
        "",
        f"{len(rows)} cells, {adapters} adapters, {faults} faults, {bad} not as they must be, {seconds:.0f} s.",
        "",
        "| Adapter | Fault | Nothing kept | Old copy kept | Seconds | Most upstream calls | Breaker | Verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines = [
        f"| {row.adapter} | {row.kind} | {row.cold} | {row.kept or '–'} | {row.seconds:.2f} | {row.upstream} "
        f"| {row.breaker} | {'; '.join(dict.fromkeys(row.faulty)) or 'ok'} |"
        for row in rows
    ]
    text = "\n".join([*head, *lines, "", *left_out(), ""])
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(text, encoding="utf-8")
    return text


def left_out() -> list[str]:
    """Which faults are not run for which adapter, and why."""
    head = ["## Not run, and why", "", "| Adapter | Needs | Faults | Why |", "|---|---|---|---|"]
    for adapter in ROWS:
        for need, why in adapter.why_not.items():
            names = ", ".join(kind.name for kind in kinds() if need in kind.needs)
            head.append(f"| {adapter.name} | {need} | {names} | {why} |")
    return head


def test_every_fault_is_run_or_said_why_not():
    for adapter in ROWS:
        assert adapter.tells | set(adapter.why_not) == set(NEEDS), adapter.name
        assert not adapter.tells & set(adapter.why_not), adapter.name
    assert {need for kind in kinds() for need in kind.needs} == set(NEEDS)


def test_the_demo_is_where_the_adapters_look_for_it():
    assert DEMO.is_dir()
