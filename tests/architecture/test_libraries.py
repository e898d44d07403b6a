import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_dependency_is_explained_and_nothing_else():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [
        *project["project"]["dependencies"],
        *(one for group in project["dependency-groups"].values() for one in group if isinstance(one, str)),
    ]
    tables = (ROOT / "docs" / "libraries.md").read_text().split("## Considered")[0]
    cells = [line.split("|")[1] for line in tables.splitlines() if line.startswith("| `")]

    explained = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]

    assert sorted(explained) == sorted(re.match(r"[\w.-]+", one).group() for one in declared)
