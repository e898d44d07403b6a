"""Small complete rows for tests of the store; every argument has a default that fits the others."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from domain.applications.applications import Application, AttachedDocument, Channel, DeliveryMode, TimelineEntry
from domain.applications.deadline import DayUnit, TimeLimit
from domain.applications.lifecycle import Move, Status
from domain.benefits.benefits import Instalment, PaymentStatus, Sanction
from domain.catalogue.catalogue import Outcome, RequiredDocument, Scheme, Service
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.kernel import Bilingual, Citizen, Language, Officer, Operator, Posting
from store.applications import applications
from store.database import Transaction
from store.identity import people
from tests.support.databases import NOW


def citizen(key: str = "c1", **changes: Any) -> Citizen:
    plain = Citizen(
        id=key,
        name=Bilingual("आशा नेगी", "Asha Negi"),
        born_on=date(1990, 2, 28),
        gender="F",
        mobile="9412345678",
        email="asha@example.test",
        district="57",
        tehsil="358",
        language=Language.HI,
        aadhaar_last4="2346",
        aadhaar_reference="vault-reference-1",
        created_at=NOW,
    )
    return replace(plain, **changes)


def officer(key: str, *postings: Posting, email: str | None = None) -> Officer:
    address = email or f"{key}@uk.gov.test"
    return Officer(key, Bilingual("अधिकारी", "Officer"), Bilingual("तहसीलदार", "Tehsildar"), address, postings)


def operator(key: str = "p1", csc_id: str = "CSC-1") -> Operator:
    return Operator(key, Bilingual("संचालक", "Operator"), csc_id, Bilingual("केंद्र", "Centre"), "57", None)


def service(code: str = "ES09", **changes: Any) -> Service:
    plain = Service(
        id=f"id-{code}",
        code=code,
        code_source="PORTAL",
        slug=f"slug-{code}",
        name=Bilingual("आय प्रमाण पत्र", f"Income Certificate {code}"),
        department="revenue-department",
        category="Revenue Certificates",
        rts_notified=True,
        limit_days=15,
        limit_unit=DayUnit.WORKING_DAYS,
        portal_delivery_days=None,
        designated_officer="Tehsildar",
        first_appellate=None,
        second_appellate=None,
        fee_paise=4000,
        documents=(RequiredDocument("photo", "Applicant Photo", True),),
        channels=("WEB", "CSC"),
        outcome=Outcome.CERTIFICATE,
        doctype="INCER",
        scheme_id=None,
        open=True,
        source="a capture",
        verified=True,
    )
    return replace(plain, **changes)


def scheme(code: str = "uk-old-age-pension", **changes: Any) -> Scheme:
    plain = Scheme(
        id=f"id-{code}",
        code=code,
        name=Bilingual("वृद्धावस्था पेंशन", "Old Age Pension"),
        department=Bilingual("समाज कल्याण विभाग", "Social Welfare Department"),
        benefit_type="pension",
        amount_paise=150_000,
        period="monthly",
        service_code="ES90",
        source="a list",
        verified=True,
    )
    return replace(plain, **changes)


def application(key: str = "a1", citizen_id: str = "c1", **changes: Any) -> Application:
    plain = Application(
        id=key,
        number=f"n-{key}",
        citizen_id=citizen_id,
        service_code="ES09",
        department="revenue-department",
        district="57",
        tehsil="358",
        channel=Channel.WEB,
        delivery=DeliveryMode.PORTAL,
        status=Status.IN_SCRUTINY,
        version=1,
        form={"income": "48000", "purpose": "छात्रवृत्ति"},
        fee_paise=4000,
        limit=TimeLimit(15, DayUnit.WORKING_DAYS, "2026-1"),
        clock_started_at=NOW,
        due_at=NOW + timedelta(days=21),
        created_at=NOW,
        submitted_at=NOW,
        updated_at=NOW,
    )
    return replace(plain, **changes)


def entry(key: str, application_id: str = "a1", sequence: int = 1, note: str | None = None) -> TimelineEntry:
    return TimelineEntry(
        id=key,
        application_id=application_id,
        sequence=sequence,
        move=Move.SUBMIT,
        before=Status.DRAFT,
        after=Status.SUBMITTED,
        actor_role="CITIZEN",
        actor_id="c1",
        ground=None,
        note=note,
        at=NOW,
    )


def document(key: str, attached_at: datetime = NOW) -> AttachedDocument:
    return AttachedDocument(key, "photo", "DIGILOCKER", f"in.gov.test-PHOTO-{key}", "Asha's photo", None, attached_at)


def certificate(key: str = "k1", application_id: str = "a1", **changes: Any) -> IssuedCertificate:
    plain = IssuedCertificate(
        id=key,
        number=f"cert-{key}",
        application_id=application_id,
        citizen_id="c1",
        service_code="ES09",
        department="revenue-department",
        district="57",
        doctype="INCER",
        uri=f"in.gov.uk.apunisarkar-INCER-{key}",
        name=Bilingual("आय प्रमाण पत्र", "Income Certificate"),
        holder=Bilingual("आशा नेगी", "Asha Negi"),
        issued_on=date(2026, 11, 24),
        valid_until=None,
        status=CertificateStatus.ACTIVE,
        pdf_sha256="a" * 64,
        xml_sha256="b" * 64,
        issued_by="o1",
        created_at=NOW,
    )
    return replace(plain, **changes)


def sanction(key: str = "s1", application_id: str | None = None, **changes: Any) -> Sanction:
    plain = Sanction(
        id=key,
        number=f"sanction-{key}",
        application_id=application_id,
        citizen_id="c1",
        scheme_code="uk-old-age-pension",
        department=None,
        district="57",
        amount_paise=150_000,
        period="monthly",
        bank_account_last4="4321",
        sanctioned_at=NOW,
    )
    return replace(plain, **changes)


def instalment(key: str = "i1", sanction_id: str = "s1", sequence: int = 1, **changes: Any) -> Instalment:
    """The instalment of one month; each place in the sanction has a month of its own, from November 2026."""
    from_month = date(2026 + (sequence + 9) // 12, (sequence + 9) % 12 + 1, 1)
    to_day = date(2026 + (sequence + 10) // 12, (sequence + 10) % 12 + 1, 1) - timedelta(days=1)
    plain = Instalment(
        id=key,
        sanction_id=sanction_id,
        citizen_id="c1",
        sequence=sequence,
        period_from=from_month,
        period_to=to_day,
        amount_paise=150_000,
        bill_number=f"bill-{key}",
        end_to_end_id=f"e2e-{key}",
        status=PaymentStatus.SANCTIONED,
        status_at=NOW,
    )
    return replace(plain, **changes)


async def sow(tx: Transaction, *rows: Application, citizens: tuple[str, ...] = ("c1",)) -> None:
    """Keep citizens and applications."""
    for key in citizens:
        await people.add_citizen(tx, citizen(key))
    for row in rows:
        await applications.add(tx, row)
