"""Rows and files of old data that are wrong are left out, each by its column and reason, and the rest goes on."""

import hashlib
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from actions.kernel import certificate_by_any
from actions.kernel.scanner import EICAR
from domain.applications.applications import RejectionGround
from legacy import files as legacy_files
from legacy.applications import MEANINGS, Fault
from legacy.files import MOST_OCTETS, TarFiles
from legacy.source import LONGEST_ROW, NotOldData, look_at
from tests.support.actions import World
from tests.support.legacy import (
    aadhaar,
    old_row,
    old_rows,
    pdf_of,
    rooms_of,
    rows_in,
    take_over,
    told,
    write_certificates,
    write_rows,
)


async def test_a_row_is_left_out_for_every_reason_at_once(world: World, old: Path) -> None:
    row = old_row(0) | {
        "legacy_number": "x",
        "born_on": "31-03-1984",
        "mobile": "12345",
        "district": "Atlantis",
        "channel": "PIGEON",
        "submitted_at": "2999-01-01",
        "colour": "blue",
        "gender": "?",
        "service": None,
        "aadhaar": "999941057057",
    }
    assert sorted(await told(world.env, old / "rows.jsonl", row)) == [
        ("aadhaar", "AADHAAR_NOT_VALID"),
        ("born_on", "NOT_A_DAY"),
        ("channel", "WORD_UNKNOWN"),
        ("colour", "FIELD_UNKNOWN"),
        ("district", "PLACE_UNKNOWN"),
        ("gender", "WORD_UNKNOWN"),
        ("legacy_number", "NUMBER_NOT_USABLE"),
        ("mobile", "MOBILE_NOT_VALID"),
        ("service", "FIELD_MISSING"),
        ("submitted_at", "IN_THE_FUTURE"),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": f"her number is {aadhaar(7)}"}, ("reason", "AADHAAR_IN_TEXT")),
        ({"legacy_number": aadhaar(7)}, ("legacy_number", "AADHAAR_IN_TEXT")),
        ({"form": {"note": aadhaar(7)}}, ("form", "AADHAAR_IN_TEXT")),
        ({"legacy_number": "10000000000000"}, None),
        ({"outcome": "DELIVERED"}, None),
        ({"ended_at": "2018-01-01"}, ("history[2]", "OUT_OF_ORDER")),
        ({"ground": None}, ("ground", "GROUND_MISSING")),
        ({"ground": None, "outcome": "RETURNED"}, ("ground", "GROUND_MISSING")),
        ({"form": "not JSON"}, ("form", "NOT_TEXT")),
        ({"fee_paise": "forty"}, ("fee_paise", "NOT_A_NUMBER")),
        ({"tehsil": "304", "district": "50"}, ("tehsil", "PLACE_UNKNOWN")),
        ({"certificate_number": "C/1"}, ("certificate_file", "CERTIFICATE_MISSING")),
        ({"name_en": "\ud800"}, ("name_en", "NOT_TEXT")),
        ({"name_en": f"Ram {aadhaar(7)}", "name_hi": None}, ("name_en", "AADHAAR_IN_TEXT")),
        ({"name_en": "Ram \u202eigeN"}, ("name_en", "HIDDEN_CHARACTER")),
        ({"form": {"note": "school\u200b"}}, ("form", "HIDDEN_CHARACTER")),
        ({"reason": "x" * 4001}, ("reason", "FIELD_TOO_LONG")),
    ],
)
async def test_what_is_wrong_is_named(world: World, old: Path, changes: Any, said: tuple[str, str] | None) -> None:
    row = {name: value for name, value in (old_row(0) | changes).items() if value is not None}
    path = old / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    done, rejects = await take_over(rooms_of(world.env), path)
    found = [(one["field"], one["code"]) for one in rejects]
    assert (found == [] and done.imported == 1) if said is None else said in found
    assert said is None or (said[0], "FIELD_MISSING") not in found, "a column that was refused is not empty"
    assert aadhaar(7) not in (old / "rows.rejects.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(("outcome", "move"), [("REJECTED", "REJECT"), ("RETURNED", "RETURN_AS_INCOMPLETE")])
async def test_a_history_that_ends_without_a_ground_is_told_where_it_goes_and_which_there_are(
    world: World, old: Path, outcome: str, move: str
) -> None:
    at = "2026-11-10T10:00:00+05:30"
    steps = [{"move": "SUBMIT", "at": at}, {"move": move, "at": at, "note": "No reason was entered"}]
    row = old_row(1) | {"outcome": outcome, "submitted_at": at, "history": steps}
    path = write_rows(old / "rows.jsonl", [row])

    _, rejects = await take_over(rooms_of(world.env), path)

    assert [(one["field"], one["code"]) for one in rejects] == [("history[1].ground", "GROUND_MISSING")]
    assert all(ground in rejects[0]["reason"] for ground in RejectionGround)
    steps[1]["ground"] = "FORM_INCOMPLETE"
    done, _ = await take_over(rooms_of(world.env), write_rows(path, [row]))
    assert done.imported == 1


def test_the_documentation_lists_every_ground_and_every_code_with_its_reason() -> None:
    text = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")

    assert [ground for ground in RejectionGround if f"| `{ground}` | " not in text] == []
    assert [fault for fault in Fault if f"| `{fault}` | {MEANINGS[fault]} |" not in text] == []


@pytest.mark.parametrize("status", ["BENEFIT_SANCTIONED", "APPROVED"])
async def test_a_benefit_that_is_being_paid_is_not_taken_over(world: World, old: Path, status: str) -> None:
    moves = ["SUBMIT", "APPROVE", *(["SANCTION_BENEFIT"] if status == "BENEFIT_SANCTIONED" else [])]
    row = old_row(1) | {
        "outcome": "PENDING",
        "submitted_at": "2026-11-10T10:00:00+05:30",
        "history": [{"move": move, "at": "2026-11-10T10:00:00+05:30"} for move in moves],
    }
    assert await told(world.env, old / "rows.jsonl", row) == [("outcome", "PAYMENT_UNDER_WAY")]


async def test_certificates_lie_in_a_tar_file_too(world: World, old: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(legacy_files, "_SORTED_AT_ONCE", 5)
    write_certificates(old / "files", 30)
    with tarfile.open(old / "files.tar", "w") as tar:
        for file in sorted((old / "files").rglob("*.pdf")):
            tar.add(file, f"./{file.relative_to(old / 'files')}")
    shutil.rmtree(old / "files")
    files = TarFiles(old / "files.tar")
    done, rejects = await take_over(rooms_of(world.env), write_rows(old / "rows.jsonl", old_rows(30)), files)
    missing = files.read("nowhere.pdf")
    files.close()

    assert (done.imported, rejects, missing) == (30, [], None)
    certificate = await certificate_by_any(world.env, "CERT/0000019")
    assert certificate is not None
    assert await world.env.objects.get(certificate.pdf_sha256) == pdf_of(19)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("../outside.pdf", None, "FILE_MISSING"),
        ("/etc/hostname", None, "FILE_MISSING"),
        ("link.pdf", None, "FILE_MISSING"),
        ("a.pdf", b"%PDF-1.4\n" + EICAR + b"\n%%EOF\n", "FILE_INFECTED"),
        ("a.pdf", b"\x89PNG\r\n\x1a\n", "FILE_NOT_PDF"),
        ("a.pdf", b"%PDF-1.4\n cut off", "FILE_NOT_PDF"),
        ("a.pdf", b"%PDF-1.4\n" + b"x" * MOST_OCTETS + b"%%EOF\n", "FILE_TOO_LARGE"),
        ("a.pdf", b"%PDF-1.4\n other\n%%EOF\n", "FILE_DIFFERS"),
    ],
)
async def test_a_file_that_is_not_the_certificate_leaves_the_row_out(
    world: World, old: Path, name: str, content: bytes | None, code: str
) -> None:
    (old.parent / "outside.pdf").write_bytes(pdf_of(1))
    (old / "link.pdf").symlink_to(old.parent / "outside.pdf")
    if content is not None:
        (old / name).write_bytes(content)
    row = old_row(5) | {"certificate_file": name, "certificate_sha256": hashlib.sha256(pdf_of(5)).hexdigest()}
    row |= {} if code == "FILE_DIFFERS" else {"certificate_sha256": ""}
    assert await told(world.env, old / "rows.jsonl", row) == [("certificate_file", code)]
    assert await rows_in(world.env, "applications", "certificates") == {"applications": 0, "certificates": 0}


async def test_broken_rows_are_named_and_the_rest_goes_on(world: World, old: Path) -> None:
    good = [json.dumps(old_row(number)).encode() for number in (0, 1, 2)]
    lines = [good[0], b"{not JSON", b"[]", good[1], b'{"x": "' + b"y" * LONGEST_ROW + b'"}', b"", b"\xff\xfe", good[2]]
    path = old / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines) + b"\n")
    done, rejects = await take_over(rooms_of(world.env), path)
    assert done.imported == 3
    assert [(one["row"], one["code"]) for one in rejects] == [
        ("2", "ROW_NOT_READABLE"),
        ("3", "ROW_NOT_READABLE"),
        ("5", "ROW_TOO_LONG"),
        ("7", "ROW_NOT_READABLE"),
    ]


async def test_a_quotation_mark_that_stays_open_costs_one_row_of_csv(world: World, old: Path) -> None:
    path = write_rows(old / "rows.csv", [old_row(number) for number in (0, 1, 2, 11)])
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2].replace("Bachan Singh", '"Bachan Singh')
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done, rejects = await take_over(rooms_of(world.env), path)
    assert (done.imported, [(one["row"], one["code"]) for one in rejects]) == (3, [("2", "ROW_NOT_READABLE")])


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("legacy_number,colour", "colour"),
        ("legacy_number,legacy_number", "twice"),
        ("legacy_number,service", "missing"),
        ("\udcff", "UTF-8"),
    ],
)
def test_a_head_that_is_not_known_stops_everything(old: Path, head: str, why: str) -> None:
    path = old / "rows.csv"
    path.write_bytes(head.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(NotOldData, match=why):
        look_at(path)


async def test_an_empty_file_is_imported_at_once(world: World, old: Path) -> None:
    done, rejects = await take_over(rooms_of(world.env), write_rows(old / "rows.jsonl", []))
    assert (done.rows_done, rejects) == (0, [])


async def test_numbers_of_twelve_digits_are_taken_where_the_administrator_says_so(world: World, old: Path) -> None:
    row = old_row(0) | {"legacy_number": aadhaar(5)}
    path = write_rows(old / "rows.jsonl", [row])
    assert (await take_over(rooms_of(world.env), path))[0].rejected == 1
    done, _ = await take_over(rooms_of(world.env), path, twelve=True)
    assert done.imported == 1
