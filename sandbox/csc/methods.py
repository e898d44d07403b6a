"""The server-to-server calls of the wallet sandbox, written from docs/contracts/other_systems.md sections 3.2 to 3.4.

What is not as the contract says is answered with `Fail` and no envelope; what is declined, by signed pairs. Faults of
its own: `signature` (answers signed by another key), `foreign` (another payment's answer), `partial` (status 200 with
an empty body). Amounts choose others (wallet.py). INFERRED: the codes of `Fail`, and the words of what is declined.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.city.kit import Action, SandboxHome
from sandbox.csc import envelope as envelopes
from sandbox.csc import wallet as wallets

V2, V1 = "/v2/{group}/{method}", "/v1/{group}/{method}/format/json"
_FIXED_OF_REFUND = {
    "merchant_txn_param": ("N",),
    "merchant_txn_status": ("S", "Success"),
    "refund_mode": ("F",),
    "refund_type": ("R",),
    "refund_trigger": ("M",),
}
_OWN_REFERENCE = re.compile(r"[0-9]{1,6}")

Pairs = dict[str, str]


class NotAsAgreed(ValueError):
    """A call with a field that is not as the contract says; the text is the name of the field."""


class Methods:
    """The calls of a merchant."""

    def __init__(self, home: SandboxHome, keys: Mapping[str, str]) -> None:
        self._home = home
        self._state = home.state
        self._keys = keys
        self._methods: Mapping[str, Callable[[Request, Pairs], Pairs]] = {
            "transaction/enquiry": self._enquire,
            "transaction/status": self._tell_status,
            "transaction/reverse": self._reverse,
            "refund/log": self._refund,
            "refund/status": self._refund_status,
            "recon/log": self._recon,
        }

    def routes(self) -> list[BaseRoute]:
        """The calls of both generations; one of them is served."""
        return [
            Route(V2, self.call_v2, methods=["POST"]),
            Route(V1, self.call_v1, methods=["POST"]),
        ]

    def actions(self) -> dict[str, Action]:
        """What CSC decides about its calls, and what a merchant does without them."""
        return {
            "serve_generation": self.serve_generation,
            "take_repeats": self.take_repeats,
            "refund_at_centre": self.refund_at_centre,
        }

    def take_repeats(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a refund that is asked for again under the same number of the merchant as the first time, or not."""
        self._state.put("bridge", "repeats", {"on": bool(arguments["on"])})
        return {"on": bool(arguments["on"])}

    def refund_at_centre(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The refund of a payment as a person sees it at the merchant centre, where she makes it if there is none."""
        payment = self._require_paid({"merchant_txn": str(arguments["reference"])})
        _require("reversed", not payment["reversed"])
        return payment["refund"] or self._make_refund(payment, "", wallets.booked_paise(payment))

    def serve_generation(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Serve `v1` or `v2` from now on."""
        self._state.put("bridge", "generation", {"name": str(arguments["generation"])})
        return {"generation": str(arguments["generation"])}

    async def call_v2(self, request: Request) -> Response:
        """One call of the present generation; its answer is XML."""
        return await self._call(request, V2, "v2")

    async def call_v1(self, request: Request) -> Response:
        """One call as the kit of 2016 makes it."""
        return await self._call(request, V1, "v1")

    def serial(self) -> int:
        """The next number of a payment or a refund."""
        number = int((self._state.get("serial", "last") or {"number": 0})["number"]) + 1
        self._state.put("serial", "last", {"number": number})
        return number

    async def _call(self, request: Request, route: str, generation: str) -> Response:
        served = self._served_generation()
        method = self._methods.get(f"{request.path_params['group']}/{request.path_params['method']}")
        if method is None or generation != served:
            request.state.ledger_effect = "not served"
            return Response("Not found", 404, media_type="text/plain")
        try:
            asked = self._open(await request.body(), generation)
        except (envelopes.NotOurs, ValueError, KeyError, TypeError):
            request.state.ledger_effect = "not let in"
            return self._answer(generation, {"response_status": "Fail", "response_code": "401"}, 401)
        request.state.ledger_key = asked.get("merchant_txn", "")
        try:
            said = method(request, asked)
        except NotAsAgreed as error:
            request.state.ledger_effect = f"not as agreed: {error}"
            refused = {"response_status": "Fail", "response_code": "422", "response_message": str(error)}
            return self._answer(generation, refused)
        return self._reply(route, generation, asked, said)

    def _open(self, content: bytes, generation: str) -> Pairs:
        """The pairs of a call. `merchant_id` is the first of them in v2, the last in v1."""
        body = json.loads(content)
        asked = envelopes.open_message(self._keys, str(body["request_data"]))
        place = 0 if generation == "v2" else -1
        if body.get("merchant_id") != wallets.MERCHANT or list(asked.items())[place] != (
            "merchant_id",
            wallets.MERCHANT,
        ):
            raise envelopes.NotOurs
        return asked

    def _reply(self, route: str, generation: str, asked: Pairs, said: Pairs) -> Response:
        kept = self._state.get("payment", asked.get("merchant_txn", ""))
        fault = kept["amount"] % 100 if kept else None
        faults = self._home.faults
        if faults.match("partial", route) or fault == wallets.EMPTY:
            return Response(b"", 200, media_type="application/xml")
        if fault == wallets.NOT_SEALED:
            return self._answer(generation, {"response_status": "Fail", "response_code": "500"})
        if faults.match("foreign", route):
            said = {**said, "merchant_txn": "UKASOTHER"}
        signer = "merchant" if faults.match("signature", route) else "csc"
        sealed = envelopes.seal_message(self._keys, said, signer=signer)
        return self._answer(generation, {"response_status": "Success", "response_code": "200", "response_data": sealed})

    def _answer(self, generation: str, elements: Mapping[str, str], status: int = 200) -> Response:
        whole = {
            "response_status": "",
            "response_code": "",
            "response_message": "",
            "response_server": "sandbox",
            "response_date": wallets.day_time(self._current_time().isoformat()),
            "response_data": "NA",
            **elements,
        }
        if generation == "v1":
            return JSONResponse(whole, status)
        root = ET.Element("xml")
        for name, text in whole.items():
            ET.SubElement(root, name).text = text
        return Response(ET.tostring(root), status, media_type="application/xml")

    def _enquire(self, request: Request, asked: Pairs) -> Pairs:
        reference = asked.get("merchant_txn", "")
        payment = self._state.get("payment", reference)
        said = wallets.status_pairs(payment, reference, self._current_time())
        request.state.ledger_effect = said["txn_status"]
        return said

    def _tell_status(self, request: Request, asked: Pairs) -> Pairs:
        payment = self._state.get("payment", asked.get("merchant_txn", ""))
        _require("csc_txn", asked.get("csc_txn") in {"N", payment["csc_txn"] if payment else "N"})
        return self._enquire(request, asked)

    def _reverse(self, request: Request, asked: Pairs) -> Pairs:
        payment = self._require_paid(asked)
        made = wallets.creation_date(payment)["creation_date"]
        _require("merchant_txn_datetime", asked.get("merchant_txn_datetime") == made)
        _require("merchant_reference", _OWN_REFERENCE.fullmatch(asked.get("merchant_reference", "0")))
        now = self._current_time()
        late = made[:10] != wallets.day_time(now.isoformat())[:10]
        own = {"merchant_id": wallets.MERCHANT, "merchant_txn": payment["reference"]}
        if late or payment["amount"] % 100 == wallets.NO_REVERSE or wallets.code(payment, now) != "100":
            request.state.ledger_effect = "not reversed"
            return {**own, "txn_status": "300", "reversal_response": "Not reversed", "response_status": "Fail"}
        payment["reversed"] = True
        self._state.put("payment", payment["reference"], payment)
        self._give_back(payment)
        request.state.ledger_effect = "reversed"
        number = f"CSCV{self.serial():010d}"
        return {**own, "reversal_reference": number, "txn_status": "100", "reversal_response": "Success"}

    def _refund(self, request: Request, asked: Pairs) -> Pairs:
        payment = self._require_paid(asked)
        _require("csc_txn", asked.get("csc_txn") == payment["csc_txn"])
        _require("product_id", self._served_generation() == "v2" or asked.get("product_id") == wallets.PRODUCT)
        for name, words in _FIXED_OF_REFUND.items():
            _require(name, asked.get(name) in words)
        _require("merchant_reference", _OWN_REFERENCE.fullmatch(asked.get("merchant_reference", "")))
        _require("refund_reason", re.fullmatch(r"[A-Za-z0-9 ]{1,100}", asked.get("refund_reason", "")))
        try:
            amount = wallets.paise(asked.get("refund_deduction", ""))
        except ValueError:
            raise NotAsAgreed("refund_deduction") from None
        _require("refund_deduction", 0 < amount <= wallets.booked_paise(payment))
        own = {"merchant_id": wallets.MERCHANT, "merchant_txn": payment["reference"]}
        declined = payment["amount"] % 100 == wallets.REFUND_DECLINED
        by, known = asked["merchant_reference"], payment["refund"]
        repeats = (self._state.get("bridge", "repeats") or {"on": False})["on"]
        repeated = repeats and known and (known["by"], known["amount"]) == (by, amount)
        if payment["reversed"] or declined or (known and not repeated):
            request.state.ledger_effect = "refund declined" if declined else "refund known"
            return {**own, "refund_status": "Fail", "response_status": "Fail"}
        request.state.ledger_effect = "refund known" if known else "refund taken"
        number = (known or self._make_refund(payment, by, amount))["number"]
        more = {"merchant_reference": by, "csc_txn": payment["csc_txn"]}
        return {**own, "refund_status": "Success", "refund_reference": number, **more}

    def _make_refund(self, payment: wallets.Payment, by: str, amount: int) -> dict[str, Any]:
        number, at = f"CSCR{self.serial():010d}", self._current_time().isoformat()
        payment["refund"] = {"number": number, "at": at, "by": by, "amount": amount}
        self._state.put("payment", payment["reference"], payment)
        self._give_back(payment, amount)
        return dict(payment["refund"])

    def _refund_status(self, request: Request, asked: Pairs) -> Pairs:
        payment = self._require_paid(asked)
        _require("csc_txn", asked.get("csc_txn") == payment["csc_txn"])
        refund = payment["refund"]
        _require("refund_reference", refund is not None and asked.get("refund_reference") == refund["number"])
        own = {"merchant_id": wallets.MERCHANT, "merchant_txn": payment["reference"], "csc_txn": payment["csc_txn"]}
        if not wallets.refund_is_paid(payment, self._current_time()):
            request.state.ledger_effect = "under way"
            return {**own, "response_status": "Fail", "refund_message": "Under process"}
        request.state.ledger_effect = "refunded"
        paid_at = datetime.fromisoformat(refund["at"]) + wallets.REFUND_TAKES
        return {
            **own,
            "refund_status": "S",
            "refund_message": "Success",
            "merchant_txn_param": "N",
            "refund_mode": "F",
            "refund_bucket": "1",
            "refund_date": wallets.day_time(paid_at.isoformat()),
        }

    def _recon(self, request: Request, asked: Pairs) -> Pairs:
        payment = self._require_paid(asked)
        _require("csc_txn", asked.get("csc_txn") == payment["csc_txn"])
        _require("cscuser_id", asked.get("cscuser_id") == payment["csc_id"])
        _require("product_id", asked.get("product_id") == wallets.PRODUCT)
        _require("txn_amount", asked.get("txn_amount") == wallets.rupees(wallets.booked_paise(payment)))
        try:
            wallets.read_day_time(asked.get("merchant_date", ""))
        except ValueError:
            raise NotAsAgreed("merchant_date") from None
        _require("merchant_txn_status", asked.get("merchant_txn_status") in {"S", "Success"})
        _require("merchant_reciept", asked.get("merchant_reciept"))
        first = self._state.add("recon", payment["reference"], dict(asked))
        request.state.ledger_effect = "logged" if first else "logged before"
        own = {"merchant_id": wallets.MERCHANT, "merchant_txn": payment["reference"]}
        return {**own, "recon_status": "100"}

    def _served_generation(self) -> str:
        return str((self._state.get("bridge", "generation") or {"name": "v2"})["name"])

    def _require_paid(self, asked: Pairs) -> wallets.Payment:
        """The payment of a call about one that was taken."""
        payment = self._state.get("payment", asked.get("merchant_txn", ""))
        _require("merchant_txn", payment is not None and payment["paid_at"])
        return dict(payment or {})

    def _give_back(self, payment: Mapping[str, Any], amount: int | None = None) -> None:
        kept = self._state.get("balance", payment["csc_id"]) or {"paise": wallets.FIRST_BALANCE}
        back = wallets.booked_paise(payment) if amount is None else amount
        self._state.put("balance", payment["csc_id"], {"paise": kept["paise"] + back})

    def _current_time(self) -> datetime:
        return self._home.clock.now()


def _require(name: str, holds: object) -> None:
    if not holds:
        raise NotAsAgreed(name)
