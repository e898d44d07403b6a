"""The sandbox of the Commission's case system, written from the contract alone.

Source: docs/contracts/right_to_service.md sections 6 and 9. It takes appeals once, keeps events, services, summaries
and reviews, hears cases when its clock says so, sends hearings and orders to our endpoint, and fetches the case files
that our events name. It shares no code with the client.
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

from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.right_to_service.bench import case_view, new_case
from sandbox.right_to_service.checks import faults_of_appeal, faults_of_event, request_signature
from sandbox.right_to_service.sender import Sender

KEY_HOURS = 24
_SKEW_SECONDS = 300
Handler = Callable[[Request, dict[str, Any]], Awaitable[Response]]


def create_sandbox(home: SandboxHome, *, transport: httpx.AsyncBaseTransport | None = None) -> Sandbox:
    """The Commission at its side of the wire. `transport` takes the place of the network in unit tests."""
    account = home.state.get_or_create("account", "apuni", _new_account)
    home.hand_over({"sandbox": True, "base_url": home.public_url, **account})
    system = _CaseSystem(home, account)
    sender = Sender(home, account, transport)
    routes = [
        Route("/rts/v1/appeals", system.endpoint_for(system.file), methods=["POST"]),
        Route("/rts/v1/appeals/{no}", system.endpoint_for(system.read), methods=["GET"]),
        Route("/rts/v1/appeals/{no}/events", system.endpoint_for(system.event), methods=["POST"]),
        Route("/rts/v1/services/{code}", system.endpoint_for(system.service), methods=["PUT"]),
        Route("/rts/v1/daily-summary", system.endpoint_for(system.summary), methods=["POST"]),
        Route("/rts/v1/delay-reviews/{month}", system.endpoint_for(system.review), methods=["PUT"]),
    ]
    actions = {
        "cases": system.cases,
        "tell": sender.send_message,
        "redeliver": sender.redeliver,
        "sit": sender.decide_due_cases,
        "fetch_case_file": sender.fetch_case_file,
        "call_bad": sender.call_bad,
        "kept": system.stored_records,
    }
    return sandbox_app(home, routes, actions=actions)


def _new_account() -> dict[str, str]:
    names = ("token", "secret", "hook_token", "hook_secret")
    return {name: f"sandbox-{secrets.token_hex(24)}" for name in names}


class _CaseSystem:
    """What the Commission keeps, and its six calls."""

    def __init__(self, home: SandboxHome, account: Mapping[str, str]) -> None:
        self._home = home
        self._state = home.state
        self._account = account

    def endpoint_for(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of a call: credentials, age, signature, key, form; then the call itself."""

        async def answer(request: Request) -> Response:
            body = await request.body()
            path = request.url.path
            path = path[path.index("/rts/") :]  # what was signed does not know below which address we are reached
            if not self._is_known(request, path, body):
                request.state.ledger_effect = "not let in"
                return _error(401, "UNAUTHENTICATED")
            key = request.headers.get("x-request-id", "")
            if not 1 <= len(key) <= 200:
                return _error(400, "BAD_FIELD", field="X-Request-Id")
            request.state.ledger_key = key
            if request.method == "GET":
                return await handler(request, {})
            try:
                content = json.loads(body)
            except ValueError:
                content = None
            if not isinstance(content, dict):
                return _error(400, "BAD_FIELD", field="body")
            return await self._answer_once(request, f"{request.method} {path} {key}", body, content, handler)

        return answer

    async def _answer_once(
        self, request: Request, key: str, body: bytes, content: dict[str, Any], handler: Handler
    ) -> Response:
        """The first answer again for the same key within a day; a key is good for one body."""
        digest, now = hashlib.sha256(body).hexdigest(), self._home.clock.now()
        kept = self._state.get("request", key)
        if kept is not None and now - datetime.fromisoformat(kept["at"]) < timedelta(hours=KEY_HOURS):
            if kept["digest"] != digest:
                return _error(409, "OTHER_CONTENT")
            request.state.ledger_effect = "repeated"
            return JSONResponse(kept["body"], kept["status"])
        answer = await handler(request, content)
        if answer.status_code < 300:
            given = {"at": now.isoformat(), "digest": digest, "status": answer.status_code}
            self._state.put("request", key, {**given, "body": json.loads(bytes(answer.body))})
        return answer

    def _is_known(self, request: Request, path: str, body: bytes) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._account["token"].encode()):
            return False
        stamp = request.headers.get("x-timestamp", "")
        if not stamp.isdigit() or not any(
            abs(int(stamp) - at.timestamp()) <= _SKEW_SECONDS for at in self._clocks(path)
        ):
            return False
        expected = request_signature(self._account["secret"], stamp, request.method, path, body)
        return hmac.compare_digest(expected.encode(), request.headers.get("x-signature", "").encode())

    def _clocks(self, path: str) -> tuple[datetime, ...]:
        """The times that a request may carry: the sandbox's, or the machine's where a caller does not follow it."""
        now = self._home.clock.now()
        skew = self._home.faults.match("skew", path)
        if skew is not None:
            return (now + timedelta(seconds=float(skew.params.get("seconds", 600))),)
        return (now, now - self._home.clock.offset)

    async def file(self, request: Request, content: dict[str, Any]) -> Response:
        """Take an appeal, once for its reference."""
        wrong = faults_of_appeal(content)
        if wrong is not None:
            return _error(400, "BAD_FIELD", field=wrong)
        reference = str(content["appealRef"])
        known = self._state.get("number_of", reference)
        if known is not None:
            request.state.ledger_effect = "known already"
            return _error(409, "ALREADY_APPEALED", appealNo=known["number"])
        number = f"URTSC-{self._home.clock.now():%Y}-{secrets.randbelow(10**8):08d}"
        case = new_case(number, content, self._home.clock.now())
        if not self._state.add("number_of", reference, {"number": number}):
            return _error(409, "ALREADY_APPEALED", appealNo=number)
        self._state.put("case", number, case)
        request.state.ledger_effect = "case opened"
        opened = {name: case[name] for name in ("appealNo", "level", "receivedAt", "decideBy")}
        return JSONResponse(opened, 201)

    async def read(self, request: Request, _: dict[str, Any]) -> Response:
        """A case by its number, or by the reference under which it was filed."""
        case = self._case(request.path_params["no"])
        if case is None:
            return _error(404, "NOT_FOUND")
        answer = case_view(case)
        if self._home.faults.match("foreign", "/rts/v1/appeals/{no}"):
            answer |= {"appealNo": "URTSC-0000-00000000", "appealRef": "UK-0-L3-TL"}
        return JSONResponse(answer)

    async def event(self, request: Request, content: dict[str, Any]) -> Response:
        """Take an event of the portal, once for its id."""
        case = self._case(request.path_params["no"])
        if case is None:
            return _error(404, "NOT_FOUND")
        wrong = faults_of_event(content)
        if wrong is not None:
            return _error(400, "BAD_FIELD", field=wrong)
        if content["eventId"] not in {one["eventId"] for one in case["events"]}:
            case["events"].append(content)
            self._state.put("case", case["appealNo"], case)
            request.state.ledger_effect = f"event {content['type']}"
        return JSONResponse({"eventId": content["eventId"]}, 202)

    async def service(self, request: Request, content: dict[str, Any]) -> Response:
        """Take a notified service; the same version again changes nothing."""
        if not isinstance(content.get("version"), int) or not isinstance(content.get("roles"), dict):
            return _error(400, "BAD_FIELD", field="version")
        self._state.put("service", request.path_params["code"], content)
        request.state.ledger_effect = "service noted"
        return JSONResponse({"version": content["version"]})

    async def summary(self, request: Request, content: dict[str, Any]) -> Response:
        """Take the summary of a day."""
        if not isinstance(content.get("date"), str) or not isinstance(content.get("rows"), list):
            return _error(400, "BAD_FIELD", field="rows")
        self._state.put("summary", content["date"], content)
        request.state.ledger_effect = "summary taken"
        return JSONResponse({"rows": len(content["rows"])})

    async def review(self, request: Request, content: dict[str, Any]) -> Response:
        """Take the review of a month once; another one of the same month is refused."""
        month = request.path_params["month"]
        if content.get("month") != month or not isinstance(content.get("rows"), list):
            return _error(400, "BAD_FIELD", field="month")
        if not self._state.add("review", month, content):
            same = self._state.get("review", month) == content
            return JSONResponse({"month": month}) if same else _error(409, "OTHER_CONTENT")
        request.state.ledger_effect = "review taken"
        return JSONResponse({"month": month}, 201)

    def cases(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Every case, or with `reference` those of it."""
        reference = arguments.get("reference")
        found = [case for case in self._state.values_of("case").values() if reference in {None, case["appealRef"]}]
        return {"cases": found}

    def stored_records(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What else it holds of a `kind`: service, summary or review, by key."""
        kind = str(arguments["kind"])
        if kind not in {"service", "summary", "review"}:
            raise ValueError("kind must be service, summary or review")
        return {"kept": self._state.values_of(kind)}

    def _case(self, name: str) -> dict[str, Any] | None:
        known = self._state.get("number_of", name)
        return self._state.get("case", known["number"] if known else name)


def _error(status: int, code: str, **more: str) -> JSONResponse:
    return JSONResponse({"code": code, **more}, status)
