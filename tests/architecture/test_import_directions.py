"""Every import contract holds, and breaks when it is broken on purpose."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "store", "actions", "integrations", "schema", "states", "gateway", "legacy", "sandbox", "demo")
BREACHES = {
    "Imports go one way": ("domain/kernel/money.py", "import store.database.engine"),
    "Imports go one way: demo": ("gateway/app.py", "import demo.seeding"),
    "Imports go one way: demo, sandbox": ("gateway/app.py", "import sandbox.server"),
    "Imports go one way: demo, sandbox and legacy": ("gateway/app.py", "import legacy.batch"),
    "Partners do not know one another": ("integrations/umang/client.py", "import integrations.dbt_finance.jit.client"),
    "Wire formats stay home": ("actions/applications/submit.py", "import integrations.digilocker.requester.wire"),
    "A sandbox is written from the contract a second time": (
        "sandbox/umang/server.py",
        "import integrations.umang.wire",
    ),
    "Schema, actions and domain speak neither HTTP nor SQL": ("actions/applications/submit.py", "import httpx"),
    "The domain imports pure libraries only": ("domain/kernel/money.py", "import structlog"),
    "What is shipped reaches nothing of the checkout": (
        "gateway/settings/limits.py",
        "import tools.reference.documents",
    ),
    "The caller is built from parts": ("integrations/calling/policies.py", "import integrations.calling.remote"),
    "The treasury and PFMS are two systems": (
        "integrations/dbt_finance/jit/client.py",
        "import integrations.dbt_finance.pfms.models",
    ),
    "The issuer of documents does not know the requester": (
        "integrations/digilocker/issuer/models.py",
        "import integrations.digilocker.requester.models",
    ),
    "The nouns of actions have an order": ("actions/kernel/numbering.py", "import actions.fees.fees"),
    "The kernel of the graph knows no noun": ("schema/kernel/payloads.py", "import schema.applications.types"),
    "No circle of packages or modules": ("domain/kernel/errors.py", "import domain.applications.lifecycle"),
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

    broken = [line for line in report.splitlines() if " BROKEN" in line]
    assert any(contract in line for line in broken), report[-2000:]
