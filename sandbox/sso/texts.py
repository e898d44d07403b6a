"""The sandbox of the SMS gateway; `/texts` lists the messages received by each number.

INFERRED as a whole (integrations/sso/wire_texts.py says what it is assumed to take); written a second time.
"""

import hmac
import json
import re
import secrets
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.city.kit import SandboxHome

KEPT = 50
"""How many of the latest messages are stored."""

_MESSAGES = "text"


class TextSandbox:
    """Takes messages and shows them."""

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._key = home.state.get_or_create(
            "client", "texts", lambda: {"key": f"sandbox-{secrets.token_urlsafe(24)}"}
        )["key"]

    def onboarding(self) -> dict[str, str]:
        """What the gateway of the state hands over."""
        return {"texts_key": self._key}

    def routes(self) -> list[Route]:
        """The API and the page."""
        return [
            Route("/texts/v1/messages", self.take, methods=["POST"]),
            Route("/texts", self.page, methods=["GET"]),
        ]

    async def take(self, request: Request) -> Response:
        """Take one message; a reference that came before is answered like the first time and kept once."""
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {self._key}"):
            return JSONResponse({"error": "unauthorized_client"}, 401)
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if not isinstance(body, dict) or not all(
            isinstance(body.get(name), str) for name in ("reference", "to", "text")
        ):
            return JSONResponse({"error": "invalid_request"}, 400)
        if not re.fullmatch(r"\+91[6-9][0-9]{9}", body["to"]):
            return JSONResponse({"error": "invalid_request"}, 400)
        if self._home.state.get(_MESSAGES, body["reference"]) is None:
            at = self._home.clock.now().isoformat()
            self._home.state.put(_MESSAGES, body["reference"], {"to": body["to"], "text": body["text"], "at": at})
            request.state.ledger_effect = "text sent"
            self._forget()
        return JSONResponse({"reference": body["reference"], "state": "ACCEPTED"})

    async def page(self, request: Request) -> Response:
        """What came to each telephone, the latest first."""
        del request
        rows = sorted(self._home.state.values_of(_MESSAGES).values(), key=lambda one: str(one["at"]), reverse=True)
        shown = "".join(
            f"<tr><td>{escape(one['at'][:19])}</td><td>{escape(one['to'])}</td><td>{escape(one['text'])}</td></tr>"
            for one in rows
        )
        return HTMLResponse(
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Telephones of the demo</title></head>'
            f"<body><h1>Telephones of the demo</h1><table>{shown}</table></body></html>",
            headers={"Cache-Control": "no-store"},
        )

    def messages(self, mobile: str) -> list[str]:
        """The texts that came to a number, the latest first."""
        held = self._home.state.values_of(_MESSAGES).values()
        mine = [one for one in held if one["to"] == f"+91{mobile}"]
        return [str(one["text"]) for one in sorted(mine, key=lambda one: str(one["at"]), reverse=True)]

    def _forget(self) -> None:
        held = sorted(self._home.state.values_of(_MESSAGES).items(), key=lambda one: str(one[1]["at"]))
        for reference, _ in held[:-KEPT]:
            self._home.state.take(_MESSAGES, reference)
