"""Every row of the contract's error tables, in both profiles of HTTP statuses, as the client tells it.

The table is written a third time from docs/contracts/digilocker.md sections 3.2, 4, 4.1, 4.2 and 4.3.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from integrations.calling.errors import NotLetIn, Refused, Unavailable
from integrations.digilocker import DigiLocker, LockerGrant, Pulled, PullState
from tests.integrations.digilocker.conftest import WIDE

MARKSHEET = "in.gov.uk.board-SSCER-AB12"
PDF = b"%PDF-1.4 small"
Call = Callable[[DigiLocker, LockerGrant], Awaitable[Any]]


async def keep(number: str) -> str:
    raise AssertionError("no number is sent")


CALLS: dict[str, tuple[str, Call]] = {
    "token": ("POST /public/oauth2/1/token", lambda client, grant: client.refresh("r")),
    "user": ("GET /public/oauth2/1/user", lambda client, grant: client.issued_documents(grant)),
    "issued": ("GET /public/oauth2/2/files/issued", lambda client, grant: client.issued_documents(grant)),
    "folder": ("GET /public/oauth2/1/files/", lambda client, grant: client.drive.folder(grant)),
    "file": ("GET /public/oauth2/1/file/", lambda client, grant: client.file(grant, MARKSHEET)),
    "xml": ("GET /public/oauth2/1/xml/", lambda client, grant: client.certificate_xml(grant, MARKSHEET)),
    "eaadhaar": ("GET /public/oauth2/3/xml/eaadhaar", lambda client, grant: client.eaadhaar.read(grant, keep)),
    "upload": (
        "POST /public/oauth2/1/file/upload",
        lambda client, grant: client.drive.upload(grant, "a/b.pdf", PDF, "application/pdf"),
    ),
    "pull": (
        "POST /public/oauth2/1/pull/pulldocument",
        lambda client, grant: client.pulling.pull(grant, "org", "INCER", {}),
    ),
    "pull_issuers": ("POST /public/oauth2/1/pull/issuers", lambda client, grant: client.pulling.issuers()),
    "pull_doctypes": ("POST /public/oauth2/1/pull/doctype", lambda client, grant: client.pulling.doctypes("org")),
    "pull_parameters": (
        "POST /public/oauth2/1/pull/parameters",
        lambda client, grant: client.pulling.parameters("org", "INCER"),
    ),
}

NO, AGAIN, OURS = Refused, Unavailable, NotLetIn
COMMON = [("invalid_token", 401, 401, NO), ("insufficient_scope", 403, 403, NO), ("unexpected_error", 530, 500, AGAIN)]
REPOSITORY = [
    ("repository_service_unresponsive", 530, 500, AGAIN),
    ("repository_service_exception", 530, 500, AGAIN),
    ("repository_service_resperror", 530, 500, AGAIN),
    ("repository_service_configerror", 530, 500, NO),
    ("repository_service_inactive", 530, 503, NO),
    ("repository_service_unpublished", 530, 503, NO),
]
FILE = [*COMMON, ("uri_missing", 400, 400, NO), ("invalid_uri", 404, 404, NO), *REPOSITORY]
META = [
    ("invalid_client_id", 401, 401, OURS),
    ("invalid_parameter", 400, 400, NO),
    ("unexpected_error", 500, 500, AGAIN),
]
UPLOAD = (
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
TABLE = {
    "token": [
        ("invalid_grant", 400, 400, NO),
        ("invalid_client", 400, 400, OURS),
        ("invalid_grant_type", 400, 400, NO),
        ("unexpected_error", 500, 500, AGAIN),
    ],
    # Without the scope the owner is not asked again, so that row of `user` has a test of its own.
    "user": [row for row in COMMON if row[0] != "insufficient_scope"],
    "issued": [*COMMON, ("partner_service_unresponsive", 530, 530, AGAIN)],
    "folder": [*COMMON, ("invalid_id", 404, 404, NO)],
    "file": FILE,
    "xml": FILE,
    "eaadhaar": [
        *COMMON,
        ("aadhaar_not_linked", 404, 404, NO),
        ("aadhaar_not_available", 404, 404, NO),
        *REPOSITORY,
    ],
    "upload": [*COMMON, *((code, 400, 400, NO) for code in UPLOAD)],
    "pull": [
        ("invalid_orgid", 400, 400, NO),
        ("invalid_doctype", 400, 400, NO),
        ("aadhaar_not_linked", 400, 400, NO),
        ("record_not_found", 404, 404, NO),
        ("repository_service_configerror", 500, 500, NO),
        ("invalid_token", 401, 401, NO),
        ("insufficient_scope", 403, 403, NO),
        ("unexpected_error", 500, 500, AGAIN),
    ],
    "pull_issuers": META,
    "pull_doctypes": META,
    "pull_parameters": META,
}
ROWS = [
    pytest.param(call, code, status, outcome, profile, id=f"{call}-{code}-{profile}")
    for call, rows in TABLE.items()
    for code, v24, oas, outcome in rows
    for profile, status in (("v24", v24), ("oas", oas))
]


@pytest.fixture
async def grant(shared_locker):
    return await shared_locker.grant(scope=WIDE)


@pytest.fixture(autouse=True)
async def plain(shared_locker):
    yield
    shared_locker.sandbox.state.take("setting", "profile")
    for call in CALLS:
        shared_locker.sandbox.state.take("error", call)


@pytest.mark.parametrize(("call", "code", "status", "outcome", "profile"), ROWS)
async def test_a_row_is_told_by_its_code(shared_locker, grant, call, code, status, outcome, profile):
    locker, (route, ask) = shared_locker, CALLS[call]
    await locker.sandbox.act("set_profile", {"error_profile": profile})
    await locker.sandbox.act("answer_error", {"call": call, "error": code, "calls": 100})
    after = len(locker.sandbox.ledger.entries())

    with pytest.raises(outcome) as failure:
        await ask(locker.client(), grant)

    assert (type(failure.value), failure.value.code) == (outcome, code)
    method, _, path = route.partition(" ")
    async with locker.browser() as browser:
        answer = await browser.request(method, path + (MARKSHEET if path.endswith(("/file/", "/xml/")) else ""))
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    entries = locker.sandbox.ledger.entries()[after:-1]
    sent = [entry for entry in entries if entry["method"] == method and entry["route"].startswith(path.rstrip("/"))]
    assert 1 <= len(sent) <= 3
    if outcome is Refused or (method == "POST" and not call.startswith("pull_")):
        assert len(sent) == 1


async def test_a_scope_that_does_not_tell_the_owner_still_opens_the_list(shared_locker, grant):
    await shared_locker.sandbox.act("answer_error", {"call": "user", "error": "insufficient_scope"})

    assert (await shared_locker.client().issued_documents(grant)).value


@pytest.mark.parametrize(
    ("code", "state"), [("pull_response_pending", PullState.PENDING), ("uri_exists", PullState.ALREADY_THERE)]
)
async def test_a_pull_that_waits_or_was_made_is_no_failure(shared_locker, grant, code, state):
    await shared_locker.sandbox.act("answer_error", {"call": "pull", "error": code})

    assert await shared_locker.client().pulling.pull(grant, "org", "INCER", {}) == Pulled(state)


async def test_a_row_that_the_contract_does_not_have_is_not_answered(shared_locker):
    with pytest.raises(ValueError, match="no such row"):
        await shared_locker.sandbox.act("answer_error", {"call": "file", "error": "record_not_found"})


@pytest.mark.parametrize("status", [500, 502, 503, 504, 530])
async def test_trouble_without_a_code_is_told_by_its_status(shared_locker, grant, status):
    shared_locker.fault("status", status=status, body="")
    try:
        with pytest.raises(Unavailable) as failure:
            await shared_locker.client().file(grant, MARKSHEET)
    finally:
        shared_locker.sandbox.faults.clear()

    assert failure.value.code == f"http_{status}"
    assert httpx.codes.is_server_error(status)
