"""People of one's own in the city, entered by control route, `apuni sandbox person add` or the page `/people`."""

import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from domain.kernel import ist_date
from sandbox.city.clock import SandboxClock
from sandbox.city.records import State
from sandbox.city.telephone import page

MOST, LONGEST = 500, 100
"""People of one's own, and characters of a name."""

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_FIRST_MOBILE = 9_810_000_000
"""Above the mobiles of demo/people.json."""


class People:
    """The people of the demo and those that were entered, who are there after a restart too."""

    def __init__(self, demo: Sequence[Mapping[str, Any]], memory: State, clock: SandboxClock) -> None:
        self._memory, self._clock = memory, clock
        self.all: list[Mapping[str, Any]] = [*demo, *memory.values_of("person").values()]
        """Everybody; sandboxes hold this very list, so that who is entered is there for each of them at once."""
        papers = [paper for one in demo for paper in one.get("locker_documents", ())]
        self.papers = {paper["doctype"]: paper for paper in reversed(papers)}
        """An example of each document that a locker of the demo holds, by its kind."""

    def add(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Enter a person and give her row, as demo/people.json has it.

        Needed are `name_en` and `born_on`; `name_hi`, `gender` (F, M, T), `mobile`, `district` (its code), `tehsil` and
        `documents`, a list of kinds for her locker, may be left out. Raises ValueError with what is wrong.
        """
        name, born_on = str(given.get("name_en", "")).strip(), date.fromisoformat(str(given.get("born_on", "")))
        if not re.fullmatch(rf"[A-Za-z][A-Za-z .'-]{{0,{LONGEST - 1}}}", name):
            raise ValueError("name_en must be a name in Latin letters")
        if not date(1900, 1, 1) <= born_on <= ist_date(self._clock.now()):
            raise ValueError("born_on must be a day that has been, as 1990-05-17")
        kinds = list(given.get("documents") or ())
        unknown = [kind for kind in kinds if kind not in self.papers]
        if unknown:
            raise ValueError(f"documents may be: {', '.join(sorted(self.papers))}; not {', '.join(map(str, unknown))}")
        number = len(self._memory.values_of("person")) + 1
        if number > MOST:
            raise ValueError(f"there are {MOST} people of your own already")
        mobile = str(given.get("mobile") or _FIRST_MOBILE + number)
        if not re.fullmatch(r"[6-9][0-9]{9}", mobile) or any(one["mobile"] == mobile for one in self.all):
            raise ValueError("mobile must be ten digits, from 6 to 9 the first, and nobody else's")
        gender, district = str(given.get("gender") or "F"), str(given.get("district") or "49")
        tehsil = str(given.get("tehsil") or "")
        if gender not in {"F", "M", "T"} or not (district.isdecimal() and (tehsil.isdecimal() or not tehsil)):
            raise ValueError("gender must be F, M or T; district and tehsil the codes of places")
        locker = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
        person = {
            "key": self._free_key(name),
            "locker_id": locker,
            "user_sso_id": f"DL-{locker}",
            "name_en": name,
            "name_hi": str(given.get("name_hi") or name).strip()[:LONGEST],
            "dob": born_on.isoformat(),
            "gender": gender,
            "mobile": mobile,
            "email": f"own-{number}@citizen.example",
            "district": district,
            "tehsil": tehsil or None,
            "locker_documents": [{**self.papers[kind], "doc_id": _new_number()} for kind in dict.fromkeys(kinds)],
        }
        self._memory.put("person", f"{number:06d}", person)
        self.all.append(person)
        return person

    def _free_key(self, name: str) -> str:
        key = re.sub(r"[^a-z]+", "-", name.lower()).strip("-")
        taken = {one["key"] for one in self.all}
        return next(one for one in (key, *(f"{key}-{number}" for number in range(2, MOST + 2))) if one not in taken)


def people_routes(people: People) -> list[Route]:
    """The page `/people` with its form."""

    async def show(_: Request) -> Response:
        return _draw(people)

    async def enter(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=40)
        given = {name: value for name, value in form.items() if name != "documents" and value}
        try:
            person = people.add({**given, "documents": form.getlist("documents")})
        except ValueError as fault:
            return _draw(people, str(fault), 400)
        return RedirectResponse(f"telephone/{person['key']}", 303)

    return [
        Route("/people", show, methods=["GET"]),
        Route("/people", enter, methods=["POST"]),
    ]


def _draw(people: People, fault: str = "", status: int = 200) -> HTMLResponse:
    told = f'<p role="alert">{escape(fault)}</p>' if fault else ""
    ticks = "".join(
        f'<li><label><input type="checkbox" name="documents" value="{kind}"> {escape(paper["name"])}</label></li>'
        for kind, paper in sorted(people.papers.items())
    )
    asked = (
        ("name_en", "Name", 'required autocomplete="off"'),
        ("name_hi", "Name in Hindi", 'lang="hi" autocomplete="off"'),
        ("born_on", "Day of birth", 'type="date" required'),
        ("district", "Code of the district", 'value="49" inputmode="numeric"'),
        ("mobile", "Mobile; a free one if empty", 'inputmode="numeric" autocomplete="off"'),
    )
    fields = "".join(f'<p><label>{label}: <input name="{name}" {more}></label></p>' for name, label, more in asked)
    body = (
        f"{told}<p>Enter somebody, then sign in as her by MeriPehchaan.</p>"
        f'<form method="post">{fields}<fieldset><legend>Documents in her locker</legend><ul>{ticks}</ul></fieldset>'
        '<p><button>Enter</button></p></form><p><a href="/telephone">All telephones</a></p>'
    )
    return page("People of your own", body, status)


def _new_number() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(10))
