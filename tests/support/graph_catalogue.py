"""The catalogue of the small world behind the graph: two departments and districts, four services, a scheme."""

from typing import Any

from domain.applications.deadline import DayUnit
from domain.catalogue.catalogue import Department, District, Outcome, RequiredDocument, Scheme, Service, Tehsil
from domain.kernel import Bilingual
from store.catalogue import catalogue
from store.database import Transaction


async def enter_catalogue(tx: Transaction) -> None:
    """Two districts with a tehsil, four services of two departments, a scheme."""
    await catalogue.upsert_departments(tx, [_department(1, "revenue-department"), _department(2, "social-welfare")])
    await catalogue.upsert_districts(tx, [_district(1, "49", "Dehradun"), _district(2, "45", "Almora")])
    await catalogue.upsert_tehsils(tx, [Tehsil("304", "49", Bilingual("देहरादून", "Dehradun Sadar"), "test", True)])
    await catalogue.upsert_schemes(tx, [_scheme()])
    await catalogue.upsert_services(tx, [_income(), _pension(), _closed(), _with_fee()])


def _department(number: int, slug: str) -> Department:
    return Department(_key("d", number), slug, Bilingual("विभाग", slug.title()), None, "test", True)


def _district(number: int, code: str, name: str) -> District:
    return District(_key("e", number), code, Bilingual("जिला", name), "Garhwal", name, "test", True)


def _scheme() -> Scheme:
    return Scheme(
        _key("f", 1),
        "old-age",
        Bilingual("वृद्धावस्था पेंशन", "Old Age Pension"),
        Bilingual("समाज कल्याण", "Social Welfare"),
        "pension",
        150_000,
        "monthly",
        "ES90",
        "test",
        True,
    )


def a_service(code: str, department: str) -> Service:
    """An open service of a department."""
    return _service(int(code[2:]), code, Bilingual(None, code), department=department)


def _service(number: int, code: str, name: Bilingual, **changes: Any) -> Service:
    facts: dict[str, Any] = {
        "id": _key("a", number),
        "code": code,
        "code_source": "PORTAL",
        "slug": name.en.lower().replace(" ", "-"),
        "name": name,
        "department": "revenue-department",
        "category": "Revenue",
        "rts_notified": True,
        "limit_days": 15,
        "limit_unit": DayUnit.WORKING_DAYS,
        "portal_delivery_days": 15,
        "designated_officer": "Tehsildar",
        "first_appellate": "SDM",
        "second_appellate": None,
        "fee_paise": None,
        "documents": (),
        "channels": ("apuni-sarkar",),
        "outcome": Outcome.CERTIFICATE,
        "doctype": "INCER",
        "scheme_id": None,
        "open": True,
        "source": "test",
        "verified": True,
    }
    return Service(**{**facts, **changes})


def _income() -> Service:
    papers = (RequiredDocument("id-proof", "ID Proof", True),)
    return _service(1, "ES09", Bilingual("आय प्रमाण पत्र", "Income Certificate"), documents=papers)


def _pension() -> Service:
    name = Bilingual("वृद्धावस्था पेंशन", "Old Age Pension")
    return _service(
        2, "ES90", name, department="social-welfare", outcome=Outcome.BENEFIT, scheme_id="old-age", doctype=None
    )


def _closed() -> Service:
    return _service(3, "ES01", Bilingual("स्थाई निवास", "Domicile Certificate"), open=False)


def _with_fee() -> Service:
    return _service(4, "ES03", Bilingual("चरित्र", "Character Certificate"), fee_paise=4000)


def _key(letter: str, number: int) -> str:
    return f"01930000-0000-7000-8000-0000000000{letter}{number}"
