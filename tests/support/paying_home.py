"""Adds sanctions whose pensions go by files to a seeded home: `paying_home.py HOME PORT MANY`; the sandboxes are up.

A single officer may approve the pension of farmers there: who approves is not what is proved with it.
"""

import asyncio
import logging
import sys
from pathlib import Path

from sqlalchemy import select, update

from gateway.runtime.composition import open_runtime
from gateway.runtime.logs import configure_logging
from gateway.settings.settings import Settings
from store.catalogue.catalogue_rows import services_table
from store.identity.people import citizens_table
from tests.support.payments import GOOD, add_instalment

FARMERS = "ES94"


async def sow(home: Path, port: int, many: int) -> None:
    """Give the first citizen of the home so many sanctions with one payment each."""
    configure_logging(level=logging.WARNING)
    async with open_runtime(Settings(home=home, port=port)) as house:
        env = house.environment
        async with env.store.write_transaction() as tx:
            who = str((await tx.connection.execute(select(citizens_table.c.citizen_id).limit(1))).scalar_one())
            for number in range(1, many + 1):
                await add_instalment(env, tx, who, number, GOOD, 150_000)
            table = services_table
            alone = update(table).where(table.c.code == FARMERS).values(needs_second_pair=False)
            await tx.connection.execute(alone)


if __name__ == "__main__":
    asyncio.run(sow(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
