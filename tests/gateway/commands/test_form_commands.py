"""`apuni forms import|check`: what they do and what they say."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from actions.kernel import Environment
from domain.kernel import CommandFailed
from gateway.cli import app
from gateway.commands.forms import import_folder
from gateway.runtime.expected_failures import lines_of
from store.catalogue import forms
from tests.support.catalogued import Filled, a_copy
from tests.support.state import form_files

OWN = len(form_files()) - 1


@pytest.fixture
async def env(
    catalogue_alone: Filled, store_keyrings: Any, store_clock: Any, tmp_path: Path
) -> AsyncIterator[Environment]:
    """A store with the catalogue."""
    async with a_copy(catalogue_alone, store_keyrings, store_clock, tmp_path) as copied:
        yield copied


async def test_an_import_tells_what_it_took_over_and_the_second_one_that_nothing_changed(env: Environment, capsys: Any):
    await import_folder(env, dry_run=True)
    assert capsys.readouterr().out.splitlines()[-1] == f"{OWN} forms would be taken over, 0 unchanged, 0 refused"
    await import_folder(env)
    lines = capsys.readouterr().out.splitlines()
    assert "+ income-certificate" in lines
    assert lines[-1] == f"{OWN} forms taken over, 0 unchanged, 0 refused"
    await import_folder(env)
    assert capsys.readouterr().out == f"0 forms taken over, {OWN} unchanged, 0 refused\n"


async def test_a_wrong_file_is_told_by_name_and_the_rest_is_taken_over(env: Environment, tmp_path: Path, capsys: Any):
    folder = tmp_path / "forms"
    folder.mkdir()
    for name, content in form_files().items():
        (folder / name).write_bytes(content)
    (folder / "caste-certificate.json").write_bytes(b"[" * 100_000)
    with pytest.raises(CommandFailed) as refused:
        await import_folder(env, folder)
    assert refused.value.reasons == ["caste-certificate.json is refused: TOO_DEEP at /: 16"]
    assert capsys.readouterr().out.splitlines()[-1] == f"{OWN - 1} forms taken over, 0 unchanged, 1 refused"
    async with env.store.read_transaction() as tx:
        assert len(dict((await forms.assigned_forms(tx)).values())) == OWN - 1


def test_a_folder_is_judged_without_a_store(tmp_path: Path):
    right = CliRunner().invoke(app, ["forms", "check"])
    assert (right.exit_code, len(right.stdout.splitlines())) == (0, OWN)
    (tmp_path / "broken.json").write_text("{}", encoding="utf-8")
    wrong = CliRunner().invoke(app, ["forms", "check", str(tmp_path)])
    assert lines_of(wrong.exception) == ["broken.json is refused: NOT_A_FORM at /schema/properties"]
    empty = CliRunner().invoke(app, ["forms", "check", str(tmp_path / "nowhere")])
    assert "holds no form files" in str(empty.exception)
