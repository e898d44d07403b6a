"""HTML of the pages that link an account with UMANG: no script, the style sheet of sign-in, both languages."""

from html import escape
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from actions.umang.umang_users import LINK_PATH, LinkAsked
from domain.kernel import Language
from domain.kernel.messages import Texts
from gateway.pages.frame import say
from gateway.sign_in.pages import respond

_TEXTS = Texts("page.umang_link")


def link_page(
    language: Language, ticket: str, asked: LinkAsked, *, signed_in: bool, left: str | None = None
) -> HTMLResponse:
    """What is to be linked, with the way to sign in, or for a citizen who is signed in with the form to confirm."""
    body = (
        f"<h1>{say(_TEXTS.title, language)}</h1><p>{say(_TEXTS.introduction, language)}</p>"
        f"<p>{say(_TEXTS.account, language)} <strong>{escape(asked.masked_mobile)}</strong></p>"
    )
    body += _form(language, ticket, left) if signed_in else _way_in(language, ticket)
    status = 200 if left is None else 422
    return respond(language, _TEXTS.title, body, {"ticket": ticket}, status, path=LINK_PATH)


def linked_page(language: Language) -> HTMLResponse:
    """It is done."""
    body = (
        f'<h1>{say(_TEXTS.linked, language)}</h1><p role="status">{say(_TEXTS.go_back, language)}</p>'
        f"<p>{say(_TEXTS.shared, language)}</p>"
    )
    return respond(language, _TEXTS.linked, body, path=None)


def _way_in(language: Language, ticket: str) -> str:
    back = f"{LINK_PATH}?{urlencode({'ticket': ticket, 'language': language.value})}"
    address = f"/sign-in?{urlencode({'return_to': back, 'language': language.value})}"
    return (
        f"<p>{say(_TEXTS.sign_in_first, language)}</p>"
        f'<p><a class="provider" href="{escape(address)}">{say(_TEXTS.sign_in, language)}</a></p>'
    )


def _form(language: Language, ticket: str, left: str | None) -> str:
    wrong = ""
    if left is not None:
        wrong = f'<p role="alert" id="wrong">{say(_TEXTS.wrong, language).format(left=escape(left))}</p>'
    described = "warning wrong" if left is not None else "warning"
    return (
        f'<p role="note" id="warning">{say(_TEXTS.warning, language)}</p><p>{say(_TEXTS.shared, language)}</p>{wrong}'
        f'<form method="post" action="{LINK_PATH}?language={language.value}">'
        f'<input type="hidden" name="ticket" value="{escape(ticket)}">'
        f'<label for="digits">{say(_TEXTS.digits, language)}</label>'
        '<input id="digits" name="digits" inputmode="numeric" autocomplete="off" maxlength="4" required '
        f'aria-describedby="{described}">'
        f"<button>{say(_TEXTS.confirm, language)}</button></form>"
    )
