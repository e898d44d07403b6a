"""Names of banks by the first four letters of the IFSC, as the bank master of PFMS spells them (banks.csv beside it).

INFERRED: the master itself is not public (docs/contracts/dbt_finance.md section 2.2). A branch of another bank has no
name here, and PFMS says so with the code for a bank that it does not know.
"""

import csv
from functools import cache
from importlib.resources import files


def bank_name(ifsc: str) -> str:
    """The bank of a branch; empty where it is not known."""
    return _banks().get(ifsc[:4].upper(), "")


@cache
def _banks() -> dict[str, str]:
    text = files("domain.reconciliation").joinpath("banks.csv").read_text(encoding="utf-8")
    return {row["ifsc"]: row["name"] for row in csv.DictReader(text.splitlines())}
