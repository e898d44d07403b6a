"""`apuni forms import|check`: what they do and what they say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from actions.kernel import Environment
from gateway.cli import app
from gateway.commands import forms as commands
from gateway.commands.forms import run_import
from gateway.runtime.form_files import form_files
from store.catalogue import forms
from tests.support.catalogued import Filled, a_copy

SETTINGS = cast("Any", None)
OWN = len(form_files()) - 1


@pytest.fixture
async def env(
    catalogue_alone: Filled, store_keyrings: Any, store_clock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Environment]:
    """A store with the catalogue, which the commands open."""
    async with a_copy(catalogue_alone, store_keyrings, store_clock, tmp_path) as copied:

        @asynccontextmanager
        async def opened(_settings: Any) -> AsyncIterator[Any]:
            yield SimpleNamespace(store=copied.store)

        monkeypatch.setattr(commands, "open_storage", opened)
        yield copied


async def test_an_import_tells_what_it_took_over_and_the_second_one_that_nothing_changed(env: Environment, capsys: Any):
    assert await run_import(SETTINGS, None, dry_run=True)
    assert capsys.readouterr().out.splitlines()[-1] == f"{OWN} forms would be taken over, 0 unchanged, 0 refused"
    assert await run_import(SETTINGS, None, dry_run=False)
    lines = capsys.readouterr().out.splitlines()
    assert "+ income-certificate" in lines
    assert lines[-1] == f"{OWN} forms taken over, 0 unchanged, 0 refused"
    assert await run_import(SETTINGS, None, dry_run=False)
    assert capsys.readouterr().out == f"0 forms taken over, {OWN} unchanged, 0 refused\n"


async def test_a_wrong_file_is_told_by_name_and_the_rest_is_taken_over(env: Environment, tmp_path: Path, capsys: Any):
    folder = tmp_path / "forms"
    folder.mkdir()
    for name, content in form_files().items():
        (folder / name).write_bytes(content)
    (folder / "caste-certificate.json").write_bytes(b"[" * 100_000)
    assert not await run_import(SETTINGS, folder, dry_run=False)
    said = capsys.readouterr()
    assert said.err == "apuni: caste-certificate.json is refused: TOO_DEEP at /: 16\n"
    assert said.out.splitlines()[-1] == f"{OWN - 1} forms taken over, 0 unchanged, 1 refused"
    async with env.store.read_transaction() as tx:
        assert len(dict((await forms.assigned_forms(tx)).values())) == OWN - 1


def test_a_folder_is_judged_without_a_store(tmp_path: Path):
    right = CliRunner().invoke(app, ["forms", "check"])
    assert (right.exit_code, len(right.stdout.splitlines())) == (0, OWN)
    (tmp_path / "broken.json").write_text("{}", encoding="utf-8")
    wrong = CliRunner().invoke(app, ["forms", "check", str(tmp_path)])
    assert (wrong.exit_code, wrong.stderr) == (1, "apuni: broken.json is refused: NOT_A_FORM at /schema/properties\n")
    empty = CliRunner().invoke(app, ["forms", "check", str(tmp_path / "nowhere")])
    assert empty.exit_code == 1
    assert "holds no form files" in empty.stderr
