"""HTML of the pages for devices and accounts: no script, the style sheet of sign-in, both languages."""

from collections.abc import Collection, Sequence
from html import escape

from starlette.responses import HTMLResponse

from actions.identity.account_links import LinkShown
from actions.identity.devices import OwnDevice
from domain.kernel import IST, Bilingual, Language, LinkedAccount, Provider
from domain.kernel.messages import bilingual
from gateway.sign_in.pages import PROVIDERS, respond, say

DEVICES = bilingual("page.accounts.devices")
DEVICES_INTRODUCTION = bilingual("page.accounts.devices_introduction")
THIS_DEVICE = bilingual("page.accounts.this_device")
LAST_USED = bilingual("page.accounts.last_used")
APP = bilingual("page.accounts.app")
BROWSER = bilingual("page.accounts.browser")
END_ONE = bilingual("page.accounts.end_one")
END_OTHERS = bilingual("page.accounts.end_others")
END_ALL = bilingual("page.accounts.end_all")

ACCOUNTS = bilingual("page.accounts.accounts")
ACCOUNTS_INTRODUCTION = bilingual("page.accounts.accounts_introduction")
LINK_MORE = bilingual("page.accounts.link_more")
LINK = bilingual("page.accounts.link")
UNLINK = bilingual("page.accounts.unlink")
LINK_QUESTION = bilingual("page.accounts.link_question")
LINK_WHOSE = bilingual("page.accounts.link_whose")
LINK_WARNING = bilingual("page.accounts.link_warning")
CODE_TITLE = bilingual("page.accounts.code_title")
CODE_LABEL = bilingual("page.accounts.code_label")
CODE_HINT = bilingual("page.accounts.code_hint")
CODE_WRONG = bilingual("page.accounts.code_wrong")
CODE_SEND = bilingual("page.accounts.code_send")
LINKED = bilingual("page.accounts.linked")
GO_ON = bilingual("page.accounts.go_on")


def devices_page(language: Language, devices: Sequence[OwnDevice], ways_out: Collection[str] = ()) -> HTMLResponse:
    """One's own devices, each with the way to sign it out."""
    items = "".join(_device(language, one) for one in devices)
    body = (
        f"<h1>{say(DEVICES, language)}</h1><p>{say(DEVICES_INTRODUCTION, language)}</p><ul>{items}</ul>"
        f'<form method="post" action="/sign-in/devices"><input type="hidden" name="which" value="others">'
        f"<button>{say(END_OTHERS, language)}</button></form>"
        f'<form method="post" action="/sign-in/devices"><input type="hidden" name="which" value="all">'
        f"<button>{say(END_ALL, language)}</button></form>"
    )
    return respond(language, DEVICES, body, path="/sign-in/devices", forms_to=ways_out)


def accounts_page(language: Language, held: Sequence[LinkedAccount], offered: Collection[Provider]) -> HTMLResponse:
    """A citizen's accounts, each with a form to unlink it, and the providers that can be linked."""
    mine = [one.provider for one in held if one.provider in PROVIDERS]
    items = "".join(
        f"<li><p>{say(PROVIDERS[one], language)}</p>{_form(language, 'unlink', one, UNLINK)}</li>"
        for one in dict.fromkeys(mine)
    )
    more = "".join(f"<li>{_form(language, 'link', one, LINK)}</li>" for one in offered)
    body = (
        f"<h1>{say(ACCOUNTS, language)}</h1><p>{say(ACCOUNTS_INTRODUCTION, language)}</p>"
        f"<ul>{items}</ul><h2>{say(LINK_MORE, language)}</h2><ul>{more}</ul>"
    )
    return respond(language, ACCOUNTS, body, path="/sign-in/accounts")


def link_page(language: Language, shown: LinkShown) -> HTMLResponse:
    """To whose record the account would belong: initials and the ends of a number, no more."""
    whose = f"{shown.name_hint}, {shown.masked_mobile}"
    going_on = f"/sign-in/link/start?link={shown.link.id}&language={language.value}"
    body = (
        f"<h1>{say(LINK_QUESTION, language)}</h1>"
        f"<p>{say(LINK_WHOSE, language)} <strong>{escape(whose)}</strong></p>"
        f'<p role="note">{say(LINK_WARNING, language)}</p>'
        f'<p><a class="provider" href="{escape(going_on)}">'
        f"{say(PROVIDERS[shown.link.provider], language)}</a></p>"
    )
    return respond(language, LINK_QUESTION, body, path=None)


def code_page(language: Language, link_id: str, *, left: str | None = None) -> HTMLResponse:
    """The form for the code; after a wrong one with what is left."""
    wrong = ""
    if left is not None:
        wrong = f'<p role="alert" id="wrong">{say(CODE_WRONG, language).format(left=escape(left))}</p>'
    described = "hint wrong" if left is not None else "hint"
    body = (
        f"<h1>{say(CODE_TITLE, language)}</h1>{wrong}"
        '<form method="post" action="/sign-in/link/code">'
        f'<input type="hidden" name="link" value="{escape(link_id)}">'
        f'<label for="code">{say(CODE_LABEL, language)}</label>'
        '<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="6" required '
        f'aria-describedby="{described}">'
        f'<p class="hint" id="hint">{say(CODE_HINT, language)}</p>'
        f"<button>{say(CODE_SEND, language)}</button></form>"
    )
    return respond(language, CODE_TITLE, body, path=None, status=200 if left is None else 422)


def linked_page(language: Language, provider: Provider) -> HTMLResponse:
    """It is done."""
    body = (
        f"<h1>{say(LINKED, language)}</h1>"
        f'<p role="status">{say(PROVIDERS[provider], language)}</p>'
        f'<p><a class="provider" href="/sign-in">{say(GO_ON, language)}</a></p>'
    )
    return respond(language, LINKED, body, path=None)


def _device(language: Language, one: OwnDevice) -> str:
    used = one.device.last_used_at.astimezone(IST).strftime("%d-%m-%Y %H:%M")
    client = APP if one.device.client == "APP" else BROWSER
    name = f"{say(client, language)} · {escape(one.device.platform.title())}"
    here = f" ({say(THIS_DEVICE, language)})" if one.here else ""
    known = PROVIDERS.get(one.device.provider, Bilingual(None, one.device.provider.value))
    return (
        f"<li><p><strong>{name}</strong>{here}<br>{say(known, language)}"
        f"<br>{say(LAST_USED, language)}: {used}</p>"
        f'<form method="post" action="/sign-in/devices"><input type="hidden" name="device" value="{one.key}">'
        f'<button aria-label="{say(END_ONE, language)}: {name}, {used}">{say(END_ONE, language)}</button>'
        "</form></li>"
    )


def _form(language: Language, what: str, provider: Provider, words: Bilingual) -> str:
    text = f"{say(words, language)}: {say(PROVIDERS[provider], language)}"
    return (
        f'<form method="post" action="/sign-in/accounts/{what}">'
        f'<input type="hidden" name="provider" value="{provider.value}"><button>{text}</button></form>'
    )
