"""Pages of the Parichay and Jan Parichay sandbox: choose a person, allow or deny."""

from collections.abc import Iterable
from html import escape

from starlette.responses import HTMLResponse

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def login_page(title: str, request: str, people: Iterable[tuple[str, str, str]], action: str = "login") -> HTMLResponse:
    """The login page. `people` are key, name and a detail; the form's action is relative to the page."""
    choices = "".join(
        f'<p><label><input type="radio" name="person" value="{escape(key)}" required> '
        f"{escape(name)} <small>{escape(detail)}</small></label></p>"
        for key, name, detail in people
    )
    return _page(
        title,
        '<p lang="hi">यह प्रदर्शन है: किसी नमूना व्यक्ति को चुनें।</p><p>This is a demonstration: choose a sample person.</p>'
        f'<form method="post" action="{action}">'
        f'<input type="hidden" name="request" value="{escape(request)}">'
        f"<fieldset><legend>{escape(title)}</legend>{choices}</fieldset>"
        '<p><button name="decision" value="allow">अनुमति दें / Allow</button> '
        '<button name="decision" value="deny" formnovalidate>मना करें / Deny</button></p>'
        "</form>",
    )


def error_page(title: str, text: str) -> HTMLResponse:
    """What a browser sees where the provider cannot send it back."""
    return _page(title, f"<p role='alert'>{escape(text)}</p>", 400)


def plain_page(title: str, text: str) -> HTMLResponse:
    """A page with one sentence."""
    return _page(title, f"<p>{escape(text)}</p>")


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>",
        status,
        headers=_HEADERS,
    )
