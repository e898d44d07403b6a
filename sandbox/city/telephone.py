"""The telephones of the demo's people at `/telephone`: what came by each channel, and fields to answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import chain
from typing import Any

import httpx
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from domain.kernel import IST
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import Arrival, Sandbox
from sandbox.city.records import State

TITLES = {"push": "Push", "sms": "SMS", "whatsapp": "WhatsApp", "email": "Mail"}
_ANSWERED_BY = {"sms": "receive", "whatsapp": "say"}
"""The actions by which a telephone sends something."""
_PLATFORMS = {"ANDROID": "Android", "IOS": "an iPhone"}
KEPT, LONGEST = 500, 1_000
"""How many lines that telephones sent, or were answered at once, are stored; and how long one may be."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def telephone_routes(
    sandboxes: Mapping[str, Sandbox], people: Sequence[Mapping[str, Any]], memory: State, clock: SandboxClock
) -> list[Route]:
    """The list of people, and the page of each, which takes what is written or pressed."""
    pages = _Telephones(sandboxes, people, memory, clock)
    return [
        Route("/telephone", pages.list_people, methods=["GET"]),
        Route("/telephone/{key}", pages.show, methods=["GET"]),
        Route("/telephone/{key}", pages.send, methods=["POST"]),
        Route("/telephone/{key}/app", pages.install_app, methods=["GET"]),
        Route("/telephone/{key}/signed-in", pages.register_app, methods=["GET"]),
    ]


class _Telephones:
    """The handlers of the pages. What is sent goes to the gateway as the provider passes it on."""

    def __init__(
        self,
        sandboxes: Mapping[str, Sandbox],
        people: Sequence[Mapping[str, Any]],
        memory: State,
        clock: SandboxClock,
    ) -> None:
        self._people, self._memory, self._clock = people, memory, clock
        self._carriers = {name: sandboxes[name] for name in TITLES if name in sandboxes and sandboxes[name].arrivals}

    async def list_people(self, _: Request) -> Response:
        """Everybody, by name and number."""
        rows = "".join(
            f'<li><a href="telephone/{escape(one["key"])}">{escape(one["name_en"])}</a>, {escape(one["mobile"])}</li>'
            for one in self._people
        )
        return page("Telephones of the demo", f'<ul>{rows}</ul><p><a href="people">People of your own</a></p>')

    async def show(self, request: Request) -> Response:
        """What came to one person, the newest last."""
        return self._render(self._person(request))

    async def send(self, request: Request) -> Response:
        """Send what was written, or press what was offered."""
        person, form = self._person(request), await request.form(max_files=0, max_fields=4)
        system, text = str(form.get("channel", "")), str(form.get("text", "")).strip()
        action = _ANSWERED_BY.get(system)
        if action is None or system not in self._carriers or action not in self._carriers[system].actions:
            return self._render(person, "Nothing can be sent by this channel.", 400)
        said: dict[str, Any] = {"text": text}
        if "choice" in form:
            said, text = self._read_press(system, person, form)
        if not 0 < len(text) <= LONGEST:
            return self._render(person, f"Write something of at most {LONGEST} characters.", 400)
        try:
            outcome = await self._carriers[system].act(action, {"mobile": person["mobile"], **said})
        except httpx.HTTPError:
            return self._render(person, "The gateway does not answer.", 502)
        answers = outcome.get("answers", ())
        failed = any(one["status"] != 200 for one in answers)
        self._keep(system, person, text, "failed" if failed else "sent")
        for one in answers:
            if one["status"] == 200 and one["reply"]:
                self._keep(system, person, str(one["reply"]), "arrived")
        return RedirectResponse(str(person["key"]), 303)

    async def install_app(self, request: Request) -> Response:
        """Install the app: the browser goes to the gateway, where its person signs in."""
        person, platform = self._person(request), request.query_params.get("platform", "")
        if platform not in _PLATFORMS or not self._takes_app():
            return _not_installed(person, "The app cannot be installed so.", 400)
        back = f"http://127.0.0.1:{request.url.port}/telephone/{person['key']}/signed-in"
        sent = {"mobile": person["mobile"], "platform": platform, "redirect": back}
        return RedirectResponse((await self._carriers["push"].act("begin_sign_in", sent))["address"], 303)

    async def register_app(self, request: Request) -> Response:
        """The person was signed in, and the app registers this telephone."""
        person, told = self._person(request), request.query_params
        if not self._takes_app():
            raise HTTPException(404, "no app")
        sent = {"mobile": person["mobile"], "code": told.get("code"), "state": told.get("state")}
        try:
            fault = (await self._carriers["push"].act("end_sign_in", sent))["fault"]
        except httpx.HTTPError:
            return _not_installed(person, "The gateway does not answer.", 502)
        return _not_installed(person, fault, 400) if fault else RedirectResponse(f"../{person['key']}", 303)

    def _takes_app(self) -> bool:
        return "push" in self._carriers and "begin_sign_in" in self._carriers["push"].actions

    def _read_press(self, system: str, person: Mapping[str, Any], form: FormData) -> tuple[dict[str, Any], str]:
        """What a press of an offered button sends, and its title; HTTPException for what was not offered."""
        offered = dict(chain.from_iterable(one.choices for one in self._arrivals(system, person)))
        choice = str(form["choice"])
        if choice not in offered:
            raise HTTPException(400, "this was not offered")
        return {"choice": choice, "title": offered[choice]}, offered[choice]

    def _person(self, request: Request) -> Mapping[str, Any]:
        person = next((one for one in self._people if one["key"] == request.path_params["key"]), None)
        if person is None:
            raise HTTPException(404, "no such person")
        return person

    def _arrivals(self, system: str, person: Mapping[str, Any]) -> list[Arrival]:
        """What came by one system and what was sent by it, the newest last."""
        read = self._carriers[system].arrivals
        lines = [
            Arrival(datetime.fromisoformat(one["at"]), one["text"], one["state"])
            for one in self._memory.values_of("telephone").values()
            if (one["system"], one["key"]) == (system, person["key"])
        ]
        return sorted([*(read(person) if read else ()), *lines], key=lambda one: one.at)

    def _keep(self, system: str, person: Mapping[str, Any], text: str, state: str) -> None:
        now = self._clock.now().isoformat()
        number = int((self._memory.get("telephone_number", "last") or {"number": 0})["number"]) + 1
        self._memory.put("telephone_number", "last", {"number": number})
        line = {"system": system, "key": person["key"], "at": now, "text": text, "state": state}
        self._memory.put("telephone", f"{number:09d}", line)
        self._memory.take("telephone", f"{number - KEPT:09d}")

    def _render(self, person: Mapping[str, Any], fault: str = "", status: int = 200) -> Response:
        told = f'<p role="alert">{escape(fault)}</p>' if fault else ""
        parts = "".join(self._part(system, person) for system in self._carriers)
        title = f"Telephone of {person['name_en']}, {person['mobile']}"
        own = f"/telephone/{escape(person['key'])}"
        links = f'<p><a href="/telephone">All telephones</a> · <a href="{own}">Look again</a></p>'
        return page(title, links + told + parts, status)

    def _part(self, system: str, person: Mapping[str, Any]) -> str:
        """One channel: its messages and, where the person can answer, a field."""
        rows = "".join(_row(system, one) for one in self._arrivals(system, person))
        field = ""
        if _ANSWERED_BY.get(system) in self._carriers[system].actions:
            field = _form(
                system,
                f'<label>Answer by {TITLES[system]}: <input name="text" maxlength="{LONGEST}" required></label> '
                "<button>Send</button>",
            )
        if system == "push" and self._takes_app():
            links = (
                f'<a href="/telephone/{escape(person["key"])}/app?platform={one}">Install the app on {name}</a>'
                for one, name in _PLATFORMS.items()
            )
            field = f"<p>{' · '.join(links)}</p>"
        shown = f"<ol>{rows}</ol>" if rows else "<p>Nothing came.</p>"
        return f'<section id="{system}"><h2>{TITLES[system]}</h2>{shown}{field}</section>'


def _not_installed(person: Mapping[str, Any], fault: str, status: int) -> HTMLResponse:
    back = f'<p><a href="/telephone/{escape(person["key"])}">Back to the telephone</a></p>'
    return page("The app is not installed", f'<p role="alert">{escape(fault)}</p>{back}', status)


def _row(system: str, one: Arrival) -> str:
    text = escape(one.text).replace("\n", "<br>")
    told = f"{one.at.astimezone(IST):%d-%m-%Y %H:%M:%S}, {escape(one.state)}"
    buttons = "".join(
        f'<button name="choice" value="{escape(sent)}">{escape(title)}</button> ' for sent, title in one.choices
    )
    return f"<li><small>{told}</small><br>{text}{_form(system, buttons) if buttons else ''}</li>"


def _form(system: str, content: str) -> str:
    return f'<form method="post"><input type="hidden" name="channel" value="{system}"><p>{content}</p></form>'


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """A page of the city, without a script."""
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>",
        status,
        headers=_HEADERS,
    )
