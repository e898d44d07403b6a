"""DBT Bharat: the monthly figures of one scheme, as XML (docs/contracts/dbt_finance.md section 6).

The names of the fields are public, misspelt ones included. INFERRED: the envelope `DBTReport`, the path, that a
field whose value is not known is left out, and the signature.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from xml.sax.saxutils import escape, quoteattr

from domain.kernel import Clock, Source
from integrations.calling.answers import read_object, refuse_status
from integrations.calling.errors import Foreign, NotLetIn, Refused, Unreadable
from integrations.calling.onboarding import read_settings
from integrations.calling.policies import Bulkhead, CallPolicy
from integrations.calling.remote import Answer, Remote
from integrations.dbt_finance import bharat_auth

REPORT_MONTH = CallPolicy(
    "dbt_finance.bharat_report",
    Source.DBT_FINANCE,
    total=10.0,
    body_limit=64_000,
    keyed=True,
    breaker="bharat",
    lane=Bulkhead("bharat", places=2),
)
"""Repeatable because a second report of the same scheme and month takes the place of the first."""

FIELDS = (
    "StateCode",
    "StateName",
    "Amount",
    "FundTransferMethod",
    "TransactionDate",
    "NoOfBeneficiaries_Transacations",
    "AadharSeededBeneficiariesTransactions",
    "TotalBeneficiary",
    "TotalBeneficiaryAadhaarSeeding",
    "TotalBeneficiarywithBankAccount",
    "TotalBeneficiarywithAadhaarSeededwithBankAccount",
)
"""Every field of a scheme that pays cash, in the order of the published list; all are strings."""

SERVICE, PATH = "DBTBHARAT", "/dbt-bharat/v1/monthly"
CODES: Mapping[str, str] = {"0": "NOT_SAVED"}


@dataclass(frozen=True, slots=True)
class BharatSettings:
    """What onboarding hands over for the reports. `hmac_secret` signs them and checks the answers."""

    client_id: str
    hmac_secret: str = field(repr=False)

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the onboarding file; raises KeyError where a needed part is missing."""
        return read_settings(cls, given)


@dataclass(frozen=True, slots=True)
class MonthlyReport:
    """The figures of one scheme in one month (`2026-10`). A value is None where it is not known."""

    scheme_code: str
    month: str
    fields: Mapping[str, str | None]


def report_xml(report: MonthlyReport) -> bytes:
    """The document of one report: the same report gives the same bytes. Raises ValueError for an unknown field."""
    if set(report.fields) - set(FIELDS):
        raise ValueError("a field that DBT Bharat does not know")
    known = [(name, report.fields.get(name)) for name in FIELDS]
    rows = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in known if value is not None)
    head = f"<DBTReport month={quoteattr(report.month)} schemeCode={quoteattr(report.scheme_code)}>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}<Cash>{rows}</Cash></DBTReport>'.encode()


class DbtBharat:
    """The one call of the reporting service."""

    def __init__(self, remote: Remote, settings: BharatSettings, clock: Clock) -> None:
        self._remote = remote
        self._settings = settings
        self._clock = clock

    async def report(self, report: MonthlyReport, revision: int) -> None:
        """Hand in the figures of a scheme and month; they take the place of any that were there.

        Safe to repeat. Raises Unavailable, Refused(NOT_SAVED), NotLetIn where our credentials are not taken, and
        Garbled for an answer about another report.
        """
        settings, body = self._settings, report_xml(report)
        headers = bharat_auth.request_headers(
            settings.client_id, settings.hmac_secret, SERVICE, body, self._clock.now()
        )

        def judge(answer: Answer) -> None:
            if answer.status in {401, 403}:
                raise NotLetIn(Source.DBT_FINANCE, "unauthorised")
            refuse_status(Source.DBT_FINANCE, answer)
            asked, given = headers[bharat_auth.SIGNATURE_HEADER], answer.headers.get(bharat_auth.SIGNATURE_HEADER, "")
            if not bharat_auth.answer_is_genuine(settings.hmac_secret, asked, answer.status, answer.content, given):
                raise Foreign("signature")
            _check_reply(answer.content, report)

        sent = {
            "Content-Type": "application/xml; charset=utf-8",
            "Accept": "application/json",
            "Idempotency-Key": f"{report.scheme_code}/{report.month}/{revision}",
            **headers,
        }
        await self._remote.ask(REPORT_MONTH, "POST", PATH, judge, headers=sent, content=body)


def _check_reply(content: bytes, report: MonthlyReport) -> None:
    answer = read_object(content)
    if "status" not in answer:
        raise Unreadable("status_missing")
    if str(answer["status"]) != "1":
        raise Refused(Source.DBT_FINANCE, CODES["0"])
    if (answer.get("month"), answer.get("schemeCode")) != (report.month, report.scheme_code):
        raise Foreign("foreign_record")
