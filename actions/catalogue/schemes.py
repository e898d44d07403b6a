"""Reads the schemes of dbt_schemes.csv and joins them with our own file of how each is paid."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from actions.catalogue import cells
from actions.catalogue.cells import CellWrong, Row
from actions.catalogue.files import FILES
from actions.catalogue.keys import row_id
from domain.benefits.benefits import Rail
from domain.catalogue.catalogue import Scheme
from domain.kernel import Bilingual

SCHEMES, LOCAL = FILES["schemes"], FILES["local_schemes"]
MOST_TERMS = 12


class PaymentTermsRow(cells.RowModel):
    """A row of local_schemes.csv: how a scheme is paid, and its words in Hindi."""

    scheme_id: cells.Name
    rail: Rail | None = None
    head_of_account: cells.Text | None = None
    terms: Annotated[int, Field(ge=1, le=MOST_TERMS), cells.Digits] | None = None
    life_certificate: bool | None = None
    annual_review: bool | None = None
    eligibility_hi: cells.Text | None = None
    documents_hi: cells.Text | None = None


class SchemeRow(cells.NamedRow, cells.SourcedRow):
    """A row of dbt_schemes.csv."""

    scheme_id: cells.Name
    benefit_type: cells.Name
    department_en: cells.Name
    department_hi: cells.Text | None = None
    amount_inr: cells.Paise | None = None
    period: cells.Text | None = None
    portal_service_code: cells.Text | None = None
    eligibility: cells.Text | None = None
    documents: cells.Text | None = None
    rts_time_limit_days: cells.Days | None = None
    is_dbt: bool | None = None
    portal: cells.Text | None = None
    notes: cells.Text | None = None

    def scheme(self, paying: PaymentTermsRow) -> Scheme:
        """The scheme of the row, paid as our own file says."""
        return Scheme(
            id=row_id("scheme", self.scheme_id),
            code=self.scheme_id,
            name=self.name,
            department=Bilingual(self.department_hi, self.department_en),
            benefit_type=self.benefit_type,
            amount_paise=self.amount_inr,
            period=self.period,
            service_code=self.portal_service_code,
            source=self.source,
            verified=self.verified,
            rail=paying.rail or default_rail(self.benefit_type, self.period),
            head_of_account=paying.head_of_account,
            terms=paying.terms if self.period == "yearly" else None,
            life_certificate=paying.life_certificate,
            annual_review=paying.annual_review,
            eligibility=_bilingual(self.eligibility, paying.eligibility_hi),
            papers=_bilingual(self.documents, paying.documents_hi),
            limit_days=self.rts_time_limit_days,
            is_dbt=self.is_dbt,
            portal=self.portal,
            notes=self.notes,
        )


def read_schemes(sieve: cells.RowReader, rows: Iterable[Row], local: Iterable[Row]) -> tuple[Scheme, ...]:
    """The schemes whose rows can be read; one whose row in our own file is wrong stays as it is, and is reported.

    What our own file does not name is paid by the default: monthly pensions and scholarships by PFMS,
    everything else by the state treasury.
    """
    paying = {terms.scheme_id: terms for _, terms in sieve.read_rows(LOCAL, local, _code, PaymentTermsRow.from_row)}
    refused = sieve.refused_keys(LOCAL)

    def read_scheme(row: Row) -> Scheme:
        if _code(row) in refused:  # half of what is known of it would change how it is paid
            raise CellWrong(LOCAL, "LEFT_AS_IS")
        return SchemeRow.from_row(row).scheme(paying.get(_code(row)) or PaymentTermsRow(scheme_id=_code(row)))

    return tuple(value for _, value in sieve.read_rows(SCHEMES, rows, _code, read_scheme))


def default_rail(benefit_type: str, period: str | None) -> Rail:
    """The way that a scheme's money goes where nothing names it."""
    regular = benefit_type == "scholarship" or (benefit_type == "pension" and period == "monthly")
    return Rail.PFMS if regular else Rail.IFMS


def _code(row: Row) -> str:
    return cells.cell(row, "scheme_id")


def _bilingual(english: str | None, hindi: str | None) -> Bilingual | None:
    """The words in both languages; without the Hindi the English stands for both."""
    return Bilingual(hindi, english) if english else None
