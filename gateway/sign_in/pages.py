"""HTML of the sign-in pages: no script, one style sheet of ours, both languages."""

from collections.abc import Collection, Mapping
from html import escape
from string import Template
from types import MappingProxyType
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from domain.kernel import Bilingual, ErrorCode, Language, PersonKind, Provider
from domain.kernel.messages import bilingual
from gateway.sign_in.providers import SLUGS

PORTAL = bilingual("page.sign_in.portal")
SIGN_IN = bilingual("page.sign_in.sign_in")
INTRODUCTION = bilingual("page.sign_in.introduction")
FOR_CITIZENS = bilingual("page.sign_in.for_citizens")
FOR_STAFF = bilingual("page.sign_in.for_staff")
SIGNED_OUT = bilingual("page.sign_in.signed_out")
SIGN_OUT = bilingual("page.sign_in.sign_out")
MY_DEVICES = bilingual("page.sign_in.my_devices")
MY_ACCOUNTS = bilingual("page.sign_in.my_accounts")
BACK = bilingual("page.sign_in.back")
CODE = bilingual("page.sign_in.code")
NO_PROVIDER = bilingual("page.sign_in.no_provider")

PROVIDERS = MappingProxyType(
    {
        Provider.MERI_PEHCHAAN: bilingual("page.sign_in.providers.MERI_PEHCHAAN"),
        Provider.JAN_PARICHAY: bilingual("page.sign_in.providers.JAN_PARICHAY"),
        Provider.PARICHAY: bilingual("page.sign_in.providers.PARICHAY"),
        Provider.CSC_CONNECT: bilingual("page.sign_in.providers.CSC_CONNECT"),
        Provider.UMANG: bilingual("page.sign_in.providers.UMANG"),
    }
)
HINTS = MappingProxyType(
    {
        Provider.MERI_PEHCHAAN: bilingual("page.sign_in.hints.MERI_PEHCHAAN"),
        Provider.JAN_PARICHAY: bilingual("page.sign_in.hints.JAN_PARICHAY"),
        Provider.PARICHAY: bilingual("page.sign_in.hints.PARICHAY"),
        Provider.CSC_CONNECT: bilingual("page.sign_in.hints.CSC_CONNECT"),
    }
)
SIGNED_IN = MappingProxyType(
    {
        PersonKind.CITIZEN: bilingual("page.sign_in.signed_in.CITIZEN"),
        PersonKind.OFFICER: bilingual("page.sign_in.signed_in.OFFICER"),
        PersonKind.OPERATOR: bilingual("page.sign_in.signed_in.OPERATOR"),
    }
)

PROBLEM = bilingual("page.sign_in.problem")
PROBLEMS = MappingProxyType(
    {
        ErrorCode.BAD_INPUT: bilingual("page.sign_in.problems.BAD_INPUT"),
        ErrorCode.FORBIDDEN: bilingual("page.sign_in.problems.FORBIDDEN"),
        ErrorCode.UNAUTHENTICATED: bilingual("page.sign_in.problems.UNAUTHENTICATED"),
        ErrorCode.ACCOUNT_TAKEN: bilingual("page.sign_in.problems.ACCOUNT_TAKEN"),
        ErrorCode.LAST_ACCOUNT: bilingual("page.sign_in.problems.LAST_ACCOUNT"),
        ErrorCode.MOBILE_MISSING: bilingual("page.sign_in.problems.MOBILE_MISSING"),
        ErrorCode.OTP_EXPIRED: bilingual("page.sign_in.problems.OTP_EXPIRED"),
        ErrorCode.RATE_LIMITED: bilingual("page.sign_in.problems.RATE_LIMITED"),
        ErrorCode.NOT_FOUND: bilingual("page.sign_in.problems.NOT_FOUND"),
        ErrorCode.CONSENT_REQUIRED: bilingual("page.sign_in.problems.CONSENT_REQUIRED"),
        ErrorCode.SOURCE_UNAVAILABLE: bilingual("page.sign_in.problems.SOURCE_UNAVAILABLE"),
        ErrorCode.SOURCE_REFUSED: bilingual("page.sign_in.problems.SOURCE_REFUSED"),
        ErrorCode.SOURCE_GARBLED: bilingual("page.sign_in.problems.SOURCE_GARBLED"),
        ErrorCode.INTEGRITY: bilingual("page.sign_in.problems.INTEGRITY"),
        ErrorCode.INTERNAL: bilingual("page.sign_in.problems.INTERNAL"),
    }
)
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language, Cookie",
    "X-Content-Type-Options": "nosniff",
}

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
    parts = [f"<h1>{say(SIGN_IN, language)} – {say(PORTAL, language)}</h1>"]
    if signed_out:
        parts.append(f'<p role="alert" id="signed-out">{say(SIGNED_OUT, language)}</p>')
    if signed_in is not None:
        parts.append(
            f'<p role="status">{say(SIGNED_IN[signed_in], language)}</p>'
            f'<form method="post" action="/sign-out"><button>{say(SIGN_OUT, language)}</button></form>'
            f'<p><a href="/sign-in/devices?language={language.value}">{say(MY_DEVICES, language)}</a></p>'
        )
        if signed_in is PersonKind.CITIZEN:
            accounts = f"/sign-in/accounts?language={language.value}"
            parts.append(f'<p><a href="{accounts}">{say(MY_ACCOUNTS, language)}</a></p>')
    parts.append(f"<p>{say(INTRODUCTION if providers else NO_PROVIDER, language)}</p>")
    staff = tuple(provider for provider in SLUGS if provider not in _CITIZENS)
    for heading, group in ((FOR_CITIZENS, _CITIZENS), (FOR_STAFF, staff)):
        offered = [provider for provider in group if provider in providers]
        if offered:
            items = "".join(_provider(provider, language, return_to) for provider in offered)
            parts.append(f"<h2>{say(heading, language)}</h2><ul>{items}</ul>")
    return respond(language, SIGN_IN, "\n".join(parts), {"return_to": return_to}, forms_to=ways_out)


def problem_page(
    language: Language, code: ErrorCode, *, status: int, return_to: str | None = None, retry_after: int | None = None
) -> HTMLResponse:
    """A readable refusal with its code and the way back; nothing internal."""
    back = "/sign-in?" + urlencode({"language": language.value, **({"return_to": return_to} if return_to else {})})
    said = PROBLEMS.get(code, PROBLEMS[ErrorCode.INTERNAL])
    body = (
        f"<h1>{say(PROBLEM, language)}</h1>"
        f'<p role="alert">{say(said, language)}</p>'
        f'<p class="code">{say(CODE, language)}: <code id="code">{code.value}</code></p>'
        f'<p><a class="provider" href="{escape(back)}">{say(BACK, language)}</a></p>'
    )
    response = respond(language, PROBLEM, body, {"return_to": return_to} if return_to else {}, status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _provider(provider: Provider, language: Language, return_to: str) -> str:
    query = urlencode({"return_to": return_to, "language": language.value})
    address = escape(f"/sign-in/start/{SLUGS[provider]}?{query}")
    hint = f"hint-{SLUGS[provider]}"
    return (
        f'<li><a class="provider" href="{address}" aria-describedby="{hint}">'
        f"{say(PROVIDERS[provider], language)}</a>"
        f'<p class="hint" id="{hint}">{say(HINTS[provider], language)}</p></li>'
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
        title=f"{say(title, language)} – {say(PORTAL, language)}",
        switch=f"<nav>{switch}</nav>" if switch else "",
        body=body,
    )
    policy = _POLICY.format(forms=" ".join(("'self'", *sorted(forms_to))))
    headers = {**HEADERS, "Content-Security-Policy": policy, "Content-Language": shown.value}
    return HTMLResponse(page, status, headers=headers)


def say(text: Bilingual, language: Language) -> str:
    """A text for a page, in the language."""
    return escape(text.in_language(language))
