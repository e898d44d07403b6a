"""The page of imported files names columns that the files have, and says of each in words what it holds."""

import csv
from pathlib import Path

import pytest

from states.packages import read_package
from tools.reference.imported_files import FILES, imported_files

MODELS = {name: model for files in FILES.values() for name, model in files.items()}
FOLDER = Path(read_package().folder)


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.csv") if path.name in MODELS))
def test_each_column_that_is_read_is_in_the_file_of_the_state(name: str):
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        heading = set(next(csv.reader(file)))

    assert MODELS[name].model_fields.keys() - heading == OPTIONAL.get(name, set())


OPTIONAL = {"local_outcomes.csv": {"validity_months"}}
"""Columns that Uttarakhand has no use for."""


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("| `outcome` | `CERTIFICATE`, `BENEFIT`, `ORDER`, `LICENCE` | yes |", "a word of a list"),
        ("| `fee_inr` | rupees, with two decimals at most |  |", "an amount"),
        ("| `opens_on` | day, YYYY-MM-DD |  |", "a day"),
        ("| `open` | yes or no | yes |", "yes or no"),
        ("| `terms` | whole number, 1 to 12 |  |", "a number with its bounds"),
        ("| `service_code` | code |  |", "a code"),
    ],
)
def test_a_column_is_told_in_words(line: str, kind: str):
    assert line in imported_files(), kind
