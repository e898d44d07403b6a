"""Every import contract holds, and breaks when it is broken on purpose."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "store", "actions", "integrations", "schema", "gateway")
BREACHES = {
    "Imports go one way": ("domain/money.py", "import store.engine"),
    "Partners do not know one another": ("integrations/umang/client.py", "import integrations.dbt_finance.client"),
    "Wire formats stay home": ("actions/submit.py", "import integrations.digilocker.wire"),
    "A sandbox is written from the contract a second time": (
        "integrations/umang/sandbox.py",
        "import integrations.umang.wire",
    ),
    "Schema, actions and domain speak neither HTTP nor SQL": ("actions/submit.py", "import httpx"),
    "The domain imports pure libraries only": ("domain/money.py", "import structlog"),
    "What is shipped reaches nothing of the checkout": ("gateway/limits.py", "import tools.reference.documents"),
    "No rings inside a package": ("domain/errors.py", "import domain.lifecycle"),
}


def lint(folder: Path) -> str:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def copy_of_the_rooms(tmp_path: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("static", "build", "__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


@pytest.mark.parametrize("contract", BREACHES)
def test_a_broken_contract_is_seen(copy_of_the_rooms, contract):
    module, offence = BREACHES[contract]
    path = copy_of_the_rooms / module
    path.write_text(path.read_text(encoding="utf-8") + f"\n{offence}\n", encoding="utf-8")

    report = lint(copy_of_the_rooms)

    broken = [line for line in report.splitlines() if line.strip().endswith("BROKEN")]
    assert any(contract in line for line in broken), report[-2000:]
