"""The installation of docs/new-state.md over an empty PostgreSQL."""

import re
from collections.abc import Iterator

import pytest

from tests.support.installation import PORTAL, ROOT, Installation
from tests.support.running import free_port

TEXT = (ROOT / "docs" / "new-state.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
VARIABLES = re.findall(r"^\| `([A-Z_]+)` \|", TEXT, re.MULTILINE)


@pytest.fixture(scope="session")
def installation(postgres_server, tmp_path_factory) -> Iterator[Installation]:
    """The settings that the document names, and no other."""
    folder = tmp_path_factory.mktemp("new-state")
    (folder / "states").symlink_to(ROOT / "states")
    store, vault = postgres_server.database(), postgres_server.database()
    given = {
        "APUNI_PROFILE": "staging",
        "APUNI_HOME": str(folder / "home"),
        "APUNI_PUBLIC_URL": PORTAL,
        "APUNI_PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        "APUNI_DATABASE_URL": postgres_server.url(store),
        "APUNI_VAULT_URL": postgres_server.url(vault),
        **dict.fromkeys(("APUNI_ALLOW_SOFTWARE_KEYS", "APUNI_ALLOW_UNSCANNED", "APUNI_ALLOW_OWN_COUNTERS"), "1"),
    }
    made = Installation({name: given[name] for name in VARIABLES}, folder)
    yield made
    made.stop()
    for name in (store, vault):
        postgres_server.drop(name)
