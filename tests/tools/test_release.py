"""The last release is the same wherever it stands."""

import shutil
from pathlib import Path

import pytest

from tools.release import PLACES, faults

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the files in which a release stands."""
    for place in ("CHANGELOG.md", *PLACES):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / place, tmp_path / place)
    return tmp_path


def test_this_tree_says_one_version_everywhere() -> None:
    assert list(faults(ROOT)) == []


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_was_forgotten_is_named(place: str, tree: Path) -> None:
    changes = tree / "CHANGELOG.md"
    newer = changes.read_text(encoding="utf-8").replace("## Unreleased\n", "## Unreleased\n\n## 99.0.0 (2099-01-01)\n")
    changes.write_text(newer, encoding="utf-8")

    assert place in {fault.partition(":")[0] for fault in faults(tree)}


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("## 99.0.0\n", "CHANGELOG.md: the headings are"),
        ("## 0.0.1 (2099-01-01)\n", "CHANGELOG.md: 0.0.1 of 2099-01-01 stands above"),
        ("## 99.0.0 (2001-01-01)\n", "CHANGELOG.md: 99.0.0 of 2001-01-01 stands above"),
    ],
)
def test_sections_are_dated_and_the_newest_comes_first(section: str, told: str, tree: Path) -> None:
    changes = tree / "CHANGELOG.md"
    changed = changes.read_text(encoding="utf-8").replace("## Unreleased\n", f"## Unreleased\n\n{section}")
    changes.write_text(changed, encoding="utf-8")

    assert next(faults(tree)).startswith(told)
