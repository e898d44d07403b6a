"""The serving process never loads the libraries that only the worker and the command line need (ADR 0017)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running import free_port

HEAVY = {"typst", "PIL", "pyhanko", "segno", "asyncssh", "alembic", "fontpkg_noto_sans_devanagari"}
LIGHT = (
    "gateway.graphql.endpoint",
    "gateway.http.health",
    "gateway.http.metrics",
    "gateway.pages.status",
    "gateway.pages.site",
    "gateway.graphiql.page",
    "gateway.runtime.logs",
    "gateway.app",
)


def test_the_edge_loads_no_heavy_library():
    """One process loads them one after another, and tells after each what is there: the libraries are loaded once."""
    code = (
        f"import sys, json, importlib; heavy = {sorted(HEAVY)!r}; found = {{}}\n"
        f"for module in {LIGHT!r}:\n"
        "    importlib.import_module(module)\n"
        "    found[module] = [name for name in heavy if name in sys.modules]\n"
        "print(json.dumps(found))"
    )

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)

    assert json.loads(done.stdout) == {module: [] for module in LIGHT}


@pytest.mark.long
def test_the_documents_do_load_them():
    code = "import sys, gateway.documents.renderer; print({'typst', 'pyhanko', 'segno'} <= set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)

    assert done.stdout.strip() == "True"


UNUSED = {"redis", "rich", "pygments", "sqlalchemy.orm", "uvicorn.main"}
"""What aiocache, structlog, httpx, SQLAlchemy and uvicorn load of themselves."""


@pytest.mark.long
@pytest.mark.integration
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_service_without_a_shared_cache_loads_no_library_that_it_does_not_use(command: str, tmp_path: Path):
    """The service ends at a home that was never seeded, when all that it imports is imported."""
    code = (
        f"import sys; sys.argv = ['apuni', {command!r}]\n"
        "from gateway.cli import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        f"    print(*({UNUSED!r} | {{'gateway.app', 'gateway.worker.process'}}) & set(sys.modules))"
    )
    environment = {"PATH": os.environ["PATH"], "APUNI_HOME": str(tmp_path), "APUNI_PORT": str(free_port())}

    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120, env=environment
    )

    assert done.stdout.split() == [{"serve": "gateway.app", "worker": "gateway.worker.process"}[command]], done.stderr
