"""The pages of the MeriPehchaan sandbox, in Hindi and English without scripts: sign-in with consent, and errors."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

_STYLE = """
:root { color-scheme: light dark; font: 100%/1.5 system-ui, "Noto Sans Devanagari", sans-serif; }
body { max-width: 40rem; margin: 0 auto; padding: 1rem; }
.note { border: 2px solid #b45309; padding: .5rem 1rem; border-radius: .5rem; }
fieldset { border: 1px solid #767676; border-radius: .5rem; margin: 1rem 0; max-height: 26rem; overflow: auto; }
label { display: block; padding: .45rem .25rem; min-height: 1.5rem; }
button { font: inherit; min-height: 2.75rem; padding: .5rem 1.25rem; border-radius: .5rem; border: 1px solid #1d4ed8; }
button[value=allow] { background: #1d4ed8; color: #fff; }
:focus-visible { outline: 3px solid #b45309; outline-offset: 2px; }
"""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def consent_page(request_id: str, asked: Mapping[str, Any], people: Iterable[Mapping[str, Any]]) -> HTMLResponse:
    """The page on which a citizen is chosen and allows or refuses. The form goes back to the same address."""
    choices = "".join(
        f'<label><input type="radio" name="person" value="{escape(row["key"])}" required{" checked" if not at else ""}>'
        f' <span lang="hi">{escape(row["name_hi"])}</span> · <span lang="en">{escape(row["name_en"])}</span></label>'
        for at, row in enumerate(people)
    )
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in asked["scope"].split())
    return _page(
        200,
        f"""<h1><span lang="hi">मेरी पहचान से प्रवेश</span> · <span lang="en">Sign in with MeriPehchaan</span></h1>
<p class="note"><span lang="hi">यह अभ्यास के लिए है। कोई असली खाता नहीं है।</span><br>
<span lang="en">This is a sandbox. No account here is real.</span></p>
<p><strong>{escape(asked["service_name"])}</strong>: {escape(asked["purpose"])}</p>
<ul>{scopes}</ul>
<form method="post" action="authorize">
<input type="hidden" name="request" value="{escape(request_id)}">
<fieldset><legend><span lang="hi">नागरिक चुनें</span> · <span lang="en">Choose a citizen</span></legend>
{choices}</fieldset>
<button name="decision" value="allow"><span lang="hi">अनुमति दें</span> · <span lang="en">Allow</span></button>
<button name="decision" value="refuse"><span lang="hi">मना करें</span> · <span lang="en">Refuse</span></button>
</form>""",
    )


def error_page(code: str, text_hi: str, text_en: str) -> HTMLResponse:
    """A page for what must not be sent back to an unknown address."""
    return _page(
        400,
        f"""<h1><span lang="hi">प्रवेश नहीं हो सका</span> · <span lang="en">Sign-in is not possible</span></h1>
<p lang="hi">{escape(text_hi)}</p><p lang="en">{escape(text_en)}</p><p><code>{escape(code)}</code></p>""",
    )


def _page(status: int, body: str) -> HTMLResponse:
    head = (
        '<!doctype html><html lang="hi"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>MeriPehchaan sandbox</title><style>{_STYLE}</style></head>"
    )
    return HTMLResponse(f"{head}<body><main>{body}</main></body></html>", status, headers=_HEADERS)
