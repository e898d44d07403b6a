"""The sandbox of CSC Bridge as a browser meets it, with real RSA and AES, and what operators and banks do there.

Written from docs/contracts/other_systems.md section 3. The calls of a merchant are in methods.py.
"""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.city.kit import Action, SandboxHome
from sandbox.csc import envelope as envelopes
from sandbox.csc import wallet as wallets
from sandbox.csc.methods import Methods

HEAD = "007060800020000"


class Bridge:
    """The wallet at CSC's side of the wire."""

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._state = home.state
        self._keys = home.state.get_or_create("bridge", "keys", envelopes.new_keys)
        self._methods = Methods(home, self._keys)

    def onboarding(self) -> dict[str, Any]:
        """What the merchant centre hands over for the wallet."""
        return {
            "merchant_id": wallets.MERCHANT,
            "product_id": wallets.PRODUCT,
            "pay_url": f"{self._home.public_url}/v1/payment",
            "pay_to_email": "fees@apuni.example",
            "private_key": self._keys["merchant_private"],
            "csc_key": self._keys["csc_public"],
            "head": HEAD,
        }

    def routes(self) -> list[BaseRoute]:
        """The pay page and the calls."""
        return [
            Route("/v1/payment/confirm", self.confirm, methods=["POST"]),
            Route("/v1/payment/{frac}", self.pay, methods=["POST"]),
            *self._methods.routes(),
        ]

    def actions(self) -> dict[str, Action]:
        """What operators and banks do."""
        return {
            "set_balance": self.set_balance,
            "pay_from_wallet": self.pay_now,
            "fail_payment": self.fail_payment,
            "book_other_amount": self.book_other_amount,
            "wallet_return": self.wallet_return,
            "wallet_payment": self.payment,
            **self._methods.actions(),
        }

    async def pay(self, request: Request) -> Response:
        """An operator comes with a payment of a merchant."""
        form = await request.form()
        try:
            wallets.check_frac(request.path_params["frac"])
            payment = self._take(str(form.get("message", "")))
        except (envelopes.NotOurs, ValueError):
            request.state.ledger_effect = "declined"
            return _page("<p role='alert'>The payment is not valid</p>", 400)
        request.state.ledger_key, request.state.ledger_effect = payment["reference"], "page shown"
        reference = escape(payment["reference"])
        return _page(
            f"<p>This is a demonstration. Amount: ₹ {wallets.rupees(payment['amount'])}</p>"
            '<form method="post" action="confirm">'
            f'<input type="hidden" name="reference" value="{reference}">'
            '<p><button name="decision" value="pay">Pay from the wallet</button> '
            '<button name="decision" value="fail">Let it fail</button></p></form>'
        )

    async def confirm(self, request: Request) -> Response:
        """The operator confirmed; the money is taken where the wallet holds enough."""
        form = await request.form()
        payment = self._state.get("payment", str(form.get("reference", "")))
        if payment is None:
            return _page("<p role='alert'>Unknown payment</p>", 400)
        request.state.ledger_key = payment["reference"]
        if form.get("decision") == "fail":
            self.fail_payment({"reference": payment["reference"]})
        elif not self._pay(payment):
            request.state.ledger_effect = "low balance"
            return _page("<p role='alert'>Insufficient balance in the wallet</p>", 402)
        request.state.ledger_effect = wallets.code(payment, self._current_time())
        if payment["amount"] % 100 == wallets.NO_RETURN:
            return _page("<p>The session is over.</p>")
        back = self.wallet_return({"reference": payment["reference"]})
        return _page(
            f'<form method="post" action="{escape(back["url"])}">'
            f'<input type="hidden" name="bridgeResponseMessage" value="{escape(back["message"])}">'
            "<p><button>Back to the department</button></p></form>"
        )

    def set_balance(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Fill or empty a wallet."""
        self._state.put("balance", str(arguments["csc_id"]), {"paise": int(arguments["paise"])})
        return {"paise": int(arguments["paise"])}

    def pay_now(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """An operator pays in one step: `message` of the form; gives what the browser would post."""
        payment = self._take(str(arguments["message"]))
        if not self._pay(payment):
            return {"status": "LOW_BALANCE"}
        return self.wallet_return({"reference": payment["reference"]})

    def fail_payment(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The payment failed at CSC."""
        payment = self._require_payment(arguments)
        if payment["outcome"] != "PAID":
            payment["outcome"] = "FAILED"
            payment["csc_txn"] = payment["csc_txn"] or f"CSCW{self._methods.serial():012d}"
            self._state.put("payment", payment["reference"], payment)
        return {"status": wallets.code(payment, self._current_time())}

    def book_other_amount(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """CSC booked another amount."""
        payment = self._require_payment(arguments)
        payment["booked"] = int(arguments["paise"])
        self._state.put("payment", payment["reference"], payment)
        return {"booked": payment["booked"]}

    def wallet_return(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What the browser posts on its way back; with `pairs` somebody tampered with it."""
        payment = self._require_payment(arguments)
        pairs = wallets.return_pairs(payment, self._current_time()) | dict(arguments.get("pairs") or {})
        return {
            "url": payment["return_url"],
            "message": envelopes.seal_message(self._keys, pairs),
            "status": "RETURNED",
        }

    def payment(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The stored form of a payment."""
        payment = self._state.get("payment", str(arguments["reference"]))
        logged = self._state.get("recon", str(arguments["reference"])) or {}
        return {**(payment or {}), "status": wallets.code(payment, self._current_time()), "reconciled": bool(logged)}

    def _take(self, message: str) -> wallets.Payment:
        merchant, _, sealed = message.partition("|")
        if merchant != wallets.MERCHANT:
            raise envelopes.NotOurs
        sent = wallets.new_payment(envelopes.open_message(self._keys, sealed))
        self._state.add("payment", sent["reference"], sent)
        kept = self._require_payment({"reference": sent["reference"]})
        if kept["amount"] != sent["amount"]:
            raise ValueError("merchant_txn names a payment of another amount")
        return kept

    def _pay(self, payment: wallets.Payment) -> bool:
        """Once for its reference; False where the wallet holds too little."""
        if payment["outcome"] == "PAID":
            return True
        kept = self._state.get("balance", payment["csc_id"]) or {"paise": wallets.FIRST_BALANCE}
        if kept["paise"] < payment["amount"]:
            return False
        self._state.put("balance", payment["csc_id"], {"paise": kept["paise"] - payment["amount"]})
        wallets.pay(payment, self._methods.serial(), self._current_time())
        self._state.put("payment", payment["reference"], payment)
        return True

    def _require_payment(self, arguments: Mapping[str, Any]) -> wallets.Payment:
        payment = self._state.get("payment", str(arguments["reference"]))
        if payment is None:
            raise KeyError("there is no such payment")
        return payment

    def _current_time(self) -> datetime:
        return self._home.clock.now()


def _page(body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>CSC Wallet</title></head><body><main><h1>CSC Wallet</h1>{body}</main></body></html>",
        status,
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
    )
