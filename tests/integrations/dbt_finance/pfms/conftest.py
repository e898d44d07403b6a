"""PFMS on a real port for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations.dbt_finance.pfms_exchange import SftpExchange
from tests.support.pfms import Pfms, open_pfms


@pytest.fixture
async def pfms(tmp_path: Path) -> AsyncIterator[Pfms]:
    world = open_pfms(tmp_path)
    (service,) = world.sandbox.services
    await service.start()
    yield world
    await service.stop()
    world.sandbox.close()


@pytest.fixture
async def exchange(pfms: Pfms) -> AsyncIterator[SftpExchange]:
    client = pfms.exchange()
    yield client
    await client.aclose()
