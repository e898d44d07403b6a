"""The pages of the treasury sandbox: payment, outcome, and the return to the portal."""

from collections.abc import Mapping
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

from sandbox.treasury.challans import rupees

MODES = {"NB": "Net-banking", "UPI": "UPI", "CARD": "Card", "COUNTER": "Challan for a bank's counter"}
OUTCOMES = {"pay": "Pay", "fail": "Let it fail", "pending": "The bank does not answer yet"}


def choice(challan: Mapping[str, Any]) -> HTMLResponse:
    """How the citizen wants to pay."""
    modes = "".join(
        f'<p><label><input type="radio" name="mode" value="{mode}" required> {name}</label></p>'
        for mode, name in MODES.items()
    )
    buttons = " ".join(f'<button name="outcome" value="{word}">{name}</button>' for word, name in OUTCOMES.items())
    return page(
        "e-Challan",
        f"<p>This is a demonstration: no money is moved. Amount: ₹ {rupees(challan['total'])}</p>"
        '<form method="post" action="pay/choose">'
        f'<input type="hidden" name="reference" value="{escape(challan["reference"])}">'
        f"<fieldset><legend>Mode of payment</legend>{modes}</fieldset><p>{buttons}</p></form>",
    )


def return_page(url: str, encdata: str) -> HTMLResponse:
    """The form by which the browser goes back to the department."""
    return page(
        "e-Challan",
        f'<form method="post" action="{escape(url)}">'
        f'<input type="hidden" name="encdata" value="{escape(encdata)}">'
        "<p>The treasury has noted it.</p><p><button>Back to the department</button></p></form>",
    )


def dead_end_page() -> HTMLResponse:
    """A way back that is lost: the browser is left on a page that leads nowhere."""
    return page("e-Challan", "<p>The session is over. Please close this window.</p>")


def error_page(code: str) -> HTMLResponse:
    """A payment that the treasury does not take."""
    return page("e-Challan", f'<p role="alert">Error {escape(code)}</p>', 400)


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """A page without script, picture or style."""
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>",
        status,
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
    )
