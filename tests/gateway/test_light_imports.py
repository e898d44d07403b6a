"""The serving process never loads the libraries that only the worker and the command line need (DECISIONS.md)."""

import json
import subprocess
import sys

import pytest

HEAVY = {"typst", "PIL", "pyhanko", "segno", "asyncssh", "alembic", "fontpkg_noto_sans_devanagari"}
LIGHT = (
    "gateway.http.graphql",
    "gateway.http.health",
    "gateway.http.metrics",
    "gateway.http.status",
    "gateway.http.verify",
    "gateway.graphiql.page",
    "gateway.logs",
    "gateway.app",
)


@pytest.mark.parametrize("module", LIGHT)
def test_the_edge_loads_no_heavy_library(module: str):
    code = f"import sys, json, {module}; print(json.dumps(sorted(name.split('.')[0] for name in sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)

    assert HEAVY.isdisjoint(json.loads(done.stdout))


def test_the_documents_do_load_them():
    code = "import sys, gateway.documents.renderer; print({'typst', 'pyhanko', 'segno'} <= set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)

    assert done.stdout.strip() == "True"
