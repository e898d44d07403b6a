"""The errors of docs/contracts/digilocker.md as the DigiLocker sandbox sends them in either status profile.

Action `answer_error` makes the next calls of a kind answer a row; `set_profile` chooses the statuses.
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from sandbox.digilocker.world import World, error

V24, OAS = "v24", "oas"
INTERNAL = "Internal server error"

_RESOURCE = {
    "invalid_token": (401, 401, "The access token is invalid"),
    "insufficient_scope": (403, 403, "The request requires higher privileges"),
    "unexpected_error": (530, 500, INTERNAL),
}
_REPOSITORY = {
    "repository_service_unresponsive": (530, 500, INTERNAL),
    "repository_service_exception": (530, 500, INTERNAL),
    "repository_service_resperror": (530, 500, INTERNAL),
    "repository_service_configerror": (530, 500, INTERNAL),
    "repository_service_inactive": (530, 503, INTERNAL),
    "repository_service_unpublished": (530, 503, INTERNAL),
}
_FILE = {
    **_RESOURCE,
    **_REPOSITORY,
    "uri_missing": (400, 400, "URI is missing"),
    "invalid_uri": (404, 404, "No file found for given URI"),
}
_META = {
    "invalid_client_id": (401, 401, "The client id is invalid"),
    "invalid_parameter": (400, 400, "The Timestamp parameter is invalid"),
    "unexpected_error": (500, 500, INTERNAL),
}
_UPLOAD_CODES = (
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

ROWS: Mapping[str, Mapping[str, tuple[int, int, str]]] = {
    "token": {
        "invalid_grant": (400, 400, "Authorization code doesn't exist or is invalid for the client"),
        "invalid_client": (400, 400, "The client credentials are invalid"),
        "invalid_grant_type": (400, 400, "The grant type is invalid"),
        "unexpected_error": (500, 500, INTERNAL),
    },
    "user": _RESOURCE,
    "issued": {**_RESOURCE, "partner_service_unresponsive": (530, 530, INTERNAL)},
    "folder": {**_RESOURCE, "invalid_id": (404, 404, "The folder does not exist")},
    "file": _FILE,
    "xml": _FILE,
    "eaadhaar": {
        **_RESOURCE,
        **_REPOSITORY,
        "aadhaar_not_linked": (404, 404, "Aadhaar is not linked"),
        "aadhaar_not_available": (404, 404, "Aadhaar is not available"),
    },
    "upload": {**_RESOURCE, **{code: (400, 400, code.replace("_", " ")) for code in _UPLOAD_CODES}},
    "pull": {
        "invalid_orgid": (400, 400, "The organisation id is invalid"),
        "invalid_doctype": (400, 400, "The document type is invalid"),
        "pull_response_pending": (400, 400, "The request was forwarded to the issuer"),
        "uri_exists": (400, 400, "The document is in the account already"),
        "aadhaar_not_linked": (400, 400, "Aadhaar is not linked"),
        "record_not_found": (404, 404, "No record was found"),
        "repository_service_configerror": (500, 500, INTERNAL),
        "invalid_token": (401, 401, "The access token is invalid"),
        "insufficient_scope": (403, 403, "The request requires higher privileges"),
        "unexpected_error": (500, 500, INTERNAL),
    },
    "pull_issuers": _META,
    "pull_doctypes": _META,
    "pull_parameters": _META,
}
"""By kind of call and code: the status in specification 2.4, the one in the older OpenAPI, the description."""


class Errors:
    """Which row answers, and with which status."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, call: str, code: str) -> JSONResponse:
        """The answer of one row."""
        v24, oas, description = ROWS[call][code]
        profile = (self._world.state.get("setting", "profile") or {}).get("name", V24)
        return error(oas if profile == OAS else v24, code, description)

    def due(self, call: str) -> JSONResponse | None:
        """The error configured for the next call of this kind."""
        told = self._world.state.get("error", call)
        if told is None:
            return None
        left = told["calls"] - 1
        if left > 0:
            self._world.state.put("error", call, {**told, "calls": left})
        else:
            self._world.state.take("error", call)
        return self.answer(call, told["code"])

    def tell(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `answer_error`: `call` and `error` name a row, `calls` how many calls it answers (1).

        Raises ValueError for a row that the contract does not have.
        """
        call, code, calls = str(arguments["call"]), str(arguments["error"]), int(arguments.get("calls", 1))
        if code not in ROWS.get(call, {}) or calls < 1:
            raise ValueError("no such row")
        self._world.state.put("error", call, {"code": code, "calls": calls})
        return {"call": call, "error": code, "calls": calls}

    def set_profile(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `set_profile`: `error_profile` v24 or oas; `mime_shape` list, string or objects."""
        profile = str(arguments.get("error_profile", V24))
        shape = str(arguments.get("mime_shape", "list"))
        if profile not in {V24, OAS} or shape not in {"list", "string", "objects"}:
            raise ValueError("no such profile")
        self._world.state.put("setting", "profile", {"name": profile})
        self._world.state.put("setting", "mime_shape", {"name": shape})
        return {"error_profile": profile, "mime_shape": shape}

    def mime(self, media_types: list[str]) -> Any:
        """The media types of a line, in the shape that was chosen."""
        shape = (self._world.state.get("setting", "mime_shape") or {}).get("name", "list")
        if shape == "string":
            return ",".join(media_types)
        if shape == "objects":
            return [{"mime": each} for each in media_types]
        return media_types if len(media_types) > 1 else media_types[0]
