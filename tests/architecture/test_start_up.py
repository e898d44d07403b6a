"""What the gateway must not load: heavy libraries belong to the worker and the command line."""

import subprocess
import sys

HEAVY = {"typst", "pyhanko", "asyncssh", "alembic"}


def test_the_gateway_loads_no_heavy_library():
    code = "import sys, gateway.app; print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert HEAVY.isdisjoint(done.stdout.split())
