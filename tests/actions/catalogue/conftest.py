"""An office with a till and a press for certificates."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actions.catalogue.form_import import import_forms
from gateway.documents.renderer import CertificateRenderer
from store.database import Keyrings
from tests.support.actions import World
from tests.support.fees import open_tills
from tests.support.state import form_files
from tests.support.walks import PAPER, Office


@pytest.fixture(scope="module")
def press(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("press")
    Keyrings(folder).init()
    return folder


@pytest.fixture
async def office(world: World, press: Path, tmp_path: Path) -> AsyncIterator[Office]:
    await import_forms(world.env.store, form_files())
    await world.link_locker(world.asha)
    world.locker.documents = (PAPER,)
    renderer = CertificateRenderer(Keyrings(press), press / "certificates", world.clock)
    with open_tills(world, tmp_path / "tills") as tills:
        yield Office(world, tills, renderer, press / "certificates" / "test-authority.crt")
