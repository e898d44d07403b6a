"""The golden vectors of docs/contracts/digilocker.md section 5, for both sides."""

import base64
import hmac

import pytest

from integrations.digilocker import digests
from sandbox.digilocker import world

REQUEST = b'<PullURIRequest ver="3.0"/>'


@pytest.mark.parametrize("file_hmac", [digests.file_hmac, world.body_hmac])
def test_a_file_is_covered_by_its_hmac(file_hmac):
    assert file_hmac("test-secret", b"hello") == "vMiJpAZnyrcV4dwirSgGks9L8cOigO7spg2NvNjkuZM="


def test_a_meta_call_is_a_plain_hash_of_the_joined_values():
    digest = digests.parameters_digest("test-secret", "CLIENT01", "1700000000")

    assert digest == "272885155ab313896a1c5fa1ab5723acc3e6de3c7ab845ca579e8f67528aae93"


def test_a_push_leaves_out_what_is_not_sent():
    digest = digests.parameters_digest(
        "test-secret",
        "CLIENT01",
        "123e4567-e89b-12d3-a456-426655440000",
        "in.gov.example-INCER-AB12CD34EF",
        "INCER",
        "Income Certificate",
        "AB12CD34EF",
        "01042026",
        None,
        None,
        "A",
        "1700000000",
    )

    assert digest == "fbba65b116107f318352c5a7e7c2014a05228313f19cac0dc18454397e734718"


def test_an_issuer_request_is_covered_in_both_encodings():
    assert digests.issuer_hmac_raw("TEST-API-KEY", REQUEST) == "BKwOCVCNLGDFVMFfW9sEEaXVkHRaOehhrsov4BfSocE="
    assert digests.issuer_hmac_hex("TEST-API-KEY", REQUEST) == (
        "MDRhYzBlMDk1MDhkMmM2MGM1NTRjMTVmNWJkYjA0MTFhNWQ1OTA3NDVhMzllODYxYWVjYTJmZTAxN2QyYTFjMQ=="
    )
    assert digests.issuer_hmac_raw("TEST-API-KEY", REQUEST) == (
        base64.b64encode(hmac.digest(b"TEST-API-KEY", REQUEST, "sha256")).decode()
    )


def test_a_keyhash_covers_key_and_timestamp():
    digest = digests.keyhash("TEST-API-KEY", "2026-04-01T10:30:00+05:30")

    assert digest == "a734320deb773579d7e7dd4392b3c7e3abb395ba3fdd305ecb874b7863d43f11"


def test_a_digest_that_is_missing_is_not_the_same():
    assert digests.digests_match("a", " a ")
    assert not digests.digests_match("a", None)
    assert not digests.digests_match("a", "é")
