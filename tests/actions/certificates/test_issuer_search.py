"""What a pull may ask by, who the holder is, and where an old number or URI leads."""

from dataclasses import replace
from datetime import date

import pytest

from actions.certificates.issuer import CertificateIssuer
from actions.documents.holder_match import is_holder
from domain.certificates.certificates import CertificateEnding, CertificateStatus, EndGround
from domain.kernel import NumberKind, make_number
from integrations.digilocker import PENDING, CopyFormat, IssuedCopy, PullDocRequest
from store.certificates import certificate_endings, certificates
from store.documents import locker_copies
from tests.actions.certificates.test_issuer import BORN, LOCKER, NUMBER, OTHER_LOCKER, env, pull  # noqa: F401 - a fixture
from tests.store.builders import NOW, application, certificate, sow

INCOME = {"financial_year": "2025-26", "annual_income": "1 20 000"}


async def with_form(env, key="a9", certificate_key="k9", **changes):  # noqa: F811
    """Another application of the citizen with its certificate, whose facts are known."""
    number = make_number(NumberKind.CERTIFICATE, 2026, "9" * 9 + certificate_key[-1])
    files = await env.objects.put(b"%PDF-9", "application/pdf"), await env.objects.put(b"<C9/>", "application/xml")
    made = certificate(certificate_key, key, number=number, pdf_sha256=files[0], xml_sha256=files[1], **changes)
    async with env.store.write_transaction() as tx:
        await sow(tx, replace(application(key), form=INCOME, number=f"n-{key}"), citizens=())
        await certificates.add(tx, made)
    return made


@pytest.mark.parametrize(
    "search",
    [
        {"FINANCIAL_YEAR": "2025-26"},
        {"UDF1": "2025-26", "UDF2": " 1  20 000"},
        {"ISSUED_YEAR": "2026", "UDF1": "2025-26"},
    ],
)
async def test_a_certificate_is_found_by_the_parameters_of_its_doctype(env, search):  # noqa: F811
    made = await with_form(env)
    tags = {"INCER": {"UDF1": "financial_year", "UDF2": "annual_income"}}

    copy = await CertificateIssuer(env, tags).find(pull(search=search))

    assert isinstance(copy, IssuedCopy)
    assert copy.uri == made.uri


@pytest.mark.parametrize(
    "changes",
    [
        {"search": {"FINANCIAL_YEAR": "2024-25"}},
        {"search": {"FINANCIAL_YEAR": "2025-26", "UNKNOWN": "x"}},
        {"search": {"CASTE": "x"}},
        {"search": {"FINANCIAL_YEAR": "2025-26"}, "locker_id": OTHER_LOCKER},
        {"search": {"FINANCIAL_YEAR": "2025-26"}, "born_on": None},
        {"search": {"FINANCIAL_YEAR": "2025-26"}, "doctype": "CTCER"},
    ],
)
async def test_a_search_by_parameters_that_does_not_fit_finds_nothing(env, changes):  # noqa: F811
    await with_form(env)
    assert await CertificateIssuer(env).find(pull(**changes)) is None


@pytest.mark.parametrize(
    ("name", "born_on"), [("asha  NEGI", BORN), ("आशा नेगी", BORN), ("Aasha Negi", BORN), ("Asha Negi", None)]
)
async def test_the_holder_is_known_in_every_spelling_and_without_a_date_by_her_number(env, name, born_on):  # noqa: F811
    assert isinstance(await CertificateIssuer(env).find(pull(name=name, born_on=born_on)), IssuedCopy)


@pytest.mark.parametrize(
    ("name", "born_on", "known", "same"),
    [
        ("Asha Negi", None, BORN, True),
        ("Asha Negi", BORN, None, True),
        ("Asha Negi", BORN, BORN, True),
        ("Asha Negi", date(1990, 2, 27), BORN, False),
        (None, BORN, BORN, False),
        ("Asha", BORN, BORN, False),
        ("Negi Asha", BORN, BORN, False),
    ],
)
def test_the_rule_of_name_and_date(name, born_on, known, same):
    assert is_holder(name, born_on, ("Asha Negi", "आशा नेगी"), known) is same


async def corrected(env, successor=None):  # noqa: F811
    """Certificate k1 was corrected; `successor` is the one in its place, if it is made already."""
    async with env.store.write_transaction() as tx:
        await certificates.end(tx, "k1", CertificateStatus.CORRECTED)
        if successor:
            await certificates.add(tx, successor)
        end = CertificateEnding("k1", CertificateStatus.CORRECTED, EndGround.CLERICAL_ERROR, "x", "o1", NOW)
        await certificate_endings.add(tx, replace(end, successor_id=successor.id if successor else None))


def asked(txn: str) -> PullDocRequest:
    return PullDocRequest("org", txn, CopyFormat.PDF, certificate().uri, LOCKER, None, None)


async def test_an_old_number_and_an_old_uri_lead_to_the_corrected_certificate(env):  # noqa: F811
    pdf = await env.objects.put(b"%PDF-new", "application/pdf")
    xml = await env.objects.put(b"<New/>", "application/xml")
    new = certificate("k5", "a1", number="cert-new", pdf_sha256=pdf, xml_sha256=xml)
    await corrected(env, new)
    issuer = CertificateIssuer(env)

    pulled, fetched = await issuer.find(pull()), await issuer.fetch(asked("d-1"))

    assert isinstance(pulled, IssuedCopy)
    assert isinstance(fetched, IssuedCopy)
    assert (pulled.uri, pulled.pdf, fetched.pdf) == (new.uri, b"%PDF-new", b"%PDF-new")
    async with env.store.read_transaction() as tx:
        assert (await locker_copies.held_copies(tx, ["k5"]))["k5"].via is locker_copies.Via.PULL


async def test_a_correction_that_is_being_made_is_told_to_wait(env):  # noqa: F811
    await corrected(env)
    issuer = CertificateIssuer(env)

    assert await issuer.find(pull()) is PENDING
    assert await issuer.fetch(asked("d-1")) is None
    assert await issuer.find(pull(txn="t-2", name="Usha Negi")) is None


async def test_a_replayed_pull_of_a_certificate_revoked_since_gives_nothing(env):  # noqa: F811
    issuer = CertificateIssuer(env)
    assert isinstance(await issuer.find(pull()), IssuedCopy)
    async with env.store.write_transaction() as tx:
        assert await certificates.end(tx, "k1", CertificateStatus.REVOKED)

    assert await issuer.find(pull()) is None
    assert await issuer.fetch(asked("d-2")) is None
    assert NUMBER
