"""The sandbox of API Setu's gateway and its publishers (docs/contracts/apisetu.md section 10).

Publishers are those of the demo's file `apisetu`, and any other that holds a document of the demo people; one
has not approved our subscription. Own faults: `signature` (XML signed with a foreign key; with `how` "moved" a
genuine certificate inside one that says something else), `partial` (half a document), `foreign` (another
citizen's document). Actions: `publisher_trouble` (publisher, error), `mode` (strict), and `call_published`, which
asks the gateway for a certificate of its own as a consumer does (sandbox_consumer).
"""

import secrets
from collections.abc import Mapping
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.apisetu.checks import (
    Call,
    Rejected,
    check_call,
    check_media_type,
    check_signature,
    check_strictly,
)
from sandbox.apisetu.consumer import ConsumerCalls
from sandbox.apisetu.papers import Papers, forge_by_wrapping
from sandbox.apisetu.publishers import NEWER, OLDER, Offer, Publisher, publishers_of
from sandbox.city import Sandbox, SandboxHome, sandbox_app

CLIENT_ID = "in.gov.uk.apunisarkar"
UNAPPROVED = "edistrictpb"
"""A publisher that has not approved our subscription: 401 invalid_authorization."""

TROUBLES: Mapping[str, tuple[int, str]] = {
    "internal_server_error": (500, "Internal server error"),
    "bad_gatewy": (502, "Publisher service returned an invalid response"),
    "service_unavailable": (503, "Publisher service is temporarily unavailable"),
    "gateway_timeout": (504, "Publisher service did not respond in time"),
}

SPOILT: Mapping[str, tuple[int, str, bytes]] = {
    "html": (502, "text/html", b"<html><body>Bad Gateway</body></html>"),
    "html_with_200": (200, "text/html", b"<html><body>Please sign in</body></html>"),
    "error_with_200": (200, "application/json", b'{"error":"record_not_found","errorDescription":"No record found"}'),
    "wrong_type": (200, "application/octet-stream", b"%PDF-1.4"),
    "rate_limited": (429, "application/json", b"{}"),
}
"""What one publisher may also be set to answer: none of it is in section 6 of docs/contracts/apisetu.md, all of it
in docs/contracts/apisetu.md section 10."""


def create_sandbox(home: SandboxHome, transport: httpx.AsyncBaseTransport | None = None) -> Sandbox:
    """The server. `transport` replaces the network for the calls that the sandbox makes itself."""
    service = _Service(home, ConsumerCalls(home, transport))
    service.onboard()
    return sandbox_app(
        home,
        [
            Route(NEWER, service.certificate, methods=["POST"]),
            Route(OLDER, service.certificate, methods=["POST"]),
            Route("/api_specification_v8/{publisher}.yaml", service.specification, methods=["GET"]),
            Route("/{path:path}", service.unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ],
        actions={
            "publisher_trouble": service.trouble,
            "mode": service.mode,
            "call_published": service.consumer.call,
        },
    )


class _Service:
    def __init__(self, home: SandboxHome, consumer: ConsumerCalls) -> None:
        self._home = home
        self.consumer = consumer
        self._papers = Papers(home)
        self._publishers = {UNAPPROVED: Publisher(UNAPPROVED, approved=False)}
        self._publishers |= publishers_of(home, self._papers.parameter_names())
        self._client = home.state.get_or_create(
            "client", "gateway", lambda: {"client_id": CLIENT_ID, "api_key": f"sandbox-{secrets.token_urlsafe(24)}"}
        )

    def onboard(self) -> None:
        """What the marketplace shows a subscriber, and whose certificates the publishers sign with."""
        publishers = {
            name: publisher.subscriber_view([self._papers.certificate_of(name)] if publisher.signs else [])
            for name, publisher in self._publishers.items()
            if publisher.offers
        }
        handed_over = {
            "sandbox": True,
            **self._client,
            "publishers": publishers,
            "published": self.consumer.subscription(),
        }
        self._home.hand_over(handed_over)

    async def certificate(self, request: Request) -> Response:
        """One certificate call, in either path style."""
        publisher, doctype = request.path_params["publisher"], request.path_params["doctype"]
        body = await request.body()
        try:
            offer = self._check_subscriber(request, publisher, doctype)
            spoilt = self._home.state.get("trouble", publisher)
            if spoilt is not None:
                request.state.ledger_effect = spoilt["error"]
                return _fault_response(spoilt)
            check_media_type(request.headers.get("content-type", ""))
            call = check_call(body, self._home.clock.now(), frozenset(offer.formats))
            request.state.ledger_key = call.transaction_id
            strict = self._home.state.get("mode", "strict")
            if strict is not None:
                check_signature(call, strict.get("consent_key", ""))
                check_strictly(self._home.state, self._client["client_id"], publisher, call, body)
            content = self._find(publisher, doctype, offer, call)
        except Rejected as rejected:
            request.state.ledger_effect = rejected.code
            return _error(rejected)
        if self._home.faults.match("partial", NEWER):
            content = content[: len(content) // 2]
        request.state.ledger_effect = "certificate handed out"
        return Response(content, media_type=f"application/{call.format}")

    async def specification(self, request: Request) -> Response:
        """The OpenAPI file of a publisher."""
        name = request.path_params["publisher"]
        publisher = self._publishers.get(name)
        if publisher is None:
            return await self.unknown(request)
        return Response(publisher.specification(name), media_type="application/yaml")

    async def unknown(self, _request: Request) -> Response:
        """Any other path."""
        return _error(Rejected(404, "url_not_found", "Your API url or path is incorrect"))

    def trouble(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action: make one publisher fail, by a 5xx code (docs/contracts/apisetu.md section 6) or a spoilt answer.

        With null it works again.

        `retry_after` goes with `rate_limited`, in seconds or as a date.
        """
        publisher, code = str(arguments["publisher"]), arguments.get("error")
        if code is None:
            self._home.state.take("trouble", publisher)
        elif code in TROUBLES or code in SPOILT:
            kept = {"error": code, "retry_after": arguments.get("retry_after")}
            self._home.state.put("trouble", publisher, kept)
        else:
            raise ValueError(f"error must be one of {', '.join([*TROUBLES, *SPOILT])}")
        return {"publisher": publisher, "error": code}

    def mode(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action: check consent artefacts and transactions strictly, or by their form only.

        `consent_key` is the PEM key with which the subscriber signs consents; without one no signature holds.
        """
        if arguments.get("strict"):
            self._home.state.put("mode", "strict", {"consent_key": str(arguments.get("consent_key", ""))})
        else:
            self._home.state.take("mode", "strict")
        return {"strict": bool(arguments.get("strict"))}

    def _check_subscriber(self, request: Request, publisher: str, doctype: str) -> Offer:
        given = request.headers.get("x-apisetu-clientid", ""), request.headers.get("x-apisetu-apikey", "")
        expected = self._client["client_id"], self._client["api_key"]
        if not all(secrets.compare_digest(a.encode(), b.encode()) for a, b in zip(given, expected, strict=True)):
            raise Rejected(401, "invalid_authentication", "Authentication failed")
        known = self._publishers.get(publisher)
        if known is not None and not known.approved:
            raise Rejected(401, "invalid_authorization", "You are not authorized to use this API")
        if known is None or doctype not in known.offers:
            raise Rejected(404, "url_not_found", "Your API url or path is incorrect")
        return known.offers[doctype]

    def _find(self, publisher: str, doctype: str, offer: Offer, call: Call) -> bytes:
        if not set(offer.parameters) <= set(call.parameters):
            raise Rejected(400, "missing_parameter", "Please provide all mandatory parameters")
        found = self._papers.find(publisher, doctype, offer, call.parameters)
        if found is None:
            raise Rejected(404, "record_not_found", "No record found")
        if self._home.faults.match("foreign", NEWER):
            found = self._papers.stranger(found)
        spoilt = self._home.faults.match("signature", NEWER)
        moved = spoilt is not None and spoilt.params.get("how") == "moved"
        foreign = spoilt is not None and not moved
        name = self._publishers[publisher].name
        issuer = "" if name.startswith(("e-District", publisher)) else name
        written = self._papers.render_document(publisher, found, call.format, foreign_key=foreign, issuer=issuer)
        return forge_by_wrapping(written) if moved and call.format == "xml" else written


def _fault_response(kept: Mapping[str, Any]) -> Response:
    if kept["error"] in TROUBLES:
        status, text = TROUBLES[kept["error"]]
        return _error(Rejected(status, kept["error"], text))
    status, media_type, content = SPOILT[kept["error"]]
    wait = kept.get("retry_after")
    return Response(content, status, {"Retry-After": str(wait)} if wait is not None else None, media_type)


def _error(rejected: Rejected) -> JSONResponse:
    return JSONResponse({"error": rejected.code, "errorDescription": rejected.text}, rejected.status)
