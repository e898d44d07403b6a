"""What the gateway must not load: heavy libraries belong to the worker and the command line."""

import subprocess
import sys

HEAVY = {"typst", "pyhanko", "asyncssh", "alembic"}


def test_the_gateway_loads_no_heavy_library():
    code = "import sys, gateway.app; print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert HEAVY.isdisjoint(done.stdout.split())


def test_the_settings_load_nothing_that_speaks_to_outside_systems():
    """Every command reads them, also those that only look into the store."""
    code = "import sys, gateway.settings.settings; print(' '.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name for name in done.stdout.split() if name.startswith("integrations.")}
    assert loaded == {"integrations.registry"}
    assert {"httpx", "asyncssh"}.isdisjoint(done.stdout.split())
