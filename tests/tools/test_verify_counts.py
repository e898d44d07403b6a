"""The stranger's script recomputes a day from the export alone, and finds what was changed in it."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from actions.etaal.counts import day_counts, told_to_etaal
from domain.etaal.counting import (
    Category,
    CorrectionReason,
    CountingEvent,
    EnrolledService,
    Level,
    PlacedCounts,
    Transaction,
)
from store.etaal import etaal, ledger, ledger_seal

SCRIPT = Path(__file__).parents[2] / "tools" / "verify_counts.py"
DAY = date(2026, 11, 24)
ROW = Transaction("DELIVERED:0", CountingEvent.DELIVERED, DAY, "ES09", "57", "WEB", "A", 1, "2026-2")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The script in a Python that sees neither our code nor any package."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


@pytest.fixture
async def exported(sqlite_store: Any, tmp_path: Path) -> Any:
    """A day with districts, channels, a reversal, services with codes and without: the file, and what we tell of it."""
    places = [("57", "WEB"), ("57", "CSC"), ("45", "UMANG"), ("45", "DOORSTEP"), ("50", "WEB")]
    async with sqlite_store.write_transaction() as tx:
        for number, (district, channel) in enumerate(places * 3):
            service = ("ES09", "ES10", "UKX-ABCDEF")[number % 3]
            row = replace(
                ROW, event_key=f"DELIVERED:{number}", service_code=service, district=district, channel=channel
            )
            await ledger.record(tx, row)
    await ledger_seal.seal(sqlite_store)
    async with sqlite_store.write_transaction() as tx:
        before = await day_counts(tx, DAY)
        await ledger.reverse(tx, "DELIVERED:3", CorrectionReason.CERTIFICATE_REVOKED)
        await etaal.enrol(tx, EnrolledService("ES09", DAY, "UK0517", Category.A), by="test")
        await etaal.enrol(tx, EnrolledService("ES10", DAY, "UK0518", Category.F, Level.STATE), by="test")
    await ledger_seal.seal(sqlite_store)
    file = tmp_path / "day.jsonl"
    async with sqlite_store.read_transaction() as tx:
        rows = [json.dumps(said, ensure_ascii=False) async for said in ledger_seal.export_rows(tx, DAY)]
        now = await day_counts(tx, DAY)
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file, before, now


def as_told(placed: PlacedCounts) -> list[dict[str, Any]]:
    return [
        {
            "serviceCode": row.service_code,
            "locationCode": row.location_code,
            "category": row.category,
            "channel": row.channel,
            "count": row.count,
        }
        for row in told_to_etaal(placed.rows)
    ]


async def test_it_comes_to_what_the_gateway_tells_at_every_revision(exported: Any, sqlite_store: Any):
    file, before, now = exported
    for counts in (before, now):
        async with sqlite_store.read_transaction() as tx:
            placed = PlacedCounts(await ledger.counts_of(tx, DAY, counts.revision))
        done = run(file, "--revision", counts.revision, "--link", counts.link, "--total", counts.total)
        assert (done.returncode, done.stderr) == (0, "")
        came = json.loads(done.stdout)
        assert (came["link"], came["total"]) == (counts.link, counts.total)
        assert came["rows"] == as_told(placed)
        assert came["districts"] == dict(placed.districts)
    assert run(file).returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"count": 1', '"count": 2', "line 1 does not follow"),
        ('"district": "57"', '"district": "45"', "line 1 does not follow"),
        ('"link": "', '"link": "0', "line 1 does not follow"),
    ],
)
def test_a_changed_line_is_found(exported: Any, old: str, new: str, words: str):
    file, _, _ = exported
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    done = run(file)
    assert done.returncode == 1
    assert words in done.stderr


def test_a_line_that_is_gone_or_stands_elsewhere_is_found(exported: Any):
    file, _, now = exported
    lines = file.read_text("utf-8").splitlines()
    for spoilt in (lines[1:], [lines[1], lines[0], *lines[2:]], [*lines[:4], *lines[5:]]):
        file.write_text("\n".join(spoilt), "utf-8")
        assert run(file).returncode == 1
    file.write_text("\n".join(lines[:-1]), "utf-8")
    done = run(file, "--link", now.link)
    assert done.returncode == 1
    assert "the link is another one" in done.stderr
    assert run(file, "--revision", now.revision).returncode == 1


@pytest.mark.parametrize("content", ["not json", "1", "[]"])
def test_what_is_no_export_is_said_in_one_line(tmp_path: Path, content: str):
    file = tmp_path / "nothing.jsonl"
    file.write_text(content, "utf-8")
    for given in (file, tmp_path / "absent"):
        done = run(given)
        assert done.returncode == 1
        assert done.stderr.startswith("verify_counts: ")
        assert "Traceback" not in done.stderr
