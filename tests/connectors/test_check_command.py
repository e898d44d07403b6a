"""`apuni connector check --since`: what a version takes away is told before anybody proposes it."""

import os
from pathlib import Path

import pytest

from tests.support.connecting import SPECIMEN
from tests.support.forked import apuni_forked

pytestmark = pytest.mark.integration
TEXT = SPECIMEN.read_text("utf-8")
RENT = "      rent: {from: rent, as: paise, unit: rupees, label: {hi: दैनिक किराया, en: Rent for a day}}\n"
NARROWER = TEXT.replace(RENT, "").replace(" rent: 125000,", "").replace("version: 1", "version: 2")


def checked(folder: Path, text: str) -> tuple[int, str]:
    """The status and the output of a check of a version against the example before it."""
    file = folder / "new.yaml"
    file.write_text(text, "utf-8")
    ran = apuni_forked(["connector", "check", str(file), "--since", str(SPECIMEN)], os.environ)
    return ran.returncode, ran.stdout


def test_a_field_that_goes_untold_is_a_fault(tmp_path: Path):
    status, told = checked(tmp_path, NARROWER)

    assert (status, "`machines.rent` is gone" in told) == (1, True)


def test_a_field_that_is_retired_is_told_and_right(tmp_path: Path):
    status, told = checked(tmp_path, f"{NARROWER}retired: [machines.rent]\n")

    assert (status, "retired: machines.rent" in told) == (0, True)
