"""API Setu's gateway with its publishers, as it stands in for the real one (contracts/apisetu.md section 10).

Publishers are those of the demo people's department documents, and one whose subscription is not approved.
Own faults: `signature` (XML signed with a foreign key; with `how` "moved" a genuine certificate inside one
that says something else), `partial` (half a document), `foreign` (another citizen's document). Actions:
`publisher_trouble` (publisher, error) and `mode` (strict).
"""

import secrets
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.apisetu.sandbox_checks import Call, Rejected, check_call, check_strictly
from integrations.apisetu.sandbox_papers import Papers, wrapped
from integrations.city import Sandbox, SandboxHome, sandbox_app, write_onboarding

NEWER, OLDER = "/certificate/v3/{publisher}/{doctype}", "/{publisher}/v3/{doctype}/certificate"
CLIENT_ID = "in.gov.uk.apunisarkar"
UNAPPROVED = "transportuk"
"""A publisher that has not approved our subscription: 401 invalid_authorization."""

TROUBLES: Mapping[str, tuple[int, str]] = {
    "internal_server_error": (500, "Internal server error"),
    "bad_gatewy": (502, "Publisher service returned an invalid response"),
    "service_unavailable": (503, "Publisher service is temporarily unavailable"),
    "gateway_timeout": (504, "Publisher service did not respond in time"),
}


def create_sandbox(home: SandboxHome) -> Sandbox:
    """The server."""
    service = _Service(home)
    service.onboard()
    return sandbox_app(
        home,
        [
            Route(NEWER, service.certificate, methods=["POST"]),
            Route(OLDER, service.certificate, methods=["POST"]),
            Route("/{path:path}", service.unknown),
        ],
        actions={"publisher_trouble": service.trouble, "mode": service.mode},
    )


class _Service:
    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._papers = Papers(home)
        self._client = home.state.once(
            "client", "gateway", lambda: {"client_id": CLIENT_ID, "api_key": secrets.token_urlsafe(24)}
        )

    def onboard(self) -> None:
        """What the marketplace shows a subscriber, and whose certificates the publishers sign with."""
        publishers = {
            name: {"path_template": NEWER, "signing_certificates": [self._papers.certificate_of(name)]}
            for name in self._papers.publishers
        }
        write_onboarding(self._home.onboarding, {"sandbox": True, **self._client, "publishers": publishers})

    async def certificate(self, request: Request) -> Response:
        """One certificate call, in either path style."""
        publisher, doctype = request.path_params["publisher"], request.path_params["doctype"]
        body = await request.body()
        try:
            self._check_subscriber(request, publisher, doctype)
            call = check_call(body, self._home.clock.now())
            request.state.ledger_key = call.transaction_id
            if self._home.state.get("mode", "strict") is not None:
                check_strictly(self._home.state, self._client["client_id"], publisher, call, body)
            content = self._find(publisher, doctype, call)
        except Rejected as rejected:
            request.state.ledger_effect = rejected.code
            return _error(rejected)
        if self._home.faults.match("partial", NEWER):
            content = content[: len(content) // 2]
        request.state.ledger_effect = "certificate handed out"
        return Response(content, media_type=f"application/{call.format}")

    async def unknown(self, _request: Request) -> Response:
        """Any other path."""
        return _error(Rejected(404, "url_not_found", "Your API url or path is incorrect"))

    def trouble(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action: make one publisher fail with a 5xx code of section 6, or with null let it be."""
        publisher, code = str(arguments["publisher"]), arguments.get("error")
        if code is None:
            self._home.state.take("trouble", publisher)
        elif code in TROUBLES:
            self._home.state.put("trouble", publisher, {"error": code})
        else:
            raise ValueError(f"error must be one of {', '.join(TROUBLES)}")
        return {"publisher": publisher, "error": code}

    def mode(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action: check consent artefacts and transactions strictly, or by their form only."""
        if arguments.get("strict"):
            self._home.state.put("mode", "strict", {})
        else:
            self._home.state.take("mode", "strict")
        return {"strict": bool(arguments.get("strict"))}

    def _check_subscriber(self, request: Request, publisher: str, doctype: str) -> None:
        given = request.headers.get("x-apisetu-clientid", ""), request.headers.get("x-apisetu-apikey", "")
        expected = self._client["client_id"], self._client["api_key"]
        if not all(secrets.compare_digest(a.encode(), b.encode()) for a, b in zip(given, expected, strict=True)):
            raise Rejected(401, "invalid_authentication", "Authentication failed")
        if publisher == UNAPPROVED:
            raise Rejected(401, "invalid_authorization", "You are not authorized to use this API")
        if doctype not in self._papers.doctypes(publisher):
            raise Rejected(404, "url_not_found", "Your API url or path is incorrect")
        trouble = self._home.state.get("trouble", publisher)
        if trouble is not None:
            status, text = TROUBLES[trouble["error"]]
            raise Rejected(status, trouble["error"], text)

    def _find(self, publisher: str, doctype: str, call: Call) -> bytes:
        wanted = self._papers.parameter_names(publisher, doctype)
        if not wanted <= set(call.parameters):
            raise Rejected(400, "missing_parameter", "Please provide all mandatory parameters")
        found = self._papers.find(publisher, doctype, {name: call.parameters[name] for name in wanted})
        if found is None:
            raise Rejected(404, "record_not_found", "No record found")
        if self._home.faults.match("foreign", NEWER):
            found = self._papers.stranger(found)
        spoilt = self._home.faults.match("signature", NEWER)
        moved = spoilt is not None and spoilt.params.get("how") == "moved"
        written = self._papers.written(publisher, found, call.format, foreign_key=spoilt is not None and not moved)
        return wrapped(written) if moved and call.format == "xml" else written


def _error(rejected: Rejected) -> JSONResponse:
    return JSONResponse({"error": rejected.code, "errorDescription": rejected.text}, rejected.status)
