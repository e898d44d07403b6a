"""The pages of devices and accounts as HTML: no script, the style sheet of sign-in, both languages."""

from collections.abc import Collection, Sequence
from html import escape

from starlette.responses import HTMLResponse

from actions.devices import OwnDevice
from actions.linking import LinkShown
from domain.clock import IST
from domain.people import LinkedAccount, Provider
from domain.text import Bilingual, Language
from gateway.sign_in import account_texts as texts
from gateway.sign_in.pages import respond, say
from gateway.sign_in.texts import PROVIDERS


def devices_page(language: Language, devices: Sequence[OwnDevice], ways_out: Collection[str] = ()) -> HTMLResponse:
    """One's own devices, each with the way to sign it out."""
    items = "".join(_device(language, one) for one in devices)
    body = (
        f"<h1>{say(texts.DEVICES, language)}</h1><p>{say(texts.DEVICES_INTRODUCTION, language)}</p><ul>{items}</ul>"
        f'<form method="post" action="/sign-in/devices"><input type="hidden" name="which" value="others">'
        f"<button>{say(texts.END_OTHERS, language)}</button></form>"
        f'<form method="post" action="/sign-in/devices"><input type="hidden" name="which" value="all">'
        f"<button>{say(texts.END_ALL, language)}</button></form>"
    )
    return respond(language, texts.DEVICES, body, path="/sign-in/devices", forms_to=ways_out)


def accounts_page(language: Language, held: Sequence[LinkedAccount], offered: Collection[Provider]) -> HTMLResponse:
    """A citizen's accounts, each with the way to untie it, and what she may link."""
    mine = [one.provider for one in held if one.provider in PROVIDERS]
    items = "".join(
        f"<li><p>{say(PROVIDERS[one], language)}</p>{_form(language, 'unlink', one, texts.UNLINK)}</li>"
        for one in dict.fromkeys(mine)
    )
    more = "".join(f"<li>{_form(language, 'link', one, texts.LINK)}</li>" for one in offered)
    body = (
        f"<h1>{say(texts.ACCOUNTS, language)}</h1><p>{say(texts.ACCOUNTS_INTRODUCTION, language)}</p>"
        f"<ul>{items}</ul><h2>{say(texts.LINK_MORE, language)}</h2><ul>{more}</ul>"
    )
    return respond(language, texts.ACCOUNTS, body, path="/sign-in/accounts")


def link_page(language: Language, shown: LinkShown) -> HTMLResponse:
    """To whose record the account would belong: initials and the ends of a number, no more."""
    whose = f"{shown.name_hint}, {shown.masked_mobile}"
    going_on = f"/sign-in/link/start?link={shown.link.id}&language={language.value}"
    body = (
        f"<h1>{say(texts.LINK_QUESTION, language)}</h1>"
        f"<p>{say(texts.LINK_WHOSE, language)} <strong>{escape(whose)}</strong></p>"
        f'<p role="note">{say(texts.LINK_WARNING, language)}</p>'
        f'<p><a class="provider" href="{escape(going_on)}">'
        f"{say(PROVIDERS[shown.link.provider], language)}</a></p>"
    )
    return respond(language, texts.LINK_QUESTION, body, path=None)


def code_page(language: Language, link_id: str, *, left: str | None = None) -> HTMLResponse:
    """The form for the code; after a wrong one with what is left."""
    wrong = ""
    if left is not None:
        wrong = f'<p role="alert" id="wrong">{say(texts.CODE_WRONG, language).format(left=escape(left))}</p>'
    described = "hint wrong" if left is not None else "hint"
    body = (
        f"<h1>{say(texts.CODE_TITLE, language)}</h1>{wrong}"
        '<form method="post" action="/sign-in/link/code">'
        f'<input type="hidden" name="link" value="{escape(link_id)}">'
        f'<label for="code">{say(texts.CODE_LABEL, language)}</label>'
        '<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="6" required '
        f'aria-describedby="{described}">'
        f'<p class="hint" id="hint">{say(texts.CODE_HINT, language)}</p>'
        f"<button>{say(texts.CODE_SEND, language)}</button></form>"
    )
    return respond(language, texts.CODE_TITLE, body, path=None, status=200 if left is None else 422)


def linked_page(language: Language, provider: Provider) -> HTMLResponse:
    """It is done."""
    body = (
        f"<h1>{say(texts.LINKED, language)}</h1>"
        f'<p role="status">{say(PROVIDERS[provider], language)}</p>'
        f'<p><a class="provider" href="/sign-in">{say(texts.GO_ON, language)}</a></p>'
    )
    return respond(language, texts.LINKED, body, path=None)


def _device(language: Language, one: OwnDevice) -> str:
    used = one.device.last_used_at.astimezone(IST).strftime("%d-%m-%Y %H:%M")
    client = texts.APP if one.device.client == "APP" else texts.BROWSER
    name = f"{say(client, language)} · {escape(one.device.platform.title())}"
    here = f" ({say(texts.THIS_DEVICE, language)})" if one.here else ""
    known = PROVIDERS.get(one.device.provider, Bilingual(None, one.device.provider.value))
    return (
        f"<li><p><strong>{name}</strong>{here}<br>{say(known, language)}"
        f"<br>{say(texts.LAST_USED, language)}: {used}</p>"
        f'<form method="post" action="/sign-in/devices"><input type="hidden" name="device" value="{one.key}">'
        f'<button aria-label="{say(texts.END_ONE, language)}: {name}, {used}">{say(texts.END_ONE, language)}</button>'
        "</form></li>"
    )


def _form(language: Language, what: str, provider: Provider, words: Bilingual) -> str:
    text = f"{say(words, language)}: {say(PROVIDERS[provider], language)}"
    return (
        f'<form method="post" action="/sign-in/accounts/{what}">'
        f'<input type="hidden" name="provider" value="{provider.value}"><button>{text}</button></form>'
    )
