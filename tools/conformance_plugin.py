"""Has graphql-core's own tests execute compiled operations; for tools/conformance.py."""

import collections
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from graphql.execution.incremental.incremental_executor import IncrementalExecutor

from gateway.graphql.execution.executor import CompiledExecution
from gateway.graphql.execution.plans import Plans

REPORT = "CONFORMANCE_REPORT"
"""The variable that names the file for the report; where it names none, graphql-core's executor stays in its place."""

_ways: collections.Counter[str] = collections.Counter()
_wrong: list[str] = []


class CompiledCore(CompiledExecution, IncrementalExecutor):  # type: ignore[type-arg,misc]
    """What graphql-core uses where no executor is named, and ours before it."""

    plans = Plans(lambda way: _ways.update([way]), after=0)


if os.environ.get(REPORT):
    execute: Any = sys.modules["graphql.execution.execute"]
    execute.IncrementalExecutor = CompiledCore


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which tests fail."""
    if report.failed:
        _wrong.append(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write how operations were executed, and the tests that failed."""
    path = os.environ.get(REPORT)
    if path:
        Path(path).write_text(json.dumps({"ways": _ways, "failed": sorted(set(_wrong))}), encoding="utf-8")
