"""docs/sandbox.md: its examples run, against the city alone, as a department developer would start it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.long
@pytest.mark.integration
def test_the_examples_run_from_top_to_bottom(tmp_path: Path):
    environment = {**os.environ, "APUNI_HOME": str(tmp_path / "var"), "APUNI_PORT": "8000"}
    command = [sys.executable, "-m", "gateway.cli", "sandbox"]
    city = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        assert city.stdout is not None
        assert city.stdout.readline().startswith(b"sandbox city: ")
        script = "set -euo pipefail\n" + "\necho\n".join(BLOCKS)
        ran = subprocess.run(
            ["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
    finally:
        city.terminate()
        city.communicate(timeout=30)
    assert ran.returncode == 0, ran.stderr
    for expected in (
        '"uri":"in.gov.pan-PANCR-6XUHA2E943"',
        "hmac: ",
        '"error":"invalid_authentication"',
        '"apmcName":"HALDWANI"',
        '{"files":[],"next":null}',
        '{"status":404,"code":"no_such_file"}',
        "the sandbox was told to answer so",
        "certificate has expired",
        '"seed":7',
        '"perSecond":2',
        '"effect":"fault status"',
        '"state":"RETURNED"',
        '{"out":{},"in":{},"archive":{},"failed":{}}',
        "2026-12-01T04:30:00",
    ):
        assert expected in ran.stdout
