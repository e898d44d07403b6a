"""Reads the schemes of dbt_schemes.csv and joins them with our own file of how each is paid."""

from collections.abc import Iterable
from dataclasses import dataclass

from actions.catalogue import cells
from actions.catalogue.cells import CellWrong, Row, RowReader
from actions.catalogue.files import FILES
from actions.catalogue.keys import row_id
from domain.benefits.benefits import Rail
from domain.catalogue.catalogue import Scheme
from domain.kernel import Bilingual

SCHEMES, LOCAL = FILES["schemes"], FILES["local_schemes"]
MOST_TERMS = 12


@dataclass(frozen=True, slots=True)
class _PaymentTerms:
    """What our own file says of a scheme."""

    rail: Rail | None = None
    head_of_account: str | None = None
    terms: int | None = None
    life_certificate: bool | None = None
    annual_review: bool | None = None
    eligibility_hi: str | None = None
    documents_hi: str | None = None


def read_schemes(sieve: RowReader, rows: Iterable[Row], local: Iterable[Row]) -> tuple[Scheme, ...]:
    """The schemes whose rows can be read; one whose row in our own file is wrong stays as it is, and is reported.

    What our own file does not name is paid by the default: monthly pensions and scholarships by PFMS,
    everything else by the state treasury.
    """
    paying = dict(
        value for _, value in sieve.read_rows(LOCAL, local, _code, lambda row: (_code(row), _read_payment_terms(row)))
    )
    refused = sieve.refused_keys(LOCAL)

    def read_scheme(row: Row) -> Scheme:
        if _code(row) in refused:  # half of what is known of it would change how it is paid
            raise CellWrong(LOCAL, "LEFT_AS_IS")
        return _scheme(row, paying.get(_code(row), _PaymentTerms()))

    return tuple(value for _, value in sieve.read_rows(SCHEMES, rows, _code, read_scheme))


def default_rail(benefit_type: str, period: str | None) -> Rail:
    """The way that a scheme's money goes where nothing names it."""
    regular = benefit_type == "scholarship" or (benefit_type == "pension" and period == "monthly")
    return Rail.PFMS if regular else Rail.IFMS


def _code(row: Row) -> str:
    return cells.required_text(row, "scheme_id")


def _read_payment_terms(row: Row) -> _PaymentTerms:
    rail = cells.text(row, "rail")
    terms = cells.whole_number(row, "terms", MOST_TERMS)
    if terms == 0:
        raise CellWrong("terms", "OUT_OF_RANGE")
    return _PaymentTerms(
        rail=cells.word(rail, "rail", Rail) if rail else None,
        head_of_account=cells.text(row, "head_of_account"),
        terms=terms,
        life_certificate=cells.yes_or_no(row, "life_certificate"),
        annual_review=cells.yes_or_no(row, "annual_review"),
        eligibility_hi=cells.text(row, "eligibility_hi"),
        documents_hi=cells.text(row, "documents_hi"),
    )


def _scheme(row: Row, paying: _PaymentTerms) -> Scheme:
    code, kind, period = _code(row), cells.required_text(row, "benefit_type"), cells.text(row, "period")
    return Scheme(
        id=row_id("scheme", code),
        code=code,
        name=cells.bilingual_name(row),
        department=Bilingual(cells.text(row, "department_hi"), cells.required_text(row, "department_en")),
        benefit_type=kind,
        amount_paise=cells.paise(row, "amount_inr"),
        period=period,
        service_code=cells.text(row, "portal_service_code"),
        source=cells.text(row, "source") or "",
        verified=cells.is_verified(row),
        rail=paying.rail or default_rail(kind, period),
        head_of_account=paying.head_of_account,
        terms=paying.terms if period == "yearly" else None,
        life_certificate=paying.life_certificate,
        annual_review=paying.annual_review,
        eligibility=_bilingual(cells.text(row, "eligibility"), paying.eligibility_hi),
        papers=_bilingual(cells.text(row, "documents"), paying.documents_hi),
        limit_days=cells.whole_number(row, "rts_time_limit_days"),
        is_dbt=cells.yes_or_no(row, "is_dbt"),
        portal=cells.text(row, "portal"),
        notes=cells.text(row, "notes"),
    )


def _bilingual(english: str | None, hindi: str | None) -> Bilingual | None:
    """The words in both languages; without the Hindi the English stands for both."""
    return Bilingual(hindi, english) if english else None
