"""PFMS on a real port for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.payments.files import Transport
from integrations.dbt_finance.pfms.exchange import FileExchange
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
def way() -> Transport:
    """By which way files go; a module that is about both names both."""
    return Transport.SFTP


@pytest.fixture
async def exchange(pfms: Pfms, way: Transport) -> AsyncIterator[FileExchange]:
    async with pfms.by(way) as client:
        yield client
