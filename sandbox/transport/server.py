"""The sandbox of the transport department, written from docs/contracts/other_systems.md section 10 alone.

Errors come with status 200 and an `errorCode`, as at API Setu's publishers of transport. Licences are those of
demo/people.json. A fault of its own: `partial` (a licence without its optional members).
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import ist_date
from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.connectors.tokens import CHALLENGE, TokenEndpoint, new_secret

KINDS = ("ADDRESS_CHANGE", "DUPLICATE", "RENEWAL")
STATES = ("NEW", "SCRUTINY", "NEED_DOCUMENT", "APPROVED", "REJECTED")
LONGEST_TEXT = 500
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
Handler = Callable[[Request], Awaitable[Response]]


class Wrong(Exception):
    """A request that is refused; the department says so with status 200."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.answer = JSONResponse({"status": "ERROR", "errorCode": code, "message": message})


def create_sandbox(home: SandboxHome) -> Sandbox:
    """The department at its side of the wire."""

    def new_account() -> dict[str, Any]:
        return {"client": {"client_id": "apuni-uk", "client_secret": new_secret()}}

    account = home.state.get_or_create("account", "apuni", new_account)
    home.hand_over({"base_url": home.public_url, **account})
    office = _Office(home, account["client"])
    routes = [
        Route("/oauth/token", office.tokens.issue, methods=["POST"]),
        *(
            Route(f"/v1/{path}", office.let_in(handler), methods=[method])
            for method, path, handler in (
                ("POST", "licences/search", office.licences),
                ("POST", "requests", office.hand_in),
                ("GET", "requests", office.find),
                ("GET", "requests/{number}", office.show),
            )
        ),
    ]
    actions = {
        "decide": office.decide,
        "requests": office.requests,
        "licences": office.numbers,
        "end_tokens": office.tokens.end_tokens,
    }
    return sandbox_app(home, routes, actions=actions)


class _Office:
    """Licences and requests about them."""

    def __init__(self, home: SandboxHome, client: Mapping[str, str]) -> None:
        self._home, self._state = home, home.state
        self.tokens = TokenEndpoint(home, client)

    def let_in(self, handler: Handler) -> Handler:
        """A handler for callers with a token that holds."""

        async def handle(request: Request) -> Response:
            if not self.tokens.holds(request):
                return JSONResponse({"error": "invalid_token"}, 401, CHALLENGE)
            try:
                return await handler(request)
            except Wrong as wrong:
                request.state.ledger_effect = f"refused {wrong.code}"
                return wrong.answer

        return handle

    async def licences(self, request: Request) -> Response:
        """The licence of the holder with a mobile number and a day of birth (`dd-MM-yyyy`)."""
        given = _object(await request.body())
        asked = (str(given.get("mobile", "")), str(given.get("dob", "")))
        if not all(asked):
            raise Wrong("DL400", "mobile and dob are needed")
        found = [held for person, held in self._holders() if (person["mobile"], _day(person["dob"])) == asked]
        if not found:
            raise Wrong("DL404", "no such licence")
        shown = _licence(found[0], ist_date(self._home.clock.now()))
        if self._home.faults.match("partial", request.url.path):
            shown = {"dlNumber": shown["dlNumber"], "state": shown["state"]}
        request.state.ledger_effect = "licence shown"
        return JSONResponse({"status": "OK", "licences": [shown]})

    async def hand_in(self, request: Request) -> Response:
        """A request about a licence, once for each `Idempotency-Key`."""
        key, body = request.headers.get("idempotency-key", ""), await request.body()
        request.state.ledger_key = key or None
        if not _KEY.fullmatch(key):
            raise Wrong("RQ400", "an Idempotency-Key of 8 to 64 letters and digits is needed")
        digest = hashlib.sha256(body).hexdigest()
        before = self._state.get("key", key)
        if before is not None:
            if before["digest"] != digest:
                raise Wrong("RQ409", "this key came with another body")
            request.state.ledger_effect = "same answer again"
            return self._receipt(before["number"])
        given = _object(body)
        if given.get("requestType") not in KINDS or not isinstance(given.get("dlNumber"), str):
            raise Wrong("RQ400", f"requestType is one of {', '.join(KINDS)}, and dlNumber is needed")
        if len(str(given.get("remarks", ""))) > LONGEST_TEXT:
            raise Wrong("RQ400", f"remarks are longer than {LONGEST_TEXT} characters")
        number = f"UKTR{len(self._state.values_of('request')) + 1:08d}"
        kept = {
            "requestType": given["requestType"],
            "dlNumber": given["dlNumber"],
            "clientRef": key,
            "requestState": "NEW",
            "receivedAt": self._home.clock.now().isoformat(timespec="seconds"),
        }
        self._state.put("request", number, kept)
        self._state.put("key", key, {"number": number, "digest": digest})
        request.state.ledger_effect = "request taken"
        return self._receipt(number)

    async def find(self, request: Request) -> Response:
        """The requests with a `clientRef`, which is the key that they came with."""
        reference = request.query_params.get("clientRef", "")
        if not reference:
            raise Wrong("RQ400", "clientRef is needed")
        rows = self._state.values_of("request").items()
        found = [{"requestNo": number, **row} for number, row in rows if row["clientRef"] == reference]
        return JSONResponse({"status": "OK", "requests": found})

    async def show(self, request: Request) -> Response:
        """One request."""
        number = str(request.path_params["number"])
        kept = self._state.get("request", number)
        if kept is None:
            raise Wrong("RQ404", "no such request")
        return JSONResponse({"status": "OK", "requests": [{"requestNo": number, **kept}]})

    def decide(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Set the `state` of a request `number`."""
        number = str(arguments["number"])
        kept = self._state.get("request", number)
        if kept is None or arguments["state"] not in STATES:
            raise ValueError(f"number must be a request's and state one of {', '.join(STATES)}")
        self._state.put("request", number, {**kept, "requestState": arguments["state"]})
        return {"number": number, "state": arguments["state"]}

    def requests(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Everything that was handed in, by number."""
        return {"requests": self._state.values_of("request")}

    def numbers(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The numbers of the licences by the keys of their holders."""
        return {person["key"]: _licence(held, date.max)["dlNumber"] for person, held in self._holders()}

    def _receipt(self, number: str) -> Response:
        kept = self._state.get("request", number) or {}
        row = {"requestNo": number, "clientRef": kept["clientRef"], "receivedAt": kept["receivedAt"]}
        return JSONResponse({"status": "OK", "request": row}, 201)

    def _holders(self) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        return [
            (person, {**held, "holder": person["name_en"]})
            for person in self._home.demo["people"]
            for held in person.get("locker_documents", ())
            if held["doctype"] == "DRVLC"
        ]


def _day(iso: str) -> str:
    return date.fromisoformat(iso).strftime("%d-%m-%Y")


def _licence(held: Mapping[str, Any], today: date) -> dict[str, Any]:
    issued = date.fromisoformat(held["issued_on"])
    ends = issued.replace(year=issued.year + 20, day=min(issued.day, 28))
    digits = int(hashlib.sha256(held["doc_id"].encode()).hexdigest(), 16) % 10_000_000
    return {
        "dlNumber": f"UK07{issued.year}{digits:07d}",
        "holder": held["holder"],
        "classes": ["LMV", "MCWG"],
        "validFrom": issued.strftime("%d-%m-%Y"),
        "validTo": ends.strftime("%d-%m-%Y"),
        "state": "ACTIVE" if ends >= today else "EXPIRED",
    }


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except ValueError:
        raise Wrong("RQ400", "the body is no JSON") from None
    if not isinstance(given, dict):
        raise Wrong("RQ400", "an object is needed")
    return given
