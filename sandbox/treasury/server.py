"""The sandbox of e-Challan, written from the contract alone; it stores no personal data.

Source: docs/contracts/other_systems.md section 4. It takes payments that a department sealed, shows how to pay them,
answers enquiries and writes the scroll of a day. The last two digits of a total choose a fault (challans.py),
actions do what banks and years do. Faults of its own: `signature` (sealed with another key), `foreign` (another order's
answer), `partial` (an answer without its end).
"""

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.treasury import challans, pages
from sandbox.treasury import scroll as scrolls

BETWEEN_SECONDS = 10
_VERIFY = "/echallan/api/verify"


def create_sandbox(home: SandboxHome) -> Sandbox:
    """The treasury at its side of the wire."""
    given = home.state.get_or_create("account", "apuni", challans.account)
    home.hand_over({"sandbox": True, "base_url": home.public_url, **given})
    treasury = _Treasury(home, given)
    routes = [
        Route("/echallan/pay", treasury.pay, methods=["POST"]),
        Route("/echallan/pay/choose", treasury.choose, methods=["POST"]),
        Route(_VERIFY, treasury.verify, methods=["POST"]),
        Route("/echallan/scroll/{name}", treasury.scroll, methods=["GET"]),
    ]
    actions = {
        "close_year": treasury.close_year,
        "pay": treasury.pay_now,
        "settle": treasury.settle,
        "book_other_amount": treasury.book_other_amount,
        "leave_out_of_scroll": treasury.leave_out_of_scroll,
        "add_unknown_to_scroll": treasury.add_unknown,
        "withhold_scroll": treasury.withhold_scroll,
        "return_form": treasury.return_form,
        "challan": treasury.challan,
    }
    return sandbox_app(home, routes, actions=actions)


class _Treasury:
    """Challans, and what can be done with them."""

    def __init__(self, home: SandboxHome, given: Mapping[str, Any]) -> None:
        self._home = home
        self._state = home.state
        self._given = given

    async def pay(self, request: Request) -> Response:
        """A citizen comes with a payment that her department sealed."""
        form = await request.form()
        try:
            challan = self._take(str(form.get("encdata", "")))
        except challans.Declined as declined:
            request.state.ledger_effect = f"declined {declined.code}"
            return pages.error_page(declined.code)
        request.state.ledger_key = challan["reference"]
        request.state.ledger_effect = "page shown"
        if challan["state"] != "NEW" and challans.status(challan, self._current_time()) == "S":
            return self._return_response(challan)
        return pages.choice(challan)

    async def choose(self, request: Request) -> Response:
        """She chose how to pay."""
        form = await request.form()
        reference, mode = str(form.get("reference", "")), str(form.get("mode", ""))
        outcome = str(form.get("outcome", "pay"))
        challan = self._state.get("challan", reference)
        if challan is None or mode not in pages.MODES or outcome not in pages.OUTCOMES:
            return pages.error_page("E99")
        request.state.ledger_key = reference
        if self._is_closed():
            return pages.error_page("E05")
        if challans.status(challan, self._current_time()) in {"P", "F", "X"}:
            challans.choose(challan, mode, outcome, self._serial(), self._current_time())
            self._state.put("challan", reference, challan)
        request.state.ledger_effect = f"{mode} {challans.status(challan, self._current_time())}"
        return self._return_response(challan)

    async def verify(self, request: Request) -> Response:
        """What became of an order, asked by the department."""
        body = await request.body()
        if not self._is_signed(request, body):
            return JSONResponse({"errorCode": "E01"})
        try:
            asked = json.loads(body)
        except ValueError:
            return JSONResponse({"errorCode": "E99"})
        reference = str(asked.get("deptRefNo") or self._of_grn(str(asked.get("grn") or "")))
        request.state.ledger_key = reference
        if wait := self._too_soon(reference):
            request.state.ledger_effect = "too soon"
            return JSONResponse({"errorCode": "E99"}, 429, {"Retry-After": str(wait)})
        if self._is_closed():
            return JSONResponse({"errorCode": "E05"})
        challan = self._state.get("challan", reference)
        if challan is None:
            request.state.ledger_effect = "unknown"
            return JSONResponse({"errorCode": "E06"})
        request.state.ledger_effect = challans.status(challan, self._current_time())
        return JSONResponse({"encdata": self._answer(challan)})

    async def scroll(self, request: Request) -> Response:
        """The scroll of a day."""
        path = request.url.path
        if not self._is_signed(request, path[path.index("/echallan/") :].encode()):
            return JSONResponse({"errorCode": "E01"}, 401)
        name = request.path_params["name"]
        prefix = f"ECH_{self._given['dept_code']}_"
        try:
            day = datetime.strptime(name.removeprefix(prefix), "%d%m%Y.csv").replace(tzinfo=UTC).date()
        except ValueError:
            return JSONResponse({"errorCode": "E99"}, 404)
        withheld = (self._state.get("withheld", day.isoformat()) or {}).get("withheld", False)
        if not name.startswith(prefix) or withheld or not scrolls.is_ready(day, self._current_time()):
            request.state.ledger_effect = "not there yet"
            return JSONResponse({"errorCode": "E06"}, 404)
        rows = self._state.values_of("challan").values()
        content = scrolls.scroll(day, rows, self._state.values_of("unknown").values(), self._current_time())
        signed = challans.mac(self._given, content)
        if self._home.faults.match("signature", "/echallan/scroll/{name}"):
            signed = "0" * 64
        if self._home.faults.match("partial", "/echallan/scroll/{name}"):
            content = content[:-8]
            signed = challans.mac(self._given, content)
        request.state.ledger_effect = "scroll given"
        return Response(content, 200, {"X-Checksum": signed}, "text/csv")

    def close_year(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Close the treasury for the end of the year, or open it again."""
        closed = bool(arguments.get("closed", True))
        self._state.put("year", "closed", {"closed": closed})
        return {"closed": closed}

    def pay_now(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A citizen pays in one step: `encdata` of the form, `mode`, `outcome`; gives what the browser would post."""
        challan = self._take(str(arguments["encdata"]))
        if challans.status(challan, self._current_time()) != "S":
            mode, outcome = str(arguments.get("mode", "NB")), str(arguments.get("outcome", "pay"))
            challans.choose(challan, mode, outcome, self._serial(), self._current_time())
            self._state.put("challan", challan["reference"], challan)
        return self.return_form({"reference": challan["reference"]})

    def settle(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The bank answers now: `outcome` S or F."""
        challan = self._require_challan(arguments)
        challan.update(
            outcome=str(arguments.get("outcome", "S")), settles_at=self._current_time().isoformat(), state="CHOSEN"
        )
        challan["serial"] = challan["serial"] or self._serial()
        self._state.put("challan", challan["reference"], challan)
        return {"status": challans.status(challan, self._current_time())}

    def book_other_amount(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The bank booked another amount."""
        challan = self._require_challan(arguments)
        challan["booked"] = int(arguments["paise"])
        self._state.put("challan", challan["reference"], challan)
        return {"booked": challan["booked"]}

    def leave_out_of_scroll(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The scroll of the day lacks a payment; with `day` it comes in that of another day."""
        challan = self._require_challan(arguments)
        challan["scroll_day"], challan["scrolled"] = arguments.get("day"), "day" in arguments
        self._state.put("challan", challan["reference"], challan)
        return {"scrolled": challan["scrolled"]}

    def withhold_scroll(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The scroll of a day is not there, until it is given (`given`: true)."""
        day = date.fromisoformat(str(arguments["day"])).isoformat()
        row = {"day": day, "withheld": not arguments.get("given", False)}
        self._state.put("withheld", day, row)
        return row

    def add_unknown(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The scroll of a day holds a payment that the department never sent, or a second one for a `reference`."""
        serial = self._serial()
        day = str(arguments.get("day") or self._current_time().astimezone(challans.INDIA).date().isoformat())
        stamp = date.fromisoformat(day).strftime("%d%m%Y")
        row = {
            "day": day,
            "grn": f"UKGRN{serial:010d}",
            "cin": f"{challans.BSR}{stamp}{serial % 100_000:05d}",
            "reference": str(arguments.get("reference") or f"ZZ{serial:010d}"),
            "head": self._given["heads"]["*"],
            "paise": int(arguments.get("paise", 5000)),
        }
        self._state.put("unknown", row["grn"], row)
        return row

    def return_form(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What the browser posts on its way back; with `paise` somebody tampered with the amount."""
        challan = self._require_challan(arguments)
        claimed = arguments.get("paise")
        text = challans.answer_text(challan, self._current_time(), claimed=None if claimed is None else int(claimed))
        return {"url": challan["return_url"], "encdata": challans.seal_message(self._given, text)}

    def challan(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The stored form of an order."""
        challan = self._state.get("challan", str(arguments["reference"]))
        if challan is None:
            return {}
        return {
            **challan,
            "status": challans.status(challan, self._current_time()),
            "booked_paise": challans.booked_paise(challan),
        }

    def _take(self, encdata: str) -> challans.Challan:
        """The challan of a payment: a new one, or the one that is there; raises Declined."""
        if self._is_closed():
            raise challans.Declined("E05")
        sent = challans.read_challan(self._given, challans.unseal_message(self._given, encdata), self._current_time())
        known = self._state.get("challan", sent["reference"])
        if known is None:
            self._state.put("challan", sent["reference"], sent)
            return sent
        if known["total"] != sent["total"]:
            raise challans.Declined("E02")
        return known

    def _return_response(self, challan: Mapping[str, Any]) -> Response:
        if challan["total"] % 100 == challans.LOST_RETURN:
            return pages.dead_end_page()
        back = self.return_form({"reference": challan["reference"]})
        return pages.return_page(back["url"], back["encdata"])

    def _answer(self, challan: Mapping[str, Any]) -> str:
        faults = self._home.faults
        text = challans.answer_text(challan, self._current_time())
        if faults.match("foreign", _VERIFY):
            text = text.replace(challan["reference"], "UKASOTHER00000000001")
        if faults.match("partial", _VERIFY):
            text = "|".join(text.split("|")[:5])
        return challans.seal_message(self._given, text, other_key=bool(faults.match("signature", _VERIFY)))

    def _is_signed(self, request: Request, content: bytes) -> bool:
        given = request.headers.get("x-checksum", "")
        known = request.headers.get("x-dept-code") == self._given["dept_code"]
        return known and hmac.compare_digest(challans.mac(self._given, content).encode(), given.encode())

    def _too_soon(self, reference: str) -> int:
        """One enquiry about an order in ten seconds."""
        now = self._current_time()
        last = self._state.get("asked", reference)
        if last is not None:
            left = datetime.fromisoformat(last["at"]) + timedelta(seconds=BETWEEN_SECONDS) - now
            if timedelta(0) < left <= timedelta(seconds=BETWEEN_SECONDS):
                return max(1, round(left.total_seconds()))
        self._state.put("asked", reference, {"at": now.isoformat()})
        return 0

    def _require_challan(self, arguments: Mapping[str, Any]) -> challans.Challan:
        challan = self._state.get("challan", str(arguments["reference"]))
        if challan is None:
            raise KeyError("there is no such challan")
        return challan

    def _of_grn(self, number: str) -> str:
        rows = self._state.values_of("challan").items()
        return next((key for key, row in rows if row["serial"] and challans.grn(row) == number), "")

    def _serial(self) -> int:
        kept = self._state.get("serial", "last") or {"number": 12_345_677}
        number = int(kept["number"]) + 1
        self._state.put("serial", "last", {"number": number})
        return number

    def _is_closed(self) -> bool:
        return bool((self._state.get("year", "closed") or {}).get("closed"))

    def _current_time(self) -> datetime:
        return self._home.clock.now()
