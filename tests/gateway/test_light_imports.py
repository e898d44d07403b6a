"""The serving process never loads the libraries that only the worker and the command line need (ADR 0017)."""

import json
import subprocess
import sys

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


def test_the_documents_do_load_them():
    code = "import sys, gateway.documents.renderer; print({'typst', 'pyhanko', 'segno'} <= set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)

    assert done.stdout.strip() == "True"
