"""Says whether the last release is the same wherever it stands: `python -m tools.release` (CONTRIBUTING.md).

Ends with 1 and a line for each place that says otherwise than the newest dated section of CHANGELOG.md.
"""

import re
import sys
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

from packaging.version import Version

_SECTION = re.compile(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2})\)$", re.MULTILINE)
_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
PLACES = {
    "pyproject.toml": r'^version = "(.*)"$',
    "deploy/compose/compose.yaml": r"APUNI_IMAGE:-apuni:([^}]*)\}",
    "deploy/compose/env.example": r"^APUNI_IMAGE=apuni:(.*)$",
    "deploy/kubernetes/base/kustomization.yaml": r"newTag: (.*)$",
}
"""Where the version of the release stands, and by which pattern."""


def faults(root: Path) -> Iterator[str]:
    """What is not as it must be, a line each. Raises OSError where one of the files is not there."""
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    released = [(Version(version), date.fromisoformat(day)) for version, day in _SECTION.findall(changes)]
    headings = _HEADING.findall(changes)
    if headings[:1] != ["Unreleased"] or len(headings) != len(released) + 1:
        yield "CHANGELOG.md: the headings are Unreleased, then each release as `0.2.0 (2026-11-29)`"
    for (newer, on), (older, before) in pairwise(released):
        if newer <= older or on < before:
            yield f"CHANGELOG.md: {newer} of {on} stands above {older} of {before}"
    for place, pattern in PLACES.items():
        said = re.findall(pattern, (root / place).read_text(encoding="utf-8"), re.MULTILINE)
        if not released or said != [str(released[0][0])]:
            yield f"{place}: says {', '.join(said) or 'no version'}, and not that of CHANGELOG.md"


def main() -> int:
    """Print what is wrong with this tree."""
    found = list(faults(Path(__file__).resolve().parents[1]))
    sys.stdout.write("\n".join(found or ["the release is the same wherever it stands"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
