"""docs/partners/etaal shows what the door answers, octet by octet, and an export that leads to the same figures."""

import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.reference.etaal_samples import make_samples
from tools.reference.sample_files import outdated_files, write

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "partners" / "etaal"


async def test_the_samples_are_what_the_door_answers():
    assert outdated_files(PAGES, await make_samples()) == []


async def test_a_sample_that_was_changed_is_told(tmp_path: Path):
    files = await make_samples()
    write(tmp_path, files)
    assert outdated_files(tmp_path, files) == []
    (tmp_path / "samples" / "push.http").write_bytes(b"other")
    (tmp_path / "samples" / "more.http").write_bytes(b"")
    assert outdated_files(tmp_path, files) == ["samples/more.http", "samples/push.http"]


@pytest.mark.parametrize(
    ("name", "first", "part"),
    [
        ("01-url-get", b"HTTP/1.1 200", b"<ServiceCode>UK0517</ServiceCode><ServiceCount>2</ServiceCount>"),
        ("03-url-no-date", b"HTTP/1.1 200", b"<ErrorCode>-1</ErrorCode>"),
        ("06-url-wrong-password", b"HTTP/1.1 200", b"<ErrorCode>-2</ErrorCode>"),
        ("07-url-future-date", b"HTTP/1.1 200", b"<TransactionCount/>"),
        ("09-url-store-away", b"HTTP/1.1 503", b"<Error>UNAVAILABLE</Error>"),
        ("12-url-too-large", b"HTTP/1.1 413", b"<Error>TOO_LARGE</Error>"),
        ("16-soap-entities", b"HTTP/1.1 400", b"<faultcode>soap:Client</faultcode>"),
        ("20-json-range-too-long", b"HTTP/1.1 400", b'{"code":"E03"}'),
        ("22-json-wrong-token", b"HTTP/1.1 401", b"UNAUTHENTICATED"),
    ],
)
async def test_they_show_what_the_contract_says(name: str, first: bytes, part: bytes):
    answer = (await make_samples())[f"samples/{name}.answer"]
    assert answer.startswith(first)
    assert part in answer


def test_the_export_leads_to_the_pulled_figures_without_our_code():
    script, export = ROOT / "tools" / "verify_counts.py", PAGES / "samples" / "2026-11-23.jsonl"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script), str(export)], capture_output=True, text=True, check=True
    )
    answer = (PAGES / "samples" / "18-json-day.answer").read_bytes()
    (day,) = json.loads(answer.partition(b"\n\n")[2])["days"]
    came = json.loads(done.stdout)
    assert (came["rows"], came["revision"], came["total"]) == (day["rows"], day["revision"], day["total"])


def test_the_push_is_signed_over_its_raw_body():
    head, _, body = (PAGES / "samples" / "push.http").read_bytes().partition(b"\n\n")
    expected = hmac.new(b"signing-test-only", body, hashlib.sha256).hexdigest()
    assert f"X-Signature: {expected}".encode() in head
    assert b"X-Idempotency-Key: UKAPSK:2026-11-23:7" in head
