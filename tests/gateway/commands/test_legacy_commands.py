"""`apuni import-applications`, as it is typed, and killed."""

import asyncio
import csv
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from gateway import cli
from gateway.runtime.composition import open_storage
from gateway.settings.settings import read_settings
from store.checks.verify import verify
from tests.support.forked import apuni_forked
from tests.support.legacy import old_row, old_rows, write_certificates, write_rows

WITHOUT_CERTIFICATES = (0, 1, 2, 3)


@pytest.fixture
def home(tmp_path, catalogue_alone, monkeypatch) -> Path:
    """A home whose store has the catalogue."""
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(catalogue_alone.path, folder / "store.db")
    monkeypatch.setenv("APUNI_HOME", str(folder))
    return folder


@pytest.fixture
def run(home, monkeypatch, capsys):
    """Types a command; gives its exit status, output and lines of stderr."""

    def typed(*words: object) -> tuple[int, str, list[str]]:
        monkeypatch.setattr(sys, "argv", ["apuni", "import-applications", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, [line for line in told.err.splitlines() if line[:1] != "{"]

    return typed


def wrong() -> list[str]:
    async def look() -> list[str]:
        async with open_storage(read_settings()) as rooms:
            checked = await verify(rooms.store, rooms.vault, rooms.objects, tell=lambda name, many: None)
            return [f"{one.code} {one.where}" for check in checked for one in check.findings]

    return asyncio.run(look())


def test_it_looks_first_then_imports_and_tells_what_it_left_out(run, tmp_path):
    path = write_rows(tmp_path / "rows.csv", [*old_rows(20), old_row(20) | {"channel": "PIGEON"}])
    files = write_certificates(tmp_path / "files", 20)

    looked = run(path, "--certificates", files, "--dry-run")
    listed = (tmp_path / "rows.csv.rejects.csv").read_bytes()
    done = run(path, "--certificates", files)
    again = run(path, "--certificates", files, "--json")

    assert (looked[0], done[0], again[0]) == (2, 2, 2)
    assert "20 would be taken over, 0 are there already, 1 would be left out" in looked[1]
    assert "20 taken over, 0 are there already, 1 left out" in done[1]
    assert any("21 rows (100 %)" in line and "a second" in line and "left" in line for line in done[2])
    assert {**json.loads(again[1]), "rejects": ""} == {
        "dryRun": False,
        "rows": 21,
        "imported": 0,
        "skipped": 20,
        "rejected": 1,
        "rejects": "",
    }
    assert (tmp_path / "rows.csv.rejects.csv").read_bytes() == listed
    with (tmp_path / "rows.csv.rejects.csv").open(encoding="utf-8", newline="") as lines:
        assert list(csv.DictReader(lines)) == [
            {
                "row": "21",
                "number": "UK19ES/0000020",
                "field": "channel",
                "code": "WORD_UNKNOWN",
                "reason": "the word is not one of those that are allowed",
            }
        ]
    assert wrong() == []


def test_the_rejects_are_json_lines_where_the_file_is_called_so(run, tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", [old_row(0) | {"channel": "PIGEON"}])
    assert run(path, "--rejects", tmp_path / "out.jsonl")[0] == 2
    assert json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))["code"] == "WORD_UNKNOWN"


def test_clocks_are_let_go_by_a_word_of_the_administrator(run, tmp_path):
    assert run(write_rows(tmp_path / "rows.jsonl", [old_row(3), old_row(13)]))[0] == 0
    assert "2 open applications wait for their clock, 2 of them" in run("--start-clock", "--dry-run")[1]
    assert json.loads(run("--start-clock", "--json")[1]) == {
        "held": 2,
        "overdue": 2,
        "started": 2,
        "certificates": 0,
    }
    assert "0 open applications wait" in run("--start-clock", "--dry-run")[1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nowhere.jsonl",), "cannot be read"),
        (("rows.jsonl", "--certificates", "rows.jsonl"), "no tar file"),
        ((), "name the file"),
        (("rows.jsonl", "--start-clock"), "no file goes with"),
        (("bad.csv",), "the column legacy_number is missing"),
    ],
)
def test_what_cannot_be_imported_is_told_in_a_line(run, tmp_path, monkeypatch, words, why):
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.jsonl", old_rows(1))
    (tmp_path / "bad.csv").write_text("service\n", encoding="utf-8")
    status, _, told = run(*words)
    assert status in (1, 2)
    assert why in " ".join(" ".join(told).replace("│", " ").split())


@pytest.mark.long
@pytest.mark.integration
@pytest.mark.parametrize("point", ["store.before_commit:3", "store.after_commit:3"])
def test_after_kill_9_it_goes_on_and_nothing_is_lost_or_there_twice(home, tmp_path, point):
    rows = [old_row(number) for number in range(3000) if number % 10 in WITHOUT_CERTIFICATES]
    rows[700] |= {"service": "none"}
    path = write_rows(tmp_path / "rows.jsonl", rows)
    command = ["import-applications", str(path), "--json"]

    killed = apuni_forked(command, {**os.environ, "APUNI_CRASH_AT": point})
    resumed = apuni_forked(command, os.environ)

    batches = 1 if point.startswith("store.before") else 2
    assert killed.returncode == -signal.SIGKILL
    assert f"goes on behind row {batches * 500}" in resumed.stderr
    told = json.loads(resumed.stdout)
    assert (told["rows"], told["imported"], told["skipped"], told["rejected"]) == (1200, 1199, 0, 1)
    listed = (tmp_path / "rows.jsonl.rejects.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in listed] == ["row", "701"]
    assert wrong() == []
