"""The error codes of DigiLocker's requester API, as data (docs/contracts/digilocker.md sections 3.2, 4 to 4.3).

Two profiles of HTTP statuses are in use: specification 2.4 answers 530 for troubles behind it, the
older published OpenAPI 500 and 503. What to do depends on the code alone: some codes have another status with
another call, such as `repository_service_configerror`, which is 500 with a pull.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from integrations.calling.errors import OUTCOMES


class Verdict(StrEnum):
    """What an error code means for us."""

    AGAIN = "AGAIN"
    """Unavailable: asking again may work."""

    DECLINED = "DECLINED"
    """Refused: asking again will not help."""

    ALARM = "ALARM"
    """Refused: our own credentials are wrong, and somebody must look."""


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One documented code with its HTTP status in both profiles."""

    v24: int
    oas: int
    verdict: Verdict


_A, _D, _X = Verdict.AGAIN, Verdict.DECLINED, Verdict.ALARM

ERRORS = MappingProxyType(
    {
        # Tokens.
        "invalid_grant": ErrorRow(400, 400, _D),
        "invalid_client": ErrorRow(400, 400, _X),
        "invalid_grant_type": ErrorRow(400, 400, _D),
        # Any resource.
        "invalid_token": ErrorRow(401, 401, _D),
        "insufficient_scope": ErrorRow(403, 403, _D),
        "unexpected_error": ErrorRow(530, 500, _A),
        "partner_service_unresponsive": ErrorRow(530, 530, _A),
        # Files and certificates.
        "uri_missing": ErrorRow(400, 400, _D),
        "invalid_uri": ErrorRow(404, 404, _D),
        "repository_service_unresponsive": ErrorRow(530, 500, _A),
        "repository_service_exception": ErrorRow(530, 500, _A),
        "repository_service_resperror": ErrorRow(530, 500, _A),
        "repository_service_configerror": ErrorRow(530, 500, _D),
        "repository_service_inactive": ErrorRow(530, 503, _D),
        "repository_service_unpublished": ErrorRow(530, 503, _D),
        # Folders and uploads.
        "invalid_id": ErrorRow(404, 404, _D),
        "path_missing": ErrorRow(400, 400, _D),
        "contenttype_missing": ErrorRow(400, 400, _D),
        "hmac_missing": ErrorRow(400, 400, _D),
        "filename_missing": ErrorRow(400, 400, _D),
        "hmac_mismatch": ErrorRow(400, 400, _D),
        "invalid_filename": ErrorRow(400, 400, _D),
        "invalid_filesize": ErrorRow(400, 400, _D),
        "invalid_filetype": ErrorRow(400, 400, _D),
        "invalid_path": ErrorRow(400, 400, _D),
        "file_data_missing": ErrorRow(400, 400, _D),
        "mimetype_mismatch": ErrorRow(400, 400, _D),
        # e-Aadhaar.
        "aadhaar_not_linked": ErrorRow(404, 404, _D),
        "aadhaar_not_available": ErrorRow(404, 404, _D),
        # Pull Document. The last two are no failures (wire_pulling.py).
        "invalid_orgid": ErrorRow(400, 400, _D),
        "invalid_doctype": ErrorRow(400, 400, _D),
        "record_not_found": ErrorRow(404, 404, _D),
        "pull_response_pending": ErrorRow(400, 400, _D),
        "uri_exists": ErrorRow(400, 400, _D),
        # What `ts` and `hmac` authenticate.
        "invalid_client_id": ErrorRow(401, 401, _X),
        "invalid_parameter": ErrorRow(400, 400, _D),
        # An issuer's push (docs/contracts/digilocker.md section 4.3).
        "invalid_digilocker_id": ErrorRow(404, 404, _D),
    }
)
"""Every code that the calls of this client can meet."""

CODES = MappingProxyType({code: OUTCOMES[row.verdict] for code, row in ERRORS.items()})
"""What its codes mean to us, as docs/policies.md prints them."""
