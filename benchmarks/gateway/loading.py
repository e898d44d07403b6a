"""Load by wrk, which is written in C and so takes little of the processor that it shares with what it loads."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

SCRIPT = Path(__file__).with_name("post.lua")
LONGEST_SECONDS = 20
"""After so long an answer is given up."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What is posted again and again: a body with a bearer token, or without where it is empty."""

    token: str
    body: Mapping[str, Any]

    @property
    def line(self) -> str:
        """The line of the file that wrk reads."""
        return f"{self.token}\t{json.dumps(self.body, separators=(',', ':'))}\n"


@dataclass(frozen=True, slots=True)
class Load:
    """One load. `expected` is a text that every answer must contain, where there is any."""

    requests: Sequence[Sent]
    connections: int
    seconds: float
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a load: what was refused by the admission, broken on the line, and otherwise wrong; milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    refused: int
    broken: int
    wrong: int

    @property
    def good(self) -> int:
        """Answers that are what was asked for."""
        return self.requests - self.refused - self.wrong


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """What loads at the same time came to: sums, and the slowest times."""
    return Outcome(
        sum(each.requests for each in outcomes),
        max(each.seconds for each in outcomes),
        max(each.p50 for each in outcomes),
        max(each.p99 for each in outcomes),
        sum(each.refused for each in outcomes),
        sum(each.broken for each in outcomes),
        sum(each.wrong for each in outcomes),
    )


def missing_programs(*names: str) -> list[str]:
    """Which of these programs this machine does not have."""
    return [name for name in names if shutil.which(name) is None]


def put(loads: Mapping[str, Load]) -> list[Outcome]:
    """Put loads on their addresses at the same time. Raises RuntimeError where wrk cannot."""
    with ExitStack() as stack:
        begun = [stack.enter_context(_begun(url, load)) for url, load in loads.items()]
        return [_outcome(each) for each in begun]


@contextmanager
def _begun(url: str, load: Load) -> "Iterator[subprocess.Popen[str]]":
    with NamedTemporaryFile("w", suffix=".requests", encoding="utf-8") as file:
        file.writelines(each.line for each in load.requests)
        file.flush()
        told = {"BENCH_REQUESTS": file.name, "BENCH_EXPECTED": load.expected}
        command = ["wrk", "-t1", f"-c{load.connections}", f"-d{load.seconds:.0f}s", "--latency"]
        command += ["--timeout", f"{LONGEST_SECONDS}s", "-s", str(SCRIPT), url]
        yield subprocess.Popen(
            command, env={**os.environ, **told}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


def _outcome(process: "subprocess.Popen[str]") -> Outcome:
    said, _ = process.communicate(timeout=120)
    for line in said.splitlines():
        if line.startswith("RESULT "):
            return Outcome(**json.loads(line.removeprefix("RESULT ")))
    raise RuntimeError(f"wrk said:\n{said[-2000:]}")
