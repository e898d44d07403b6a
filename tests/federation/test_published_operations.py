"""A change of a subgraph that breaks a published operation is refused by `python -m tools.router check`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tools.router import app, department_sdl

pytestmark = pytest.mark.integration


def check(folder: Path, sdl: str) -> Result:
    file = folder / "department.graphql"
    file.write_text(sdl, encoding="utf-8")
    return CliRunner().invoke(app, ["check", str(file)])


def test_a_field_that_is_taken_away_is_told_with_the_operation_that_asks_for_it(tmp_path):
    whole, without = check(tmp_path, department_sdl()), check(tmp_path, department_sdl().replace("trees:", "stems:"))

    assert (whole.exit_code, without.exit_code) == (0, 1)
    assert "department: Cannot query field 'trees' on type 'FellingPermit'." in without.output


def test_a_subgraph_that_does_not_compose_is_refused(tmp_path):
    clash = check(tmp_path, department_sdl() + "\ntype Notification { id: Int! }\n")

    assert clash.exit_code == 1
    assert "FIELD_TYPE_MISMATCH" in clash.output or "INVALID_FIELD_SHARING" in clash.output
