"""The sandbox of DBT Bharat: receives a scheme's monthly figures; a later report replaces the earlier one.

Written from docs/contracts/dbt_finance.md section 6 a second time; it shares no code with our client.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.city.kit import SandboxHome

CASH = (
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
NEEDED = ("StateCode", "StateName", "Amount", "FundTransferMethod", "TransactionDate", "TotalBeneficiary")
SERVICE, PATH = "DBTBHARAT", "/dbt-bharat/v1/monthly"
SKEW_SECONDS = 300
_COUNTS = [name for name in CASH if name.startswith(("Total", "NoOf", "Aadhar"))]


def signature(secret: str, *parts: str) -> str:
    """Hex HMAC-SHA256 over the parts, each on a line."""
    return hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def request_is_genuine(
    headers: Mapping[str, str], client: Mapping[str, str], service: str, body: bytes, clocks: tuple[datetime, ...]
) -> bool:
    """Whether client, time and signature hold; the time may agree with any of the clocks."""
    stamp = headers.get("x-timestamp", "")
    if headers.get("x-client-id") != client["client_id"] or not re.fullmatch(r"[0-9]{1,12}", stamp):
        return False
    if all(abs(clock.timestamp() - int(stamp)) > SKEW_SECONDS for clock in clocks):
        return False
    expected = signature(client["hmac_secret"], client["client_id"], stamp, service, hashlib.sha256(body).hexdigest())
    return hmac.compare_digest(expected.encode(), headers.get("x-signature", "").encode())


def read_report(content: bytes) -> dict[str, Any] | str:
    """The report as it is stored, or the text of what is wrong with it."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except etree.XMLSyntaxError:
        return "Not well-formed"
    if root.getroottree().docinfo.doctype:
        return "DOCTYPE is not allowed"
    month, scheme, cash = root.get("month", ""), root.get("schemeCode", ""), root.find("Cash")
    if root.tag != "DBTReport" or cash is None or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month) or not scheme:
        return "Header is missing"
    values = {str(element.tag): element.text or "" for element in cash}
    return _fault(values) or {"month": month, "scheme": scheme, "fields": values}


def _fault(values: Mapping[str, str]) -> str | None:
    if unknown := sorted(set(values) - set(CASH)):
        return f"Unknown field {unknown[0]}"
    if missing := [name for name in NEEDED if not values.get(name)]:
        return f"Missing field {missing[0]}"
    try:
        amount = Decimal(values["Amount"])
    except InvalidOperation:
        return "Amount is not a number"
    if amount < 0 or amount != round(amount, 2):
        return "Amount is not in rupees and paise"
    wrong = [name for name in _COUNTS if name in values and not values[name].isdigit()]
    return f"{wrong[0]} is not a count" if wrong else None


def answer_of(kept: Mapping[str, Any] | str) -> dict[str, Any]:
    """What the service answers."""
    if isinstance(kept, str):
        return {"status": "0", "message": kept}
    return {"status": "1", "message": "Data saved", "month": kept["month"], "schemeCode": kept["scheme"]}


class ReportDesk:
    """The endpoint of the reports. The caller signs each, and the answer is signed in return."""

    def __init__(self, home: SandboxHome, client: Mapping[str, str]) -> None:
        self._home = home
        self._state = home.state
        self._client = client

    async def receive(self, request: Request) -> Response:
        """The monthly figures of a scheme; those of the same scheme and month are replaced."""
        body = await request.body()
        if not request_is_genuine(request.headers, self._client, SERVICE, body, self._clocks()):
            request.state.ledger_effect = "signature refused"
            return _json({"status": "0", "message": "Authentication failed."}, 401)
        kept = read_report(body)
        request.state.ledger_key = request.headers.get("idempotency-key")
        request.state.ledger_effect = "report refused"
        if isinstance(kept, dict):
            self._state.put("report", f"{kept['scheme']}/{kept['month']}", kept)
            request.state.ledger_effect = "report saved"
        if self._home.faults.match("silence", PATH):
            return Silence()
        return self._sign_report(request, _json(answer_of(kept)))

    def _clocks(self) -> tuple[datetime, ...]:
        """The times that a report may carry: the sandbox's, or the machine's where a caller does not follow it."""
        now = self._home.clock.now()
        skew = self._home.faults.match("skew", PATH)
        if skew is not None:
            return (now + timedelta(seconds=float(skew.params.get("seconds", 600))),)
        return (now, now - self._home.clock.offset)

    def _sign_report(self, request: Request, answer: Response) -> Response:
        """The answer with its signature, which a fault may spoil."""
        secret, covered = self._client["hmac_secret"], bytes(answer.body)
        spoilt = self._home.faults.match("signature", PATH)
        if spoilt is not None and spoilt.params.get("how") == "moved":
            covered = b"the body of another answer"
        elif spoilt is not None:
            secret = "another " + secret
        asked = request.headers["x-signature"]
        digest = hashlib.sha256(covered).hexdigest()
        answer.headers["x-signature"] = signature(secret, asked, "200", digest)
        return answer


class Silence(Response):
    """The headers, and then nothing until the caller goes away."""

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while (await receive())["type"] != "http.disconnect":
            pass


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return JSONResponse(dict(content), status)
