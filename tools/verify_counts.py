"""Recompute the counts of a day from the exported ledger, without any part of the gateway.

    python3 verify_counts.py 2026-11-24.jsonl
    python3 verify_counts.py 2026-11-24.jsonl --revision 57 --link 9f0c... --total 412

Needs Python 3.11 and nothing else. `apuni etaal export` writes the file, one JSON object a line. A line says everything
about one row of the ledger, and `link`: the SHA-256 of the link of the line before (64 zeros before the first)
followed by the canonical JSON of the line without its link (names sorted, no blanks, letters as they are, UTF-8). So
nothing can be changed, taken out or put in without another link at the end, which is what
`transactionCounts.proof.link` shows, and what the audit log keeps of a day that was closed.

Prints as JSON what it recomputed: link, total, districts, and the rows as e-Taal is told them. The exit status is 1,
with a line on standard error, where the file does not hold together or a figure that was given is another one.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

STATE = "5"
ASSISTED = {"CSC", "E_DISTRICT", "SCHOOL", "CAMP", "DOORSTEP"}
MOBILE = {"MOBILE", "UMANG", "WHATSAPP"}

Row = dict[str, Any]


class Wrong(Exception):
    """The export is not what it should be."""


def canonical(row: Row) -> str:
    """The text of a row that is hashed."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def read(lines: Iterable[str], revision: int | None) -> tuple[list[Row], str]:
    """The rows up to a revision, and the last link; raises Wrong where a line does not follow from those before."""
    link = "0" * 64
    rows: list[Row] = []
    keys: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if revision is not None and number > revision:
            break
        row = json.loads(line)
        said = row.pop("link")
        link = hashlib.sha256((link + canonical(row)).encode()).hexdigest()
        if said != link or row["sequence"] != number:
            raise Wrong(f"line {number} does not follow from the one before")
        if row["key"] in keys:
            raise Wrong(f"line {number} counts an event for the second time")
        if row["corrects"] is not None and row["corrects"] not in keys:
            raise Wrong(f"line {number} takes back what was not counted")
        keys.add(row["key"])
        rows.append(row)
    if revision is not None and len(rows) != revision:
        raise Wrong(f"there are only {len(rows)} lines")
    if len({row["day"] for row in rows}) > 1:
        raise Wrong("there are lines of several days")
    return rows, link


def channel_of(row: Row) -> str:
    """e-Taal's word for a channel."""
    if row["channel"] in ASSISTED:
        return "ASSISTED"
    return "MOBILE" if row["channel"] in MOBILE else "SELF"


def sum_rows(rows: Sequence[Row]) -> dict[str, Any]:
    """Total, districts, and rows under e-Taal's codes. A service stands where its last line says."""
    stands = {row["service"]: row["stands"] for row in rows}
    districts: Counter[str] = Counter()
    told: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows:
        if not row["count"]:
            continue
        districts[row["district"]] += row["count"]
        standing = stands[row["service"]]
        if standing == "-":
            continue  # the service starts later with e-Taal
        code, category, level = standing.split("|") if standing else (f"LOCAL-{row['service']}", row["category"], "")
        told[code, STATE if level == "STATE" else row["district"], category, channel_of(row)] += row["count"]
    return {
        "total": sum(districts.values()),
        "districts": {place: count for place, count in sorted(districts.items()) if count},
        "rows": [
            {"serviceCode": code, "locationCode": place, "category": category, "channel": channel, "count": count}
            for (code, place, category, channel), count in sorted(told.items())
            if count
        ],
    }


def recompute_day(export: Path, revision: int | None) -> dict[str, Any]:
    """Everything that follows from the file."""
    with export.open(encoding="utf-8") as lines:
        rows, link = read(lines, revision)
    return {"day": rows[0]["day"] if rows else None, "revision": len(rows), "link": link, **sum_rows(rows)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Recompute, compare with what was given, print."""
    parser = argparse.ArgumentParser(description="Recompute the counts of a day from the exported ledger.")
    parser.add_argument("export", type=Path, help="the file that `apuni etaal export` wrote")
    parser.add_argument("--revision", type=int, help="as the day was at this revision; without it, at the last one")
    parser.add_argument("--link", help="the link that must come out, as transactionCounts.proof shows it")
    parser.add_argument("--total", type=int, help="the total that must come out")
    given = parser.parse_args(arguments)
    try:
        came = recompute_day(given.export, given.revision)
    except (Wrong, AttributeError, KeyError, TypeError, ValueError, OSError) as error:
        sys.stderr.write(f"verify_counts: {error}\n")
        return 1
    for name in ("link", "total"):
        expected = getattr(given, name)
        if expected is not None and expected != came[name]:
            sys.stderr.write(f"verify_counts: the {name} is another one: {came[name]}\n")
            return 1
    json.dump(came, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
