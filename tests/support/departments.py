"""The example subgraph of a department (docs/examples), as a module and as a process of its own."""

import importlib.util
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.running import free_port

PROGRAM = Path(__file__).parents[2] / "docs" / "examples" / "department_subgraph" / "department.py"
START_SECONDS = 30


def department() -> Any:
    """The example as a module; it lies outside of our packages."""
    name = "department_subgraph_example"
    if name not in sys.modules:
        found = importlib.util.spec_from_file_location(name, PROGRAM)
        if found is None or found.loader is None:
            raise LookupError(PROGRAM)
        module = sys.modules[name] = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    return sys.modules[name]


@contextmanager
def running_department(register: Path, secret_file: Path) -> Iterator[str]:
    """The example as a process; gives the address of its graph."""
    port = free_port()
    arguments = ["--register", str(register), "--secret-file", str(secret_file), "--port", str(port)]
    process = subprocess.Popen([sys.executable, str(PROGRAM), *arguments])
    url = f"http://127.0.0.1:{port}/graphql"
    try:
        _wait_until_it_answers(process, url)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while time.monotonic() < ends_at and process.poll() is None:
        try:
            httpx.post(url, json={"query": "{ __typename }"}, timeout=5)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the department did not start")
