"""The rules hold before Prometheus' own promtool, which must be installed; `make promtool` runs this."""

import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"


@pytest.mark.parametrize(
    "command",
    ["check rules alarms.rules.yml", "test rules alarms.test.yml", "check config prometheus.yml"],
)
def test_promtool_finds_nothing_wrong(command):
    done = subprocess.run(["promtool", *command.split()], cwd=FOLDER, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
