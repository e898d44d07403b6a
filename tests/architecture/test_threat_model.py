"""Each test that docs/security/threat-model.md names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CITED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_each_abuse_case_names_a_test_that_exists():
    rows = (ROOT / "docs/security/threat-model.md").read_text(encoding="utf-8").partition("## Abuse cases")[2]
    cited = CITED.findall(rows)
    missing = [
        f"{file}::{name}"
        for file, name in cited
        if not (ROOT / file).is_file()
        or not re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE)
    ]

    assert (len(cited) > 20, missing) == (True, [])
    assert rows.count("\n| ") - 2 == len(cited), "a row names no test"
