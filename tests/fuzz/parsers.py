"""`make fuzz`, second part: every reader of what strangers send, fuzzed where its code branches.

Source: docs/reliability.md section 5.11. It begins with the payloads of the contracts and with what once failed, which
tests/fuzz/corpus keeps: one input a line, in Base64 as libFuzzer tells it. BOUND=full takes half a minute for each.
"""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import ROOT, TARGETS, seeds
from tests.support.bounds import rounds

CORPUS = Path(__file__).parent / "corpus"
SECONDS = rounds(5, ci=5, full=30)
SEED = os.environ.get("SEED", "1")
LONGEST = 2000
"""Octets of one input."""


def guided(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the fuzzer over one target; what it found is at the end of its errors."""
    command = [sys.executable, "-m", "tests.fuzz.guided", name, f"-max_len={LONGEST}", "-rss_limit_mb=2048", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)


def kept(name: str) -> list[bytes]:
    """What once failed."""
    file = CORPUS / f"{name}.txt"
    return [base64.b64decode(line) for line in file.read_text("ascii").split()] if file.exists() else []


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_is_read_or_refused_as_the_reader_promises(name, tmp_path):
    begun = tmp_path / "begun"
    begun.mkdir()
    for number, content in enumerate([*kept(name), *seeds(name)]):
        (begun / str(number)).write_bytes(content)

    run = guided(name, str(begun), f"-max_total_time={SECONDS}", f"-seed={SEED}", f"-artifact_prefix={tmp_path}/")

    assert run.returncode == 0, run.stderr[-1500:]
    assert "Done " in run.stderr
