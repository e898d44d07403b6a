"""Every error row of the contracts of issue 6, and the tests that meet it: the list that test_contract_rows.py checks.

Written from docs/contracts/digilocker.md sections 3.1, 3.2, 4 to 4.3 and 7.1, docs/contracts/apisetu.md section 6,
docs/contracts/sso.md sections 2 and 3.
"""

from dataclasses import dataclass

LOCKER = "tests.integrations.digilocker.test_error_rows:test_a_row_is_told_by_its_code"
NO_FAILURE = "tests.integrations.digilocker.test_error_rows:test_a_pull_that_waits_or_was_made_is_no_failure"
PUSH = "tests.integrations.digilocker.test_pushing:test_every_row_of_a_push_is_told_by_its_code"
PUSH_TEXTS = "tests.integrations.digilocker.test_pushing:test_what_is_refused_is_named"
READS = "tests.schema.documents.test_lockers:test_every_documented_error_of_a_read_reaches_her_with_what_to_do"
DOOR = "tests.schema.documents.test_lockers:test_the_door_passes_every_error_of_a_file_on"
UPLOADS = "tests.schema.documents.test_lockers:test_every_documented_refusal_of_an_upload_is_told_as_data"
PULLS = "tests.schema.documents.test_lockers:test_every_documented_refusal_of_a_pull_is_told_as_data"
PULL_TROUBLE = "tests.schema.documents.test_lockers:test_a_pull_that_meets_trouble_waits"
TOKENS = "tests.schema.documents.test_error_rows:test_every_row_of_the_token_call_reaches_her"
LISTS = "tests.schema.documents.test_error_rows:test_every_row_of_the_lists_for_a_pull_reaches_her"
SETU = "tests.integrations.apisetu.test_error_table:test_a_row_of_the_table"
SETU_GRAPH = "tests.schema.documents.test_error_rows:test_every_row_of_api_setu_reaches_her"
SSO_TOKEN = "tests.integrations.sso.test_meri_pehchaan:test_every_row_of_the_token_call_is_told_by_its_code"
SSO_USER = "tests.integrations.sso.test_meri_pehchaan:test_every_row_of_the_user_call_is_told_where_no_key_vouches"
CALLBACK = "tests.gateway.sign_in.test_sign_in_pages:test_every_error_of_a_callback_is_a_page_with_its_code"
REVOKED = "tests.integrations.sso.test_meri_pehchaan:test_a_token_that_is_dead_already_is_as_good"
PARICHAY = "tests.integrations.sso.test_parichay:test_a_revoked_token_opens_nothing_and_revoking_it_again_is_as_good"


@dataclass(frozen=True)
class Row:
    """One code of one call, with the tests that meet it. A test is `module:function`."""

    contract: str
    call: str
    code: str
    tests: tuple[str, ...]


_COMMON = ("invalid_token", "insufficient_scope", "unexpected_error")
_REPOSITORY = (
    "repository_service_unresponsive",
    "repository_service_exception",
    "repository_service_resperror",
    "repository_service_configerror",
    "repository_service_inactive",
    "repository_service_unpublished",
)
_FILE = (*_COMMON, "uri_missing", "invalid_uri", *_REPOSITORY)
_UPLOAD = (
    "path_missing",
    "contenttype_missing",
    "hmac_missing",
    "filename_missing",
    "hmac_mismatch",
    "invalid_filename",
    "invalid_filesize",
    "invalid_filetype",
    "invalid_path",
    "file_data_missing",
    "mimetype_mismatch",
)
_PULL = ("invalid_orgid", "invalid_doctype", "aadhaar_not_linked", "record_not_found", "repository_service_configerror")
_SETU = (
    "missing_parameter",
    "invalid_parameter",
    "invalid_format",
    "invalid_txnid",
    "invalid_consentid",
    "invalid_authentication",
    "invalid_authorization",
    "record_not_found",
    "url_not_found",
    "internal_server_error",
    "bad_gatewy",
    "service_unavailable",
    "gateway_timeout",
)


def _rows(contract: str, call: str, codes: tuple[str, ...], *tests: str) -> list[Row]:
    return [Row(contract, call, code, tests) for code in codes]


ROWS: tuple[Row, ...] = (
    *_rows("digilocker 3.1", "authorize", ("access_denied", "redirect_uri_mismatch", "invalid_scope"), CALLBACK),
    *_rows("digilocker 3.2", "token", ("invalid_grant", "invalid_client", "invalid_grant_type"), LOCKER, TOKENS),
    *_rows("digilocker 3.2", "token", ("unexpected_error",), LOCKER, TOKENS),
    *_rows("digilocker 4", "user", ("invalid_token", "unexpected_error"), LOCKER, READS),
    *_rows("digilocker 4", "issued", (*_COMMON, "partner_service_unresponsive"), LOCKER, READS),
    *_rows("digilocker 4", "folder", (*_COMMON, "invalid_id"), LOCKER, READS),
    *_rows("digilocker 4, 4.1", "file", _FILE, LOCKER, DOOR),
    *_rows("digilocker 4, 4.1", "xml", _FILE, LOCKER, READS),
    *_rows(
        "digilocker 4, 4.1",
        "eaadhaar",
        (*_COMMON, "aadhaar_not_linked", "aadhaar_not_available", *_REPOSITORY),
        LOCKER,
        READS,
    ),
    *_rows("digilocker 4", "upload", (*_COMMON, *_UPLOAD), LOCKER, UPLOADS),
    *_rows("digilocker 4.2", "pull", ("pull_response_pending", "uri_exists"), NO_FAILURE),
    *_rows("digilocker 4.2", "pull", (*_PULL, "invalid_token", "insufficient_scope"), LOCKER, PULLS),
    *_rows("digilocker 4.2", "pull", ("unexpected_error",), LOCKER, PULL_TROUBLE),
    *(
        row
        for call in ("pull_issuers", "pull_doctypes", "pull_parameters")
        for row in _rows(
            "digilocker 4.3", call, ("invalid_client_id", "invalid_parameter", "unexpected_error"), LOCKER, LISTS
        )
    ),
    *_rows("digilocker 4.3", "push", ("invalid_client_id", "insufficient_scope", "unexpected_error"), PUSH),
    *_rows("digilocker 4.3", "push", ("invalid_parameter", "invalid_digilocker_id"), PUSH, PUSH_TEXTS),
    *_rows("apisetu 6", "certificate", _SETU, SETU, SETU_GRAPH),
    *_rows("sso 2", "token", ("invalid_grant", "invalid_client", "invalid_grant_type", "unexpected_error"), SSO_TOKEN),
    *_rows("sso 2", "user", _COMMON, SSO_USER),
    *_rows("sso 2", "revoke", ("invalid_token",), REVOKED),
    *_rows("sso 3", "revoke", ("invalid_token",), PARICHAY),
)
"""Not called by this gateway, so without rows: `/1/apaar`, `/statistics/1/counts`, and `/2/verify`, which is gone."""
