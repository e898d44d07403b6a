"""Synthetic old data for tests of the import: rows that are all good, of every kind, and drawn from a seed."""

import csv
import json
import random  # noqa: TID251 - the data come from a seed
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from stdnum import verhoeff

from actions.certificates.content import CertificateContent
from actions.kernel import Environment
from domain.identity.aliases import AliasKind
from domain.kernel import IST
from legacy.cells import COLUMNS
from legacy.files import CertificateFiles, FolderFiles
from legacy.import_rows import Bookmark
from legacy.imports import ImportStorage, Plan, bookmark_of, import_applications
from legacy.rejects import RejectsFile
from legacy.source import look_at
from store.applications import applications
from store.database import FieldCipher
from store.identity import aliases
from store.tables import metadata

BEGUN = datetime(2019, 4, 1, 10, 0, tzinfo=IST)
QUIET = (
    "outbox",
    "notices",
    "appeals",
    "escalations",
    "sanctions",
    "instalments",
    "e_transactions",
    "idempotency_records",
)
"""Tables in which an import leaves nothing: messages, appeals, warnings, payments, the ledger of e-Taal."""

INCOME, BIRTH, EMPLOYMENT, PENSION = "ES09", "birth-certificate-rural", "ES22", "ES90"
_NAMES = (
    ("Asha Negi", "आशा नेगी"),
    ("Sunil Rawat", "सुनील रावत"),
    ("Kamla Bisht", "कमला बिष्ट"),
    ("Harish Joshi", "हरीश जोशी"),
    ("Deepa Arya", "दीपा आर्य"),
)
_PLACES = (("49", "304"), ("50", None), ("Dehradun", None))
_CHANNELS = ("WEB", "CSC", "E_DISTRICT", "MOBILE")


def aadhaar(number: int) -> str:
    """A synthetic number, valid by its check digit, of those that begin with 9999 and are nobody's."""
    body = f"9999{number % 10_000_000:07d}"
    return body + verhoeff.calc_check_digit(body)


def old_row(number: int, *, seed: str = "old") -> dict[str, Any]:
    """One good row; the number says of which kind it is: of ten, six have a certificate and one is open."""
    drawn = random.Random(f"{seed}:{number}")
    submitted = BEGUN + timedelta(hours=drawn.randrange(24 * 365 * 5))
    english, hindi = drawn.choice(_NAMES)
    district, tehsil = _PLACES[number % 3]
    row: dict[str, Any] = {
        "legacy_number": f"UK19-ES/{number:07d}",
        "name_en": english,
        "name_hi": hindi,
        "father_name": "Bachan Singh",
        "born_on": f"{1950 + number % 50}-{1 + number % 12:02d}-{1 + number % 28:02d}",
        "gender": "F" if number % 2 else "M",
        "mobile": f"98{number % 100_000_000:08d}",
        "district": district,
        "tehsil": tehsil,
        "channel": _CHANNELS[number % 4],
        "submitted_at": submitted.isoformat(),
    }
    return {name: value for name, value in (row | _course(number, submitted)).items() if value is not None}


def _course(number: int, submitted: datetime) -> dict[str, Any]:
    days = timedelta(days=2 + number % 30)
    ended = (submitted + days).isoformat()
    match number % 10:
        case 0:
            return {"service": EMPLOYMENT, "outcome": "REJECTED", "ended_at": ended, "ground": "NOT_ELIGIBLE"} | {
                "officer": "Employment Officer",
                "reason": "The papers did not show it.",
            }
        case 1:
            return {"service": PENSION, "outcome": "DELIVERED", "ended_at": ended}
        case 2:
            return {"service": EMPLOYMENT, "outcome": "WITHDRAWN", "ended_at": ended}
        case 3:
            return {"service": INCOME, "outcome": "PENDING", "applicant_id": f"P{number}", "aadhaar": aadhaar(number)}
        case 4 | 5:
            return _with_certificate(number, submitted, days) | {"history": _history(submitted, days)}
        case _:
            return (
                _with_certificate(number, submitted, days)
                | {"ended_at": ended, "applicant_id": f"Q{number // 20}"}
                | {"born_on": "1984-03-14"}
            )


def _with_certificate(number: int, submitted: datetime, days: timedelta) -> dict[str, Any]:
    return {
        "service": INCOME if number % 2 else BIRTH,
        "outcome": "DELIVERED",
        "certificate_number": f"CERT/{number:07d}",
        "issued_on": (submitted + days).date().isoformat(),
        "certificate_file": f"{number % 7}/{number}.pdf",
        "form": {"annual_income": "96000", "financial_year": "2019-20"},
    }


def _history(submitted: datetime, days: timedelta) -> list[dict[str, str]]:
    asked, answered = submitted + days / 4, submitted + days / 2
    ended = submitted + days
    return [
        {"move": "SUBMIT", "at": submitted.isoformat()},
        {"move": "RAISE_QUERY", "at": asked.isoformat(), "by": "Tehsildar", "note": "Which year?"},
        {"move": "ANSWER_QUERY", "at": answered.isoformat()},
        {"move": "APPROVE", "at": ended.isoformat(), "by": "Tehsildar"},
        {"move": "ISSUE_CERTIFICATE", "at": ended.isoformat(), "by": "Tehsildar"},
        {"move": "DELIVER", "at": ended.isoformat()},
    ]


def old_rows(many: int, *, first: int = 0, seed: str = "old") -> Iterator[dict[str, Any]]:
    """Good rows, numbered from the first on."""
    for number in range(first, first + many):
        yield old_row(number, seed=seed)


def pdf_of(number: int) -> bytes:
    """The whole PDF of a row's certificate, as small as one can be."""
    return b"%PDF-1.4\n% certificate " + str(number).encode() + b"\n%%EOF\n"


def write_rows(path: Path, rows: Iterator[dict[str, Any]] | Sequence[dict[str, Any]]) -> Path:
    """Write rows as JSON Lines, or as CSV by the name of the file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for row in rows:
                writer.writerow({name: _cell(value) for name, value in row.items()})
        else:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def write_certificates(folder: Path, many: int) -> Path:
    """The PDFs that good rows name."""
    for row in old_rows(many):
        if name := row.get("certificate_file"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pdf_of(int(path.stem)))
    return folder


@dataclass
class PlainXml:
    """Says what it was given, unsigned, and counts."""

    made: list[CertificateContent] = field(default_factory=list)

    def data(self, content: CertificateContent) -> bytes:
        self.made.append(content)
        return f"<Certificate number='{content.number}'/>".encode()


def rooms_of(env: Environment) -> ImportStorage:
    """What an import works on in a world of tests."""
    return ImportStorage(
        store=env.store,
        vault=env.vault,
        objects=env.objects,
        cipher=FieldCipher(env.keyrings),
        clock=env.clock,
        ids=env.ids,
        scanner=env.partners.scanner,
        xml=PlainXml(),
        issuer_id=env.rules.issuer_id,
        by="CLI:test",
    )


async def take_over(
    rooms: ImportStorage,
    path: Path,
    files: CertificateFiles | None = None,
    *,
    dry_run: bool = False,
    twelve: bool = False,
) -> tuple[Bookmark, list[dict[str, str]]]:
    """Import a file as the command does; gives how far it came and what the list of rejects says."""
    data = look_at(path)
    listed = path.with_suffix(".dry.csv" if dry_run else ".rejects.csv")
    start = Bookmark("", data.sha256) if dry_run else await bookmark_of(rooms, data)
    rejects = RejectsFile(listed, length=start.rejects_bytes)
    plan = Plan(data, files or FolderFiles(path.parent), dry_run=dry_run, twelve_digit_numbers=twelve)
    try:
        done = await import_applications(rooms, plan, start, rejects, lambda _: None)
    finally:
        rejects.close()
    with listed.open(encoding="utf-8", newline="") as lines:
        return done, list(csv.DictReader(lines))


async def rows_in(env: Environment, *names: str) -> dict[str, int]:
    """How many rows tables have, by their names."""
    async with env.store.read_transaction() as tx:
        return {
            name: (await tx.connection.execute(select(func.count()).select_from(metadata.tables[name]))).scalar_one()
            for name in names
        }


async def by_old(env: Environment, number: str) -> Any:
    """The application with an old number, or None."""
    async with env.store.read_transaction() as tx:
        found = await aliases.find_object_id(tx, number, AliasKind.APPLICATION)
        return await applications.get(tx, found) if found else None


async def told(env: Environment, path: Path, *rows: dict[str, Any]) -> list[tuple[str, str]]:
    """What is said of rows that are left out, as field and code."""
    done, rejects = await take_over(rooms_of(env), write_rows(path, rows))
    assert done.imported == 0
    return [(one["field"], one["code"]) for one in rejects]
