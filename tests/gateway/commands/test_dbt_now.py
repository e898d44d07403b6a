"""`apuni dbt send-now` and `fetch-now`, run as an operator runs them, by either way to a running PFMS."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.benefits.benefits import PaymentStatus
from domain.kernel import ManualClock
from domain.payments.files import Transport
from sandbox.city.kit import load_demo
from sandbox.city.serving import City
from sandbox.server import sandbox_factories
from store.database import FieldCipher, Keyrings, Store
from tests.support.forked import apuni_forked_beside
from tests.support.payments import Paying
from tests.support.worlds import a_world

pytestmark = [pytest.mark.integration, pytest.mark.long]
ROOT = Path(__file__).parents[3]
ELEVEN = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
"""Tuesday, 11:00 in India."""
AT_ONCE: dict[str, Any] = {
    "check_minutes": 0,
    "validation_hours": 0,
    "credit_hours": 0,
    "return_hours": 0,
    "bank_runs": [],
}


@dataclass
class Office:
    """An installation at rest with payments that are due, its running sandboxes, and what an operator does there."""

    home: Path
    city: City
    paying: Paying

    async def apuni(self, *words: str, **settings: str) -> tuple[int, str, str]:
        """A command in a process of its own, to its end: exit status, output, complaints."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("APUNI_")}
        own = {"APUNI_HOME": str(self.home), "APUNI_CLOCK": "sandbox", **settings}
        done = await apuni_forked_beside(words, {**kept, **own})
        return done.returncode, done.stdout, done.stderr

    async def pfms(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Let PFMS do something."""
        return await self.city.sandboxes["pfms"].act(action, arguments)


@pytest.fixture
async def office(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Office]:
    home = tmp_path / "var"
    home.mkdir()
    shutil.copy(migrated_sqlite, home / "store.db")
    keyrings = Keyrings(home / "keys")
    keyrings.init()
    city = City(home, load_demo(ROOT / "demo"), port=0, gateway_url="", factories=sandbox_factories())
    await city.start()
    await at(city, ELEVEN)
    clock = ManualClock(ELEVEN)
    store = await Store.open(f"sqlite:///{home / 'store.db'}", cipher=FieldCipher(keyrings), clock=clock)
    try:
        async with a_world(store, keyrings, clock, tmp_path) as world:
            yield Office(home, city, Paying(world, None))  # type: ignore[arg-type] - only its store is used
    finally:
        await store.close()
        await city.stop()


async def at(city: City, now: datetime) -> None:
    async with httpx.AsyncClient(trust_env=False) as control:
        told = {"now": now.isoformat()}
        answer = await control.put(f"http://127.0.0.1:{city.ports['sandbox']}/_control/clock", json=told)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("way", Transport)
async def test_an_operator_registers_pays_and_hears_by_commands_alone(office: Office, way: Transport) -> None:
    made = await office.paying.sanctioned(2)
    await office.pfms("configure", **AT_ONCE)
    by = {"APUNI_PFMS__TRANSPORT": way.value}

    assert await office.apuni("dbt", "send-now", **by) == (0, "apuni: 1 batches made, 1 sent\n", "")
    await office.pfms("pick_up")
    assert await office.apuni("dbt", "fetch-now", **by) == (0, "apuni: 2 files settled\n", "")
    assert await office.apuni("dbt", "send-now", **by) == (0, "apuni: 1 batches made, 1 sent\n", "")
    await office.pfms("pick_up")
    assert await office.apuni("dbt", "fetch-now", **by) == (0, "apuni: 3 files settled\n", "")

    assert await office.paying.statuses(made) == [PaymentStatus.CREDITED] * 2
    assert (await office.pfms("orders"))["total"] == {"count": 2, "paise": 300_000}


@pytest.mark.parametrize("way", Transport)
async def test_a_pfms_that_is_away_is_said_in_one_line_and_by_the_exit_status(office: Office, way: Transport) -> None:
    await office.paying.sanctioned(1)
    by = {"APUNI_PFMS__TRANSPORT": way.value}
    office.city.sandboxes["pfms"].faults.set([{"kind": "refuse"}])
    await office.city._refresh("pfms")

    code, out, err = await office.apuni("dbt", "send-now", **by)
    assert (code, out) == (1, "apuni: 1 batches made, 0 sent\n")
    assert err == "apuni: 0905DBTBENREQ241120261 is not sent: connection_failed\n"
    assert await office.apuni("dbt", "fetch-now", **by) == (1, "", "apuni: PFMS cannot be asked: connection_failed\n")
