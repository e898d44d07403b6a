"""docs/connectors.md section 1: its script runs from top to bottom, and shows what the page says."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from tests.support.built import built
from tests.support.connecting import SPECIMEN
from tests.support.forked import forking_program

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8").partition("\n## 2.")[0]
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SHOWN = re.findall(r"^    (\S.*)$", re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)


@pytest.mark.long
@pytest.mark.integration
def test_the_guide_takes_a_system_to_its_second_person(tmp_path: Path):
    home = tmp_path / "var"
    (home / "connectors").mkdir(parents=True)
    (home / "connectors" / SPECIMEN.name).write_bytes(SPECIMEN.read_bytes())
    path = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "APUNI_HOME": str(home), "APUNI_PORT": "8000", "PATH": path, "COLUMNS": "200"}
    city = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "sandbox"], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )
    try:
        assert city.stdout is not None
        assert city.stdout.readline().startswith(b"sandbox city: ")
        script = "set -euo pipefail\n" + "".join(BLOCKS)
        with forking_program(tmp_path):
            ran = subprocess.run(
                ["bash", "-c", script],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
            )
    finally:
        city.terminate()
        city.communicate(timeout=30)
    told = ran.stdout + ran.stderr
    assert ran.returncode == 0, told
    assert [line for line in SHOWN if line.rstrip("…") not in told] == []


def test_the_hash_on_the_page_is_that_of_the_example():
    assert hashlib.sha256(SPECIMEN.read_bytes()).hexdigest() in TEXT


def test_the_query_of_the_page_is_one_of_the_graph():
    graph: Any = built()
    queries = re.findall(r"^```graphql\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)

    assert [validate(graph._schema, parse(query)) for query in queries] == [[]]
