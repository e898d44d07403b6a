"""`make fuzz`, second part: every reader of what strangers send, fuzzed where its code branches (RELIABILITY.md 5.11).

A target's corpus is kept in tests/fuzz/corpus, one input a line in Base64. BOUND=full takes half a minute for each and
writes the corpus that it came to, made small; what is new in it is committed.
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
    """The corpus of a target."""
    return [base64.b64decode(line) for line in (CORPUS / f"{name}.txt").read_text("ascii").split()]


def keep(name: str, folder: Path) -> None:
    """Write down the corpus that a run came to."""
    lines = sorted(base64.b64encode(path.read_bytes()).decode() for path in folder.iterdir())
    (CORPUS / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), "ascii")


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_is_read_or_refused_as_the_reader_promises(name, tmp_path):
    begun, small = tmp_path / "begun", tmp_path / "small"
    begun.mkdir()
    small.mkdir()
    for number, content in enumerate([*kept(name), *seeds(name)]):
        (begun / str(number)).write_bytes(content)

    run = guided(name, str(begun), f"-max_total_time={SECONDS}", f"-seed={SEED}", f"-artifact_prefix={tmp_path}/")

    assert run.returncode == 0, run.stderr[-3000:]
    assert "Done " in run.stderr
    if os.environ.get("BOUND") == "full":
        assert guided(name, "-merge=1", str(small), str(begun)).returncode == 0
        keep(name, small)
