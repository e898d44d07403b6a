"""The error codes of DigiLocker's requester API, as data (docs/contracts/digilocker.md sections 3.2, 4 to 4.3).

What to do depends on the code alone. Two profiles of HTTP statuses are in use, specification 2.4 answers 530 for
troubles behind it and the older published OpenAPI 500 and 503; and some codes have another status with another call,
such as `repository_service_configerror`, which is 500 with a pull.
"""

from collections.abc import Mapping

from integrations.calling.errors import Verdict

_A, _D, _X = Verdict.AGAIN, Verdict.DECLINED, Verdict.ALARM

ERRORS: Mapping[str, Verdict] = {
    # Tokens.
    "invalid_grant": _D,
    "invalid_client": _X,
    "invalid_grant_type": _D,
    # Any resource.
    "invalid_token": _D,
    "insufficient_scope": _D,
    "unexpected_error": _A,
    "partner_service_unresponsive": _A,
    # Files and certificates.
    "uri_missing": _D,
    "invalid_uri": _D,
    "repository_service_unresponsive": _A,
    "repository_service_exception": _A,
    "repository_service_resperror": _A,
    "repository_service_configerror": _D,
    "repository_service_inactive": _D,
    "repository_service_unpublished": _D,
    # Folders and uploads.
    "invalid_id": _D,
    "path_missing": _D,
    "contenttype_missing": _D,
    "hmac_missing": _D,
    "filename_missing": _D,
    "hmac_mismatch": _D,
    "invalid_filename": _D,
    "invalid_filesize": _D,
    "invalid_filetype": _D,
    "invalid_path": _D,
    "file_data_missing": _D,
    "mimetype_mismatch": _D,
    # e-Aadhaar.
    "aadhaar_not_linked": _D,
    "aadhaar_not_available": _D,
    # Pull Document. The last two are no failures (wire_pulling.py).
    "invalid_orgid": _D,
    "invalid_doctype": _D,
    "record_not_found": _D,
    "pull_response_pending": _D,
    "uri_exists": _D,
    # What `ts` and `hmac` authenticate.
    "invalid_client_id": _X,
    "invalid_parameter": _D,
    # An issuer's push (docs/contracts/digilocker.md section 4.3).
    "invalid_digilocker_id": _D,
}
"""Every code that the calls of this client can meet, and what it means for us."""

CODES: Mapping[str, str] = {code: verdict.value for code, verdict in ERRORS.items()}
"""What its codes mean to us, as docs/policies.md prints them."""
