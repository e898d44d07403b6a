"""API Setu's error codes as data (docs/contracts/apisetu.md section 6). The code decides, not the HTTP status."""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.calling.errors import Verdict


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One documented code with its HTTP status and text."""

    status: int
    text: str
    verdict: Verdict


_A, _O, _D, _X = Verdict.AGAIN, Verdict.ONCE, Verdict.DECLINED, Verdict.ALARM

ERRORS: Mapping[str, ErrorRow] = {
    "missing_parameter": ErrorRow(400, "Please provide all mandatory parameters", _D),
    "invalid_parameter": ErrorRow(400, "Bad request", _D),
    "invalid_format": ErrorRow(400, "The format parameter is invalid", _D),
    "invalid_txnid": ErrorRow(400, "The txnId parameter must be in UUID format", _D),
    "invalid_consentid": ErrorRow(400, "The consentId parameter must be in UUID format", _D),
    "invalid_authentication": ErrorRow(401, "Authentication failed", _X),
    "invalid_authorization": ErrorRow(401, "You are not authorized to use this API", _X),
    "record_not_found": ErrorRow(404, "No record found", _D),
    "url_not_found": ErrorRow(404, "Your API url or path is incorrect", _X),
    "internal_server_error": ErrorRow(500, "Internal server error", _O),
    "bad_gatewy": ErrorRow(502, "Publisher service returned an invalid response", _A),
    "bad_gateway": ErrorRow(502, "Publisher service returned an invalid response", _A),
    "service_unavailable": ErrorRow(503, "Publisher service is temporarily unavailable", _A),
    "gateway_timeout": ErrorRow(504, "Publisher service did not respond in time", _A),
}
"""`bad_gatewy` is how the published specification spells it."""

CODES: Mapping[str, str] = {code: row.verdict.value for code, row in ERRORS.items()}
"""What its codes mean to us, as docs/policies.md prints them."""
