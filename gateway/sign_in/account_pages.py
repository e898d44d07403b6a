"""HTML of the pages for devices and accounts: no script, the style sheet of sign-in, both languages."""

from collections.abc import Collection, Sequence
from html import escape

from starlette.responses import HTMLResponse

from actions.identity.account_links import LinkShown
from actions.identity.devices import OwnDevice
from domain.kernel import IST, Bilingual, Language, LinkedAccount, Provider
from domain.kernel.messages import Texts
from gateway.pages.frame import say
from gateway.sign_in.pages import PROVIDERS, respond

_TEXTS = Texts("page.accounts")


def devices_page(language: Language, devices: Sequence[OwnDevice], ways_out: Collection[str] = ()) -> HTMLResponse:
    """One's own devices, each with the way to sign it out."""
    items = "".join(_device(language, one) for one in devices)
    body = (
        f"<h1>{say(_TEXTS.devices, language)}</h1><p>{say(_TEXTS.devices_introduction, language)}</p><ul>{items}</ul>"
        f'<form method="post" action="/sign-in/devices"><input type="hidden" name="which" value="others">'
        f"<button>{say(_TEXTS.end_others, language)}</button></form>"
        f'<form method="post" action="/sign-in/devices"><input type="hidden" name="which" value="all">'
        f"<button>{say(_TEXTS.end_all, language)}</button></form>"
    )
    return respond(language, _TEXTS.devices, body, path="/sign-in/devices", forms_to=ways_out)


def accounts_page(language: Language, held: Sequence[LinkedAccount], offered: Collection[Provider]) -> HTMLResponse:
    """A citizen's accounts, each with a form to unlink it, and the providers that can be linked."""
    mine = [one.provider for one in held if one.provider in PROVIDERS]
    items = "".join(
        f"<li><p>{say(PROVIDERS[one], language)}</p>{_form(language, 'unlink', one, _TEXTS.unlink)}</li>"
        for one in dict.fromkeys(mine)
    )
    more = "".join(f"<li>{_form(language, 'link', one, _TEXTS.link)}</li>" for one in offered)
    body = (
        f"<h1>{say(_TEXTS.accounts, language)}</h1><p>{say(_TEXTS.accounts_introduction, language)}</p>"
        f"<ul>{items}</ul><h2>{say(_TEXTS.link_more, language)}</h2><ul>{more}</ul>"
    )
    return respond(language, _TEXTS.accounts, body, path="/sign-in/accounts")


def link_page(language: Language, shown: LinkShown) -> HTMLResponse:
    """To whose record the account would belong: initials and the ends of a number, no more."""
    whose = f"{shown.name_hint}, {shown.masked_mobile}"
    going_on = f"/sign-in/link/start?link={shown.link.id}&language={language.value}"
    body = (
        f"<h1>{say(_TEXTS.link_question, language)}</h1>"
        f"<p>{say(_TEXTS.link_whose, language)} <strong>{escape(whose)}</strong></p>"
        f'<p role="note">{say(_TEXTS.link_warning, language)}</p>'
        f'<p><a class="provider" href="{escape(going_on)}">'
        f"{say(PROVIDERS[shown.link.provider], language)}</a></p>"
    )
    return respond(language, _TEXTS.link_question, body, path=None)


def code_page(language: Language, link_id: str, *, left: str | None = None) -> HTMLResponse:
    """The form for the code; after a wrong one with what is left."""
    wrong = ""
    if left is not None:
        wrong = f'<p role="alert" id="wrong">{say(_TEXTS.code_wrong, language).format(left=escape(left))}</p>'
    described = "hint wrong" if left is not None else "hint"
    body = (
        f"<h1>{say(_TEXTS.code_title, language)}</h1>{wrong}"
        '<form method="post" action="/sign-in/link/code">'
        f'<input type="hidden" name="link" value="{escape(link_id)}">'
        f'<label for="code">{say(_TEXTS.code_label, language)}</label>'
        '<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="6" required '
        f'aria-describedby="{described}">'
        f'<p class="hint" id="hint">{say(_TEXTS.code_hint, language)}</p>'
        f"<button>{say(_TEXTS.code_send, language)}</button></form>"
    )
    return respond(language, _TEXTS.code_title, body, path=None, status=200 if left is None else 422)


def linked_page(language: Language, provider: Provider) -> HTMLResponse:
    """It is done."""
    body = (
        f"<h1>{say(_TEXTS.linked, language)}</h1>"
        f'<p role="status">{say(PROVIDERS[provider], language)}</p>'
        f'<p><a class="provider" href="/sign-in">{say(_TEXTS.go_on, language)}</a></p>'
    )
    return respond(language, _TEXTS.linked, body, path=None)


def _device(language: Language, one: OwnDevice) -> str:
    used = one.device.last_used_at.astimezone(IST).strftime("%d-%m-%Y %H:%M")
    client = _TEXTS.app if one.device.client == "_TEXTS.app" else _TEXTS.browser
    name = f"{say(client, language)} · {escape(one.device.platform.title())}"
    here = f" ({say(_TEXTS.this_device, language)})" if one.here else ""
    known = PROVIDERS.get(one.device.provider, Bilingual(None, one.device.provider.value))
    return (
        f"<li><p><strong>{name}</strong>{here}<br>{say(known, language)}"
        f"<br>{say(_TEXTS.last_used, language)}: {used}</p>"
        f'<form method="post" action="/sign-in/devices"><input type="hidden" name="device" value="{one.key}">'
        f'<button aria-label="{say(_TEXTS.end_one, language)}: {name}, {used}">{say(_TEXTS.end_one, language)}</button>'
        "</form></li>"
    )


def _form(language: Language, what: str, provider: Provider, words: Bilingual) -> str:
    text = f"{say(words, language)}: {say(PROVIDERS[provider], language)}"
    return (
        f'<form method="post" action="/sign-in/accounts/{what}">'
        f'<input type="hidden" name="provider" value="{provider.value}"><button>{text}</button></form>'
    )
