"""The sandbox of Dehradun Smart City, written from docs/contracts/other_systems.md section 6 alone.

Open311 GeoReport v2 behind tokens of OAuth2, and a signed notice of each change of a complaint. A complaint has no key
of the caller: what is sent twice is there twice. Faults of its own: `signature` (a notice with a wrong one), `partial`
(a complaint without its optional members) and `duplicate` (one twice in a list).
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.gateway_calls import WrongCall, gateway_client, make_wrong_calls, post
from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.connectors.tokens import CHALLENGE, TokenEndpoint, is_same_secret, new_secret
from sandbox.smart_city.georeport import (
    SERVICES,
    Wrong,
    answer,
    definition,
    error,
    instant_of,
    read_report,
    service_rows,
)

LONGEST_LIST = 1000
LONGEST_SPAN = timedelta(days=90)
DOOR = "/hooks/connector/smart_city"
PATH = "/open311/v2"
_STATES = ("open", "closed")
Handler = Callable[[Request, str], Awaitable[Response]]


def create_sandbox(home: SandboxHome, *, transport: httpx.AsyncBaseTransport | None = None) -> Sandbox:
    """The city. `transport` takes the place of the network to the gateway in unit tests."""
    account = home.state.get_or_create("account", "apuni", _new_account)
    home.hand_over({"base_url": home.public_url, **account})
    city = _SmartCity(home, account, transport)
    routes = [
        Route("/oauth/token", city.tokens.issue, methods=["POST"]),
        *(
            Route(f"{PATH}/{path}.{{shape}}", city.let_in(handler), methods=[method])
            for method, path, handler in (
                ("GET", "services", city.services),
                ("GET", "services/{code}", city.definition),
                ("POST", "requests", city.report),
                ("GET", "tokens/{token}", city.ticket),
                ("GET", "requests", city.list_requests),
                ("GET", "requests/{number}", city.one_request),
            )
        ),
    ]
    actions = {
        "update": city.update,
        "redeliver": city.redeliver,
        "call_bad": city.call_bad,
        "answer_tokens": city.answer_tokens,
        "fill": city.fill,
        "complaints": city.complaints,
        "end_tokens": city.tokens.end_tokens,
    }
    return sandbox_app(home, routes, actions=actions)


def _new_account() -> dict[str, Any]:
    return {
        "client": {"client_id": "apuni-uk", "client_secret": new_secret()},
        "key": new_secret(),
        "hook": new_secret(),
    }


class _SmartCity:
    """Complaints and who may bring them."""

    def __init__(
        self, home: SandboxHome, account: Mapping[str, Any], transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._home, self._state = home, home.state
        self._account = account
        self._transport = transport
        self.tokens = TokenEndpoint(home, account["client"])

    def let_in(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A handler for callers with a token that holds, in JSON or XML."""

        async def handle(request: Request) -> Response:
            shape = str(request.path_params["shape"])
            if shape not in {"json", "xml"}:
                return Response(status_code=404)
            if not self.tokens.holds(request):
                refused = error(shape, Wrong(401, "the token is missing, unknown or over"))
                refused.headers.update(CHALLENGE)
                return refused
            try:
                return await handler(request, shape)
            except Wrong as wrong:
                request.state.ledger_effect = f"refused {wrong.code}"
                return error(shape, wrong)

        return handle

    async def services(self, _request: Request, shape: str) -> Response:
        """GET Service List."""
        return answer(shape, "services", "service", service_rows())

    async def definition(self, request: Request, shape: str) -> Response:
        """GET Service Definition."""
        code = str(request.path_params["code"])
        if code not in SERVICES:
            raise Wrong(404, f"service_code {code[:20]} was not found")
        row = definition(code)
        if shape == "json":
            return JSONResponse(row)
        return answer(shape, "service_definitions", "service_definition", [row])

    async def report(self, request: Request, shape: str) -> Response:
        """POST Service Request: a number, or a ticket where numbers are given later."""
        async with request.form(max_files=1, max_fields=40) as form:
            if not is_same_secret(form.get("api_key"), self._account["key"]):
                raise Wrong(403, "Missing or Invalid API Key")
            kept = await read_report(form)
        number, now = self._new_number(), self._home.clock.now()
        ticket = secrets.token_hex(8) if (self._state.get("mode", "tokens") or {"on": False})["on"] else None
        kept |= {"status": "open", "status_notes": "", "at": _w3(now), "updated": _w3(now), "ticket": ticket}
        self._state.put("complaint", number, kept)
        request.state.ledger_key, request.state.ledger_effect = number, "complaint taken"
        if ticket is not None:
            self._state.put("ticket", ticket, {"number": number})
            return answer(shape, "service_requests", "request", [{"token": ticket}])
        row = {"service_request_id": number, "service_notice": "Taken up within two days", "account_id": None}
        return answer(shape, "service_requests", "request", [row])

    async def ticket(self, request: Request, shape: str) -> Response:
        """GET service_request_id from a token; the number is there once the complaint was registered."""
        token = str(request.path_params["token"])
        held = self._state.get("ticket", token)
        if held is None:
            raise Wrong(404, "token was not found")
        row = {"service_request_id": held["number"] if held.get("given") else None, "token": token}
        return answer(shape, "service_requests", "request", [row])

    async def list_requests(self, request: Request, shape: str) -> Response:
        """GET Service Requests: the newest first, of at most 90 days and at most 1,000."""
        query = request.query_params
        numbers = set(filter(None, query.get("service_request_id", "").split(",")))
        found = self._complaints_with_number()
        if numbers:
            found = {number: kept for number, kept in found.items() if number in numbers}
        else:
            found = self._complaints_of_query(found, query)
        rows = sorted(found.items(), key=lambda one: (one[1]["at"], one[0]), reverse=True)[:LONGEST_LIST]
        listed = [self._row(number, kept) for number, kept in rows]
        if self._home.faults.match("duplicate", request.url.path):
            listed += listed[:1]
        return answer(shape, "service_requests", "request", listed)

    async def one_request(self, request: Request, shape: str) -> Response:
        """GET Service Request."""
        number = str(request.path_params["number"])
        kept = self._complaints_with_number().get(number)
        if kept is None:
            raise Wrong(404, "service_request_id was not found")
        return answer(shape, "service_requests", "request", [self._row(number, kept)])

    async def update(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Set `status` (open, closed) and `notes` of a complaint `number`, and tell the gateway."""
        number = str(arguments["number"])
        kept = self._state.get("complaint", number)
        if kept is None or arguments.get("status") not in _STATES:
            raise ValueError(f"number must be a complaint's and status one of {', '.join(_STATES)}")
        kept |= {
            "status": arguments["status"],
            "status_notes": str(arguments.get("notes", "")),
            "updated": _w3(self._home.clock.now()),
        }
        self._state.put("complaint", number, kept)
        event = {
            "eventId": secrets.token_hex(12),
            "event": "complaint.updated",
            "complaintNo": number,
            "at": kept["updated"],
        }
        self._state.put("event", event["eventId"], event)
        return {"event_id": event["eventId"], **await self._tell(event)}

    async def redeliver(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Send a notice `event_id` once more."""
        event = self._state.get("event", str(arguments["event_id"]))
        if event is None:
            raise ValueError("no notice has this event_id")
        return await self._tell(event)

    async def call_bad(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make every kind of wrong notice, and report for each whether it was refused."""
        good = json.dumps({"eventId": "bad", "event": "complaint.updated", "complaintNo": "1"}).encode()
        own = self._headers(good)
        calls: list[WrongCall] = [
            ("no signature", good, {**own, "X-DSCL-Signature": None}, 401, "BAD_SIGNATURE"),
            ("another body's signature", good + b" ", own, 401, "BAD_SIGNATURE"),
            ("a stranger's signature", good, self._headers(good, "x" * 40), 401, "BAD_SIGNATURE"),
            ("too large", good + b" " * 300_000, own, 413, "TOO_LARGE"),
        ]
        return await make_wrong_calls(gateway_client(self._home, self._transport), DOOR, calls)

    def answer_tokens(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer complaints with tickets from now on (`on`), or give the numbers of those that wait (`give`)."""
        if "on" in arguments:
            self._state.put("mode", "tokens", {"on": bool(arguments["on"])})
        given = 0
        if arguments.get("give"):
            for ticket, held in self._state.values_of("ticket").items():
                self._state.put("ticket", ticket, {**held, "given": True})
                given += 1
        return {"given": given}

    def fill(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Put `number` complaints of others into a service, so that its list is cut."""
        now = _w3(self._home.clock.now())
        for _ in range(int(arguments.get("number", LONGEST_LIST))):
            kept = {
                "service_code": str(arguments.get("service_code", "007")),
                "description": "another citizen's",
                "address": "",
                "address_id": "",
                "zipcode": None,
                "lat": 30.3,
                "long": 78.0,
                "media_url": "",
                "media": None,
                "status": "open",
                "status_notes": "",
                "at": now,
                "updated": now,
                "ticket": None,
            }
            self._state.put("complaint", self._new_number(), kept)
        return {"complaints": len(self._state.values_of("complaint"))}

    def complaints(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that is kept, by number."""
        return {"complaints": self._state.values_of("complaint")}

    def _complaints_with_number(self) -> dict[str, dict[str, Any]]:
        """The complaints whose numbers were given out."""
        waiting = {held["number"] for held in self._state.values_of("ticket").values() if not held.get("given")}
        return {number: kept for number, kept in self._state.values_of("complaint").items() if number not in waiting}

    def _complaints_of_query(
        self, found: dict[str, dict[str, Any]], query: Mapping[str, str]
    ) -> dict[str, dict[str, Any]]:
        until = instant_of(query["end_date"]) if query.get("end_date") else self._home.clock.now()
        since = instant_of(query["start_date"]) if query.get("start_date") else until - LONGEST_SPAN
        since = max(since, until - LONGEST_SPAN)
        codes = set(filter(None, query.get("service_code", "").split(",")))
        states = set(filter(None, query.get("status", "").split(",")))
        return {
            number: kept
            for number, kept in found.items()
            if since <= datetime.fromisoformat(kept["at"]) <= until + timedelta(seconds=1)
            and (not codes or kept["service_code"] in codes)
            and (not states or kept["status"] in states)
        }

    def _row(self, number: str, kept: Mapping[str, Any]) -> dict[str, Any]:
        row = {"service_request_id": number, "status": kept["status"], "service_code": kept["service_code"]}
        if self._home.faults.match("partial", PATH):
            return row
        at = datetime.fromisoformat(kept["at"])
        return row | {
            "status_notes": kept["status_notes"],
            "service_name": SERVICES[kept["service_code"]]["en"],
            "description": kept["description"],
            "agency_responsible": "Dehradun Smart City Limited",
            "service_notice": "",
            "requested_datetime": kept["at"],
            "updated_datetime": kept["updated"],
            "expected_datetime": _w3(at + timedelta(days=2)),
            "address": kept["address"],
            "address_id": kept["address_id"],
            "zipcode": kept["zipcode"],
            "lat": kept["lat"],
            "long": kept["long"],
            "media_url": kept["media_url"],
        }

    def _new_number(self) -> str:
        last = (self._state.get("mode", "number") or {"last": 260000})["last"] + 1
        self._state.put("mode", "number", {"last": last})
        return str(last)

    async def _tell(self, event: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(dict(event)).encode()
        forged = self._home.faults.match("signature", DOOR)
        headers = self._headers(body, "forged" if forged else None)
        return await post(gateway_client(self._home, self._transport), DOOR, body, headers)

    def _headers(self, body: bytes, key: str | None = None) -> dict[str, str]:
        signed = hmac.new((key or self._account["hook"]).encode(), body, hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json", "X-DSCL-Signature": signed}


def _w3(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
