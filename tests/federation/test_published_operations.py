"""A change of a subgraph that breaks a published operation is refused by `python -m tools.router check`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tools.router import EXAMPLE, app, department_sdl

pytestmark = pytest.mark.integration


OF_THE_EXAMPLE = (EXAMPLE / "operations.graphql").read_text(encoding="utf-8")
OTHER = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
type Query { stationCount: Int }
type Application @key(fields: "number") { number: String! pollutionConsent: String }
"""


def check(folder: Path, sdl: str, operations: str | None = OF_THE_EXAMPLE) -> Result:
    file, asked = folder / "department.graphql", folder / "operations.graphql"
    file.write_text(sdl, encoding="utf-8")
    asked.write_text(operations or "", encoding="utf-8")
    more = [] if operations is None else ["--operations", str(asked)]
    return CliRunner().invoke(app, ["check", str(file), *more])


@pytest.mark.long
def test_a_field_that_is_taken_away_is_told_with_the_operation_that_asks_for_it(tmp_path):
    whole, without = check(tmp_path, department_sdl()), check(tmp_path, department_sdl().replace("trees:", "stems:"))

    assert (whole.exit_code, without.exit_code) == (0, 1)
    assert "operations.graphql: Cannot query field 'trees' on type 'FellingPermit'." in without.output


@pytest.mark.long
def test_a_department_of_its_own_is_held_to_what_it_publishes_with_us_and_not_to_the_example(tmp_path):
    asked = "query Case($number: String!) { application(by: {number: $number}) { pollutionConsent } }"
    alone, whole = check(tmp_path, OTHER, None), check(tmp_path, OTHER, asked)
    without = check(tmp_path, OTHER.replace("pollutionConsent", "consent"), asked)

    assert (alone.exit_code, whole.exit_code, without.exit_code) == (0, 0, 1)
    assert "operations.graphql: Cannot query field 'pollutionConsent'" in without.output


def test_a_subgraph_that_does_not_compose_is_refused(tmp_path):
    clash = check(tmp_path, department_sdl() + "\ntype Notification { id: Int! }\n")

    assert clash.exit_code == 1
    assert "FIELD_TYPE_MISMATCH" in clash.output or "INVALID_FIELD_SHARING" in clash.output
