"""HTML of the sign-in pages: no script, one style sheet of ours, both languages."""

from collections.abc import Collection, Mapping
from html import escape
from math import ceil
from string import Template
from types import MappingProxyType
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from domain.kernel import Bilingual, ErrorCode, Language, PersonKind, Provider
from domain.kernel.messages import Texts
from gateway.http.headers import EVERY_ANSWER
from gateway.pages.frame import say
from gateway.sign_in.providers import SLUGS

_TEXTS = Texts("page.sign_in")


PROVIDERS = MappingProxyType({one: _TEXTS[f"providers.{one.value}"] for one in (*SLUGS, Provider.UMANG)})
HEADERS: Mapping[str, str] = {**EVERY_ANSWER, "Vary": "Accept-Language, Cookie"}

_POLICY = (
    "default-src 'none'; style-src 'self'; font-src 'self'; form-action {forms}; base-uri 'none'; "
    "frame-ancestors 'none'"
)

_PAGE = Template("""<!doctype html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="stylesheet" href="/sign-in/style.css">
</head>
<body>
<main>
$switch
$body
</main>
</body>
</html>
""")
_OTHER = {Language.HI: (Language.EN, "English"), Language.EN: (Language.HI, "हिन्दी")}
_NOTHING: Mapping[str, str] = MappingProxyType({})
_CITIZENS = (Provider.MERI_PEHCHAAN, Provider.JAN_PARICHAY)


def sign_in_page(
    language: Language,
    providers: Collection[Provider],
    return_to: str,
    signed_in: PersonKind | None,
    *,
    ways_out: Collection[str] = (),
    signed_out: bool = False,
) -> HTMLResponse:
    """The choice of providers; for a browser that is signed in, who is and the way out."""
    parts = [f"<h1>{say(_TEXTS.sign_in, language)} – {say(_TEXTS.portal, language)}</h1>"]
    if signed_out:
        parts.append(f'<p role="alert" id="signed-out">{say(_TEXTS.signed_out, language)}</p>')
    if signed_in is not None:
        welcome = _TEXTS[f"signed_in.{signed_in.value}"]
        parts.append(
            f'<p role="status">{say(welcome, language)}</p>'
            f'<form method="post" action="/sign-out"><button>{say(_TEXTS.sign_out, language)}</button></form>'
            f'<p><a href="/sign-in/devices?language={language.value}">{say(_TEXTS.my_devices, language)}</a></p>'
        )
        if signed_in is PersonKind.CITIZEN:
            accounts = f"/sign-in/accounts?language={language.value}"
            parts.append(f'<p><a href="{accounts}">{say(_TEXTS.my_accounts, language)}</a></p>')
    parts.append(f"<p>{say(_TEXTS.introduction if providers else _TEXTS.no_provider, language)}</p>")
    parts.append(_choice(providers, language, return_to))
    return respond(language, _TEXTS.sign_in, "\n".join(parts), {"return_to": return_to}, forms_to=ways_out)


def problem_page(
    language: Language,
    code: ErrorCode,
    *,
    status: int,
    return_to: str | None = None,
    retry_after: float | None = None,
    more: str = "",
) -> HTMLResponse:
    """A readable refusal with its code and the way back; nothing internal. `retry_after` is in seconds."""
    back = "/sign-in?" + urlencode({"language": language.value, **({"return_to": return_to} if return_to else {})})
    known = f"problems.{code.value}" in _TEXTS
    said = _TEXTS[f"problems.{code.value}"] if known else _TEXTS["problems.INTERNAL"]
    body = (
        f"<h1>{say(_TEXTS.problem, language)}</h1>"
        f'<p role="alert">{say(said, language)}</p>'
        f'<p class="code">{say(_TEXTS.code, language)}: <code id="code">{code.value}</code></p>'
        f'{more}<p><a class="provider" href="{escape(back)}">{say(_TEXTS.back, language)}</a></p>'
    )
    response = respond(language, _TEXTS.problem, body, {"return_to": return_to} if return_to else {}, status)
    if retry_after:
        response.headers["Retry-After"] = str(ceil(retry_after))
    return response


def away_page(
    language: Language,
    provider: Provider,
    others: Collection[Provider],
    *,
    again: str,
    return_to: str,
    retry_after: float | None,
) -> HTMLResponse:
    """That a provider cannot be reached now, with the address that tries it again, and the other ways to sign in."""
    tried = f"{say(_TEXTS.try_again, language)}: {say(PROVIDERS[provider], language)}"
    more = f'<p><a class="provider" href="{escape(again)}">{tried}</a></p>{_choice(others, language, return_to)}'
    code = ErrorCode.SOURCE_UNAVAILABLE
    return problem_page(language, code, status=503, return_to=return_to, retry_after=retry_after, more=more)


def app_page(language: Language, address: str, *, allow: str, refuse: str) -> HTMLResponse:
    """That a program at a loopback address asks to be signed in, with the ways to let it and to refuse it."""
    title = _TEXTS.app_asks
    body = (
        f"<h1>{say(title, language)}</h1>"
        f"<p>{say(_TEXTS.app_asks_as_you, language).format(address=escape(address))}</p>"
        f'<p role="alert">{say(_TEXTS.app_caution, language)}</p>'
        f'<p><a class="provider" id="allow-app" href="{escape(allow)}">{say(_TEXTS.app_allow, language)}</a></p>'
        f'<p><a id="refuse-app" href="{escape(refuse)}">{say(_TEXTS.app_refuse, language)}</a></p>'
    )
    return respond(language, title, body, path=None)


def _choice(providers: Collection[Provider], language: Language, return_to: str) -> str:
    """Links to the providers, those of citizens first."""
    staff = tuple(provider for provider in SLUGS if provider not in _CITIZENS)
    parts = []
    for heading, group in ((_TEXTS.for_citizens, _CITIZENS), (_TEXTS.for_staff, staff)):
        items = "".join(_provider(provider, language, return_to) for provider in group if provider in providers)
        if items:
            parts.append(f"<h2>{say(heading, language)}</h2><ul>{items}</ul>")
    return "\n".join(parts)


def _provider(provider: Provider, language: Language, return_to: str) -> str:
    query = urlencode({"return_to": return_to, "language": language.value})
    address = escape(f"/sign-in/start/{SLUGS[provider]}?{query}")
    name, hint = f"hint-{SLUGS[provider]}", _TEXTS[f"hints.{provider.value}"]
    return (
        f'<li><a class="provider" href="{address}" aria-describedby="{name}">'
        f"{say(PROVIDERS[provider], language)}</a>"
        f'<p class="hint" id="{name}">{say(hint, language)}</p></li>'
    )


def respond(
    language: Language,
    title: Bilingual,
    body: str,
    query: Mapping[str, str] = _NOTHING,
    status: int = 200,
    *,
    path: str | None = "/sign-in",
    forms_to: Collection[str] = (),
) -> HTMLResponse:
    """A page of sign-in. `path` is where the other language is found; None where the page cannot be asked for again.

    `forms_to` are hosts to which an answer to a form of the page may send the browser on.
    """
    shown = language.catalogue
    other, name = _OTHER[shown]
    address = escape(f"{path}?" + urlencode({**query, "language": other.value}))
    switch = f'<a href="{address}" lang="{other.value}" hreflang="{other.value}">{name}</a>' if path else ""
    page = _PAGE.substitute(
        language=shown.value,
        title=f"{say(title, language)} – {say(_TEXTS.portal, language)}",
        switch=f"<nav>{switch}</nav>" if switch else "",
        body=body,
    )
    policy = _POLICY.format(forms=" ".join(("'self'", *sorted(forms_to))))
    # Without it a browser that sends no Sec-Fetch-Site hides the Origin of our own forms (Fetch, 3.2).
    headers = {
        **HEADERS,
        "Referrer-Policy": "same-origin",
        "Content-Security-Policy": policy,
        "Content-Language": shown.value,
    }
    return HTMLResponse(page, status, headers=headers)
