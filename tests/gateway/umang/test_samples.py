"""The sample calls in docs/partners/umang are what the door answers today, and they say what they show."""

import hashlib
import hmac
import json
from pathlib import Path

from gateway.runtime.production import SAMPLE_KEY
from integrations.umang.door_answers import TEXTS
from tools.reference.sample_files import outdated_files
from tools.reference.umang_sample_calls import SAMPLES
from tools.reference.umang_samples import SECRET, make_samples

PAGES = Path(__file__).parents[3] / "docs" / "partners" / "umang"


async def test_the_samples_are_what_the_door_answers():
    assert outdated_files(PAGES, await make_samples()) == []


def test_each_sample_shows_the_code_that_it_is_about():
    for place, sample in enumerate(SAMPLES, start=1):
        answer = (PAGES / f"samples/{place:02d}-{sample.name}.answer").read_bytes()
        told = json.loads(answer.partition(b"\r\n\r\n")[2])
        wanted = next((code for code in TEXTS if code in sample.about), "APSK0000")

        assert (told["rc"], told["rs"]) == (wanted, "S" if wanted == "APSK0000" else "F"), sample.name


def test_the_signature_of_a_sample_can_be_made_again_from_its_octets():
    head, _, body = (PAGES / "samples/05-apply.http").read_bytes().partition(b"\r\n\r\n")
    header = next(line for line in head.decode().splitlines() if line.startswith("x-umang-signature: "))
    stamp, _, given = header.partition(": t=")[2].partition(",v1=")

    assert hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest() == given


def test_a_repeated_write_has_the_same_answer_to_the_octet():
    first, again = ((PAGES / f"samples/{name}.answer").read_bytes() for name in ("05-apply", "06-apply-again"))

    assert first == again


def test_production_knows_the_keys_of_the_samples():
    pem = (PAGES / "keys/test_only_public_key.pem").read_text(encoding="ascii")

    assert hashlib.sha256("".join(pem.split()).encode()).hexdigest() == SAMPLE_KEY
