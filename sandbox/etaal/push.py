"""The e-Taal sandbox as receiver of pushed counts, written from docs/contracts/etaal.md section 4 alone.

It keeps the last revision of a day, takes one idempotency key once, gives a repeated one the first answer, and
can be configured to lose an answer after it has stored what it answers to.
"""

import hashlib
import hmac
import json
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import ist_date
from sandbox.city.kit import SandboxHome

TOKEN_SECONDS = 1800
LONGEST_DAYS = 31
LARGEST_BODY = 4_000_000
CATEGORIES = frozenset("ABCDEF")
CHANNELS = frozenset({"SELF", "ASSISTED", "MOBILE"})
LEVELS = frozenset({"STATE", "DISTRICT", "SUBDISTRICT", "BLOCK", "GP"})
UNKNOWN_SERVICE = "LOCAL-"
"""Codes that begin so were not given by us."""

DISTRICTS = frozenset(str(code) for code in range(45, 58))
"""The districts of Uttarakhand in the Local Government Directory."""

STATE = "5"


class Refusal(Exception):
    """The whole batch is refused."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


def new_push_account(home: SandboxHome) -> dict[str, str]:
    """What enrolment for the push hands over; days before it are not sent."""
    return {
        "client_id": "apuni-" + secrets.token_hex(4),
        "client_secret": f"sandbox-{secrets.token_urlsafe(24)}",
        "signing_secret": f"sandbox-{secrets.token_urlsafe(32)}",
        "pushes_from": ist_date(home.clock.now()).isoformat(),
    }


class PushReceiver:
    """The two routes of the push and what they keep."""

    def __init__(self, home: SandboxHome, project_code: str, account: Mapping[str, str]) -> None:
        self._home = home
        self._project = project_code
        self._account = account
        self._lost = 0
        self._full = 0

    @property
    def routes(self) -> list[Route]:
        """Token and transactions."""
        return [
            Route("/api/token", self.token, methods=["POST"]),
            Route("/api/v1/transactions", self.transactions, methods=["POST"]),
        ]

    def lose_answers(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the next `number` batches with 500 after they were stored."""
        self._lost = int(arguments.get("number", 1))
        return {"number": self._lost}

    def be_full(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the next `number` batches with 429 and store nothing."""
        self._full = int(arguments.get("number", 1))
        return {"number": self._full}

    def end_tokens(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Let no token hold any more, as after thirty minutes."""
        tokens = self._home.state.values_of("token")
        for token in tokens:
            self._home.state.take("token", token)
        return {"ended": len(tokens)}

    def stored_counts(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What was stored of a `date`, with its sums by district and category; districts add up to the state."""
        day = str(arguments["date"])
        kept = self._home.state.get("pushed", day)
        if kept is None:
            return {"date": day, "revision": None, "rows": [], "total": 0, "districts": {}, "categories": {}}
        districts: Counter[str] = Counter()
        categories: Counter[str] = Counter()
        for row in kept["rows"]:
            districts[row["locationCode"]] += row["count"]
            categories[row["category"]] += row["count"]
        return {
            "date": day,
            **kept,
            "total": sum(districts.values()),
            "districts": dict(districts),
            "categories": dict(categories),
        }

    async def token(self, request: Request) -> Response:
        """`POST /api/token`."""
        given = _json(await request.body())
        if not isinstance(given, dict):
            return JSONResponse({"code": "E00"}, 400)
        right = [_is_same_secret(given.get("clientId"), self._account["client_id"])]
        right.append(_is_same_secret(given.get("clientSecret"), self._account["client_secret"]))
        if not all(right):
            request.state.ledger_effect = "client refused"
            return JSONResponse({"code": "UNAUTHORIZED"}, 401)
        token = secrets.token_urlsafe(32)
        ends = self._home.clock.now() + timedelta(seconds=TOKEN_SECONDS)
        self._home.state.put("token", token, {"ends": ends.isoformat()})
        request.state.ledger_effect = "token issued"
        return JSONResponse({"token": token, "expiresIn": TOKEN_SECONDS})

    async def transactions(self, request: Request) -> Response:
        """`POST /api/v1/transactions`."""
        key = request.headers.get("x-idempotency-key", "")
        request.state.ledger_key = key or None
        body = await request.body()
        if not self._holds(request.headers.get("authorization", "")):
            request.state.ledger_effect = "no token"
            return JSONResponse({"code": "UNAUTHORIZED"}, 401)
        if self._full:
            self._full -= 1
            return JSONResponse({"code": "RATE"}, 429, {"Retry-After": "60"})
        try:
            answer = self._take_batch(request, key, body)
        except Refusal as refusal:
            request.state.ledger_effect = f"refused {refusal.code}"
            return JSONResponse({"code": refusal.code, "message": refusal.message}, refusal.status)
        if self._lost:
            self._lost -= 1
            return JSONResponse({"code": "INTERNAL"}, 500)
        return JSONResponse(answer)

    def _take_batch(self, request: Request, key: str, body: bytes) -> dict[str, Any]:
        if len(body) > LARGEST_BODY:
            raise Refusal(413, "E00", "too large")
        expected = hmac.new(self._account["signing_secret"].encode(), body, hashlib.sha256).hexdigest()
        if not _is_same_secret(request.headers.get("x-signature"), expected):
            raise Refusal(403, "SIGNATURE", "the signature is wrong")
        digest = hashlib.sha256(body).hexdigest()
        before = self._home.state.get("batch", key)
        if before is not None:
            if before["bodySha256"] != digest:
                raise Refusal(409, "E20", "this key came with another body")
            request.state.ledger_effect = "same answer again"
            return dict(before["answer"])
        given = _json(body)
        day, revision = self._check_batch(given, key)
        answer = self._store_batch(given, day, revision)
        self._home.state.add("batch", key, {"bodySha256": digest, "answer": answer})
        request.state.ledger_effect = "stored"
        return answer

    def _check_batch(self, given: Any, key: str) -> tuple[date, int]:
        """The day and revision of a batch that is right as a whole."""
        if not isinstance(given, dict) or not isinstance(given.get("rows"), list):
            raise Refusal(400, "E00", "not a batch")
        if given.get("projectCode") != self._project or given.get("stateCode") != STATE:
            raise Refusal(403, "PROJECT", "another project")
        first = self._range(given)
        if given.get("level") not in LEVELS:
            raise Refusal(400, "E00", "no such level")
        counts: list[Any] = [row.get("count") if isinstance(row, dict) else None for row in given["rows"]]
        if any(not _is_whole_number(count) for count in counts) or given.get("total") != sum(counts):
            raise Refusal(400, "E04", "the total is not the sum")
        return first, self._newer(given, key, first)

    def _range(self, given: Mapping[str, Any]) -> date:
        first, last = (_day(given.get(name)) for name in ("fromDate", "toDate"))
        if first is None or last is None or last < first:
            raise Refusal(400, "E01", "the form of the dates")
        if last > ist_date(self._home.clock.now()):
            raise Refusal(400, "E02", "in the future")
        if (last - first).days >= LONGEST_DAYS:
            raise Refusal(400, "E03", "too long")
        return first

    def _newer(self, given: Mapping[str, Any], key: str, first: date) -> int:
        revision: Any = given.get("revision")
        if not _is_whole_number(revision) or revision < 1 or key != f"{self._project}:{first.isoformat()}:{revision}":
            raise Refusal(400, "E00", "the key is not of this batch")
        kept = self._home.state.get("pushed", first.isoformat())
        if kept is not None and kept["revision"] >= revision:
            raise Refusal(409, "E20", "not newer")
        return int(revision)

    def _store_batch(self, given: Mapping[str, Any], day: date, revision: int) -> dict[str, Any]:
        rejected, good, seen = [], [], set()
        for number, row in enumerate(given["rows"]):
            place = (row.get("serviceCode"), row.get("date"), row.get("locationCode"), row.get("channel"))
            code = self._row_code(row, day) or ("E00" if place in seen else None)
            seen.add(place)
            if code is None:
                good.append(row)
            else:
                rejected.append({"row": number, "code": code, "message": "not taken"})
        batch_id = "B" + secrets.token_hex(8)
        self._home.state.put(
            "pushed",
            day.isoformat(),
            {"revision": revision, "batchId": batch_id, "level": given["level"], "rows": good, "rejected": rejected},
        )
        return {"status": "ACCEPTED", "batchId": batch_id, "received": len(good), "rejected": rejected}

    def _row_code(self, row: Mapping[str, Any], day: date) -> str | None:
        service, place = row.get("serviceCode"), row.get("locationCode")
        checks: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("E01", lambda: row.get("date") == day.isoformat()),
            ("E10", lambda: isinstance(service, str) and service != "" and not service.startswith(UNKNOWN_SERVICE)),
            ("E11", lambda: place == STATE or place in DISTRICTS),
            ("E12", lambda: row["count"] >= 0),
            ("E00", lambda: row.get("category") in CATEGORIES and row.get("channel") in CHANNELS),
        )
        return next((code for code, holds in checks if not holds()), None)

    def _holds(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        kept = self._home.state.get("token", token) if scheme == "Bearer" and token else None
        return kept is not None and kept["ends"] > self._home.clock.now().isoformat()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _is_whole_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_same_secret(given: Any, expected: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())
