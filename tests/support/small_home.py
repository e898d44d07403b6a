"""Seeds a home with the catalogue and the demo's people only, in a tenth of the time: `small_home.py HOME PORT`."""

import asyncio
import logging
import sys
from dataclasses import replace
from pathlib import Path

from actions.catalogue.catalogue_import import import_catalogue
from demo.seed.seed import seed_people
from demo.seeding import catalogue_rows
from domain.kernel import ManualClock
from gateway.runtime.composition import open_runtime
from gateway.runtime.logs import configure_logging
from gateway.settings.settings import Settings
from sandbox.city.kit import load_demo
from states.packages import state_folder
from store.database import migrate

ROOT = Path(__file__).resolve().parents[2]


async def sow(home: Path, port: int) -> None:
    """Fill an empty home; the sandboxes must be up."""
    configure_logging(level=logging.WARNING)
    settings = Settings(home=home, port=port)
    await migrate(settings.store_url)
    async with open_runtime(settings) as house:
        loaded = await import_catalogue(house.environment, catalogue_rows(state_folder()))
        env = replace(house.environment, rules=replace(house.environment.rules, calendar=loaded.calendar))
        await seed_people(env, load_demo(ROOT / "demo"), ManualClock(env.clock.now()), "small")


if __name__ == "__main__":
    asyncio.run(sow(Path(sys.argv[1]), int(sys.argv[2])))
