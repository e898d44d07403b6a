"""The public page behind a certificate's QR code."""

from dataclasses import replace
from datetime import UTC, date, datetime

import httpx
import pytest
from starlette.applications import Starlette

from actions.certificates.certificate_endings import Ended
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.kernel import Bilingual, ManualClock, NumberKind, make_number, parse_number
from gateway.pages.verify import facts_of, initials, routes_over
from store.database import StoreUnavailable

NUMBER = make_number(NumberKind.CERTIFICATE, 2026, "1234567890")
UNKNOWN = make_number(NumberKind.CERTIFICATE, 2026, "1234567891")
AWAY = make_number(NumberKind.CERTIFICATE, 2026, "9999999999")
CERTIFICATE = IssuedCertificate(
    id="0192", number=NUMBER, application_id="a", citizen_id="c", service_code="s", department="d", district="60",
    doctype="INCER", uri="in.gov.uk.apunisarkar-INCER-AB12CD34EF", name=Bilingual("आय प्रमाण-पत्र", "Income certificate"),
    holder=Bilingual("आशा क्षेत्री", "Asha <Kshetri>"), issued_on=date(2026, 11, 24), valid_until=date(2027, 11, 23),
    status=CertificateStatus.ACTIVE, pdf_sha256="", xml_sha256="", issued_by=None,
    created_at=datetime(2026, 11, 24, tzinfo=UTC),
)  # fmt: skip
BROWSER = {"Accept": "text/html"}


async def find(number: str) -> IssuedCertificate | None:
    parsed = parse_number(number, NumberKind.CERTIFICATE)
    if parsed == AWAY:
        raise StoreUnavailable("gone")
    return CERTIFICATE if parsed == NUMBER else None


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = Starlette(routes=routes_over(find, ManualClock(datetime(2026, 11, 25, tzinfo=UTC))))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test")


async def test_a_program_gets_the_minimal_facts(client: httpx.AsyncClient):
    response = await client.get(f"/verify/{NUMBER}", headers={"Accept-Language": "en"})

    assert response.json() == {
        "number": NUMBER,
        "status": "ACTIVE",
        "name": "Income certificate",
        "holderInitials": "A… <…",
        "issuedOn": "2026-11-24",
        "validUntil": "2027-11-23",
    }


async def test_a_person_gets_a_page_in_her_language_without_the_whole_name(client: httpx.AsyncClient):
    page = (await client.get(f"/verify/{NUMBER}", headers=BROWSER)).text

    assert "आय प्रमाण-पत्र" in page
    assert "आ… क्…" in page
    assert "आशा" not in page
    assert "<Kshetri>" not in page
    assert "<script" not in page


async def test_a_number_may_be_keyed_as_people_read_it(client: httpx.AsyncClient):
    spoken = f"{NUMBER[:4]} {NUMBER[4:9]} {NUMBER[9:]}".translate(str.maketrans("0123456789", "०१२३४५६७८९"))

    assert (await client.get(f"/verify/{spoken}")).json()["number"] == NUMBER


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        (UNKNOWN, 404, "NOT_FOUND"),
        (NUMBER[:-1] + str((int(NUMBER[-1]) + 1) % 10), 400, "NUMBER_MISTYPED"),
        ("x" * 5000, 400, "NUMBER_MISTYPED"),
        ("<script>alert(1)<%2Fscript>", 400, "NUMBER_MISTYPED"),
        ("1" + NUMBER[1:], 400, "NUMBER_MISTYPED"),
        (AWAY, 503, "OVERLOADED"),
    ],
)
async def test_what_is_not_a_certificate_of_ours_gets_a_code(
    client: httpx.AsyncClient, number: str, status: int, code: str | None
):
    response = await client.get(f"/verify/{number}")
    page = await client.get(f"/verify/{number}", headers=BROWSER)

    assert response.status_code == page.status_code == status
    assert code is None or response.json()["code"] == code
    assert "<script" not in page.text


def test_a_certificate_whose_last_day_is_over_has_expired():
    assert facts_of(CERTIFICATE, date(2027, 11, 23)).status is CertificateStatus.ACTIVE
    assert facts_of(CERTIFICATE, date(2027, 11, 24)).status is CertificateStatus.EXPIRED
    revoked = replace(CERTIFICATE, status=CertificateStatus.REVOKED)
    assert facts_of(revoked, date(2030, 1, 1)).status is CertificateStatus.REVOKED


@pytest.mark.parametrize(("name", "shown"), [("Asha Devi", "A… D…"), ("आशा देवी", "आ… दे…"), ("", ""), ("X", "X…")])
def test_initials_keep_the_vowel_sign(name: str, shown: str):
    assert initials(name) == shown


ENDINGS = {
    CertificateStatus.CORRECTED: Ended(date(2026, 11, 25), UNKNOWN),
    CertificateStatus.REVOKED: Ended(date(2026, 11, 25), None),
}


async def ended_page(status: CertificateStatus, **headers: str) -> httpx.Response:
    async def find_ended(number: str) -> IssuedCertificate:
        return replace(CERTIFICATE, status=status)

    async def end(certificate: IssuedCertificate) -> Ended:
        return ENDINGS[certificate.status]

    routes = routes_over(find_ended, ManualClock(datetime(2026, 11, 25, tzinfo=UTC)), end)
    transport = httpx.ASGITransport(app=Starlette(routes=routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
        return await client.get(f"/verify/{NUMBER}", headers=headers)


@pytest.mark.parametrize(
    ("language", "words"),
    [("hi", ("संशोधित", "इसके स्थान पर", "समाप्ति")), ("en", ("Corrected", "In its place", "Ended on"))],
)
async def test_a_corrected_certificate_leads_to_the_one_in_its_place(language: str, words: tuple[str, ...]):
    page = (await ended_page(CertificateStatus.CORRECTED, **BROWSER, **{"Accept-Language": language})).text

    for word in (*words, f'href="/verify/{UNKNOWN}"', "25-11-2026"):
        assert word in page
    told = (await ended_page(CertificateStatus.CORRECTED)).json()
    assert (told["status"], told["endedOn"], told["correctedBy"]) == ("CORRECTED", "2026-11-25", UNKNOWN)


@pytest.mark.parametrize(("language", "word"), [("hi", "निरस्त"), ("en", "Revoked")])
async def test_a_revoked_certificate_says_so_and_leads_nowhere(language: str, word: str):
    page = (await ended_page(CertificateStatus.REVOKED, **BROWSER, **{"Accept-Language": language})).text

    assert word in page
    assert 'class="good"' not in page
    assert "इसके स्थान पर" not in page
    assert "In its place" not in page
    told = (await ended_page(CertificateStatus.REVOKED)).json()
    assert (told["status"], told["endedOn"]) == ("REVOKED", "2026-11-25")
    assert told.get("correctedBy") is None
