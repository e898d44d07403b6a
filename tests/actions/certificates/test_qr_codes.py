"""The QR code of a certificate: what it holds, how long it may be, and what is refused."""

import base64
from dataclasses import replace
from datetime import date

import pytest
import segno
from joserfc.jwk import ECKey

from actions.certificates.content import CertificateField
from actions.certificates.cwt import InvalidCwt, sign_cwt
from actions.certificates.qr_codes import LONGEST_TOKEN, make_qr, read_qr
from domain.kernel import Bilingual
from tests.gateway.documents.conftest import CONTENT as PLAIN

KEY = ECKey.generate_key("P-256", {"kid": "0123abcd"})
HOST = "https://apunisarkar.uk.gov.in"
CONTENT = replace(PLAIN, status_index=3_500_000, verify_url=f"{HOST}/verify/{PLAIN.number}")
LINES = tuple(
    CertificateField(key, Bilingual(key, key), value)
    for key, value in (
        ("annual_income", "120000"),
        ("financial_year", "2025-26"),
        ("village", "कर्णप्रयाग"),
        ("purpose", "x"),
    )
)


def size_of(text: str) -> int:
    return len(text.rpartition("/")[2]) * 5 // 8


def test_a_code_says_number_type_holder_in_both_scripts_facts_days_and_index():
    facts = read_qr(make_qr(replace(CONTENT, fields=LINES[:2]), KEY), [KEY])

    assert (facts.number, facts.doctype) == (CONTENT.number, "INCER")
    assert facts.holder == Bilingual("आशा क्षेत्री", "Asha Kshetri")
    assert facts.facts == {"annual_income": "120000", "financial_year": "2025-26"}
    assert (facts.issued_on, facts.valid_until) == (date(2026, 11, 24), date(2027, 11, 23))
    assert (facts.list_uri, facts.place) == (f"{HOST}/status-lists/3", 3_500_000 - 3 * (1 << 20))


def test_a_code_is_an_address_in_the_alphanumeric_mode_of_at_most_version_15():
    text = make_qr(replace(CONTENT, fields=LINES), KEY)
    code = segno.make(text, error="m", micro=False, boost_error=False)

    assert text.startswith("HTTPS://APUNISARKAR.UK.GOV.IN/C/")
    assert (code.mode, code.error, int(code.version) <= 15) == ("alphanumeric", "M", True)
    assert size_of(text) <= LONGEST_TOKEN
    assert len(read_qr(text, [KEY]).facts) in {2, 3}


def test_the_longest_names_are_cut_and_say_so_and_the_code_stays_small():
    holder = Bilingual("श्रीमती विन्ध्यवासिनी " * 8, "Vindhyavasini Chakravarti " * 8)
    text = make_qr(replace(CONTENT, holder=holder, fields=LINES), KEY)
    facts = read_qr(text, [KEY])

    assert size_of(text) <= LONGEST_TOKEN
    assert (facts.holder.en.endswith("…"), (facts.holder.hi or "").endswith("…")) == (True, True)


def test_a_certificate_for_ever_has_no_last_day():
    assert read_qr(make_qr(replace(CONTENT, valid_until=None), KEY), [KEY]).valid_until is None


def test_letters_of_any_case_and_the_token_alone_are_read():
    text = make_qr(CONTENT, KEY)

    assert read_qr(text.lower(), [KEY]) == read_qr(text.rpartition("/")[2], [KEY]) == read_qr(text, [KEY])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (make_qr(CONTENT, ECKey.generate_key("P-256", {"kid": "ffffffff"})), "UNKNOWN_KEY"),
        (make_qr(CONTENT, ECKey.generate_key("P-256", {"kid": "0123abcd"})), "BAD_SIGNATURE"),
        (make_qr(CONTENT, KEY)[:-8], "MALFORMED"),
        ("HTTPS://X/C/", "MALFORMED"),
        ("HTTPS://X/C/0189", "MALFORMED"),
        ("HTTPS://X/C/" + "A" * 2000, "MALFORMED"),
    ],
)
def test_what_we_did_not_sign_is_refused(text: str, code: str):
    with pytest.raises(InvalidCwt) as refused:
        read_qr(text, [KEY])

    assert refused.value.code == code


@pytest.mark.parametrize("claims", [{}, {169: 4}, {169: {1: 2}, 65535: {"status_list": {"idx": "x"}}, 6: 1}])
def test_a_token_of_ours_that_is_about_something_else_is_refused(claims: dict):
    token = base64.b32encode(sign_cwt(claims, KEY)).decode()
    with pytest.raises(InvalidCwt, match="MALFORMED"):
        read_qr(f"HTTPS://X/C/{token}", [KEY])
