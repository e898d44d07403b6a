"""HTML of the pages that link an account with UMANG: no script, the style sheet of sign-in, both languages."""

from html import escape
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from actions.umang.umang_users import LINK_PATH, LinkAsked
from domain.kernel import Language
from domain.kernel.messages import bilingual
from gateway.sign_in.pages import respond, say

TITLE = bilingual("page.umang_link.title")
INTRODUCTION = bilingual("page.umang_link.introduction")
ACCOUNT = bilingual("page.umang_link.account")
SIGN_IN_FIRST = bilingual("page.umang_link.sign_in_first")
SIGN_IN = bilingual("page.umang_link.sign_in")
WARNING = bilingual("page.umang_link.warning")
SHARED = bilingual("page.umang_link.shared")
DIGITS = bilingual("page.umang_link.digits")
CONFIRM = bilingual("page.umang_link.confirm")
WRONG = bilingual("page.umang_link.wrong")
LINKED = bilingual("page.umang_link.linked")
GO_BACK = bilingual("page.umang_link.go_back")


def link_page(
    language: Language, ticket: str, asked: LinkAsked, *, signed_in: bool, left: str | None = None
) -> HTMLResponse:
    """What is to be linked, with the way to sign in, or for a citizen who is signed in with the form to confirm."""
    body = (
        f"<h1>{say(TITLE, language)}</h1><p>{say(INTRODUCTION, language)}</p>"
        f"<p>{say(ACCOUNT, language)} <strong>{escape(asked.masked_mobile)}</strong></p>"
    )
    body += _form(language, ticket, left) if signed_in else _way_in(language, ticket)
    status = 200 if left is None else 422
    return respond(language, TITLE, body, {"ticket": ticket}, status, path=LINK_PATH)


def linked_page(language: Language) -> HTMLResponse:
    """It is done."""
    body = (
        f'<h1>{say(LINKED, language)}</h1><p role="status">{say(GO_BACK, language)}</p><p>{say(SHARED, language)}</p>'
    )
    return respond(language, LINKED, body, path=None)


def _way_in(language: Language, ticket: str) -> str:
    back = f"{LINK_PATH}?{urlencode({'ticket': ticket, 'language': language.value})}"
    address = f"/sign-in?{urlencode({'return_to': back, 'language': language.value})}"
    return (
        f"<p>{say(SIGN_IN_FIRST, language)}</p>"
        f'<p><a class="provider" href="{escape(address)}">{say(SIGN_IN, language)}</a></p>'
    )


def _form(language: Language, ticket: str, left: str | None) -> str:
    wrong = ""
    if left is not None:
        wrong = f'<p role="alert" id="wrong">{say(WRONG, language).format(left=escape(left))}</p>'
    described = "warning wrong" if left is not None else "warning"
    return (
        f'<p role="note" id="warning">{say(WARNING, language)}</p><p>{say(SHARED, language)}</p>{wrong}'
        f'<form method="post" action="{LINK_PATH}?language={language.value}">'
        f'<input type="hidden" name="ticket" value="{escape(ticket)}">'
        f'<label for="digits">{say(DIGITS, language)}</label>'
        '<input id="digits" name="digits" inputmode="numeric" autocomplete="off" maxlength="4" required '
        f'aria-describedby="{described}">'
        f"<button>{say(CONFIRM, language)}</button></form>"
    )
