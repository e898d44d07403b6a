"""Which pinned versions a dump of OSV names, and that the licences of all of them are on the list."""

import json
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tools.supply_chain import main, named_versions, pinned_versions

ROOT = Path(__file__).parents[2]
PINNED = {"strawberry-graphql": "0.341.2"}


def advisory(**affected: object) -> dict[str, object]:
    package = {"ecosystem": "PyPI", "name": "Strawberry.GraphQL"}
    return {"id": "GHSA-x", "affected": [{"package": package, **affected}]}


def within(*events: dict[str, str]) -> dict[str, object]:
    return advisory(ranges=[{"type": "ECOSYSTEM", "events": list(events)}])


@pytest.mark.parametrize(
    ("record", "named"),
    [
        (advisory(versions=["0.341.2"]), True),
        (advisory(versions=["0.341.1"]), False),
        (within({"introduced": "0"}), True),
        (within({"introduced": "0"}, {"fixed": "0.341.2"}), False),
        (within({"introduced": "0"}, {"fixed": "0.341.10"}), True),
        (within({"introduced": "0"}, {"last_affected": "0.341.2"}), True),
        (within({"introduced": "0"}, {"last_affected": "0.341.1"}), False),
        (within({"introduced": "0"}, {"fixed": "0.300"}, {"introduced": "0.341"}), True),
        (within({"introduced": "0.342"}), False),
        (within({"introduced": "0"}) | {"withdrawn": "2026-01-01T00:00:00Z"}, False),
    ],
)
def test_an_advisory_names_a_pinned_version_by_its_list_or_its_ranges(record, named):
    assert list(named_versions(record, PINNED)) == ([("strawberry-graphql", "0.341.2")] if named else [])


def test_an_advisory_of_another_ecosystem_names_nothing():
    record = {"affected": [{"package": {"ecosystem": "npm", "name": "strawberry-graphql"}, "versions": ["0.341.2"]}]}

    assert list(named_versions(record, PINNED)) == []


def test_a_dump_that_names_a_version_of_the_locks_ends_with_one_and_says_which(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    version = pinned_versions(ROOT)["starlette"]
    record = {
        "id": "GHSA-y",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "starlette"}, "versions": [version]}],
    }
    with ZipFile(tmp_path / "all.zip", "w") as dump:
        dump.writestr("GHSA-y.json", json.dumps(record))

    assert main([str(tmp_path / "all.zip")]) == 1
    assert capsys.readouterr().out.startswith(f"starlette=={version}  GHSA-y\n")


@pytest.mark.parametrize("content", [b"", b"no json", b"[1]"])
def test_what_is_no_dump_is_not_taken_for_a_clean_one(tmp_path, monkeypatch, content):
    monkeypatch.chdir(ROOT)
    (tmp_path / "dump").write_bytes(content)

    assert (main([str(tmp_path / "dump")]), main([])) == (2, 2)


def test_a_licence_that_is_not_on_the_list_is_refused():
    command = [str(Path(sys.executable).with_name("pip-licenses")), "--packages", "python-stdnum"]
    listed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    alone = subprocess.run([*command, "--allow-only", "MIT"], cwd=ROOT, check=False, capture_output=True)

    assert (listed.returncode, alone.returncode) == (0, 1)
