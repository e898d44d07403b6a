"""The sandbox of National Career Service, written from docs/contracts/other_systems.md section 5 alone.

Job seekers are people of demo/people.json; one whose mobile ends in 7 is INACTIVE. Vacancies lie in every district of
the state. Faults of its own: `foreign` (another seeker's applications), `partial` (a vacancy without its optional
members) and `duplicate` (one twice on a page).
"""

import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import ist_date
from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.connectors.tokens import is_same_secret, new_secret

STATE = "5"
DISTRICTS = tuple(str(code) for code in range(45, 58))
"""The districts of Uttarakhand in the Local Government Directory."""

TRADES = (
    ("2341.0100", "Teacher, Primary", "शिक्षक", "GRADUATE"),
    ("7411.0100", "Electrician", "विद्युतकार", "ITI"),
    ("8332.0200", "Driver, Truck", "ट्रक चालक", "CLASS_10"),
    ("2221.0200", "Nurse", "नर्स", "DIPLOMA"),
)
"""NCO-2015 code, both titles, qualification."""

STATUSES = ("SUBMITTED", "SHORTLISTED", "SELECTED", "REJECTED", "WITHDRAWN")
_MOBILE = re.compile(r"[6-9]\d{9}")
_NCS_ID = re.compile(r"[A-Z0-9]{19}")
_LARGEST_PAGE = 50
_DIGITS = str.maketrans("0123456789", "०१२३४५६७८९")
Handler = Callable[[Request], Awaitable[Response]]


class Wrong(Exception):
    """A request that is refused."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.answer = JSONResponse({"error": {"code": code, "message": message}}, status)
        self.code = code


def create_sandbox(home: SandboxHome) -> Sandbox:
    """The service at its side of the wire."""
    account = home.state.get_or_create("account", "apuni", lambda: {"id": "apuni-uk", "key": new_secret()})
    home.hand_over({"base_url": home.public_url, **account})
    service = _CareerService(home, account)
    routes = [
        Route(f"/ncs/v1/{path}", service.let_in(handler), methods=[method])
        for method, path, handler in (
            ("POST", "jobseekers/link", service.link),
            ("GET", "jobseekers/{ncs_id}", service.seeker),
            ("GET", "vacancies", service.vacancies),
            ("GET", "jobfairs", service.fairs),
            ("POST", "events", service.event),
            ("POST", "applications/status", service.applications),
        )
    ]
    actions = {"apply": service.apply, "decide": service.decide, "seekers": service.seekers}
    return sandbox_app(home, routes, actions=actions)


class _CareerService:
    """Seekers, vacancies and applications."""

    def __init__(self, home: SandboxHome, account: Mapping[str, str]) -> None:
        self._home, self._state = home, home.state
        self._account = account

    def let_in(self, handler: Handler) -> Handler:
        """A handler for callers with both headers of API Setu."""

        async def handle(request: Request) -> Response:
            known = is_same_secret(request.headers.get("x-apisetu-clientid"), self._account["id"])
            if not (is_same_secret(request.headers.get("x-apisetu-apikey"), self._account["key"]) and known):
                request.state.ledger_effect = "key refused"
                return Wrong(401, "UNAUTHORIZED", "client or key is unknown").answer
            try:
                return await handler(request)
            except Wrong as wrong:
                request.state.ledger_effect = f"refused {wrong.code}"
                return wrong.answer

        return handle

    async def link(self, request: Request) -> Response:
        """A seeker by mobile and day of birth."""
        given = await _members(request, "mobile", "dob", "consentId", "clientRef")
        if not _MOBILE.fullmatch(given["mobile"]):
            raise Wrong(400, "BAD_MOBILE", "ten digits are needed")
        _day(given["dob"])
        found = self._seeker_of(lambda person: (person["mobile"], person["dob"]) == (given["mobile"], given["dob"]))
        request.state.ledger_key = given["consentId"]
        if found is None:
            return JSONResponse({"ncsId": None, "status": "NOT_FOUND"})
        request.state.ledger_effect = "seeker linked"
        status = "INACTIVE" if given["mobile"].endswith("7") else "ACTIVE"
        return JSONResponse({"ncsId": _ncs_id(found), "status": status})

    async def seeker(self, request: Request) -> Response:
        """What a seeker entered."""
        ncs_id = str(request.path_params["ncs_id"])
        found = self._seeker_of(lambda person: _ncs_id(person) == ncs_id)
        if found is None:
            raise Wrong(404, "NOT_FOUND", "no seeker has this id")
        return JSONResponse(
            {
                "education": [{"level": "GRADUATE", "year": "2006"}],
                "skills": ["2341.0100"],
                "districtLgd": found["district"],
                "employmentStatus": "SEEKING",
                "registeredOn": "2021-07-15",
                "validTill": "2027-07-14",
            }
        )

    async def vacancies(self, request: Request) -> Response:
        """A page of the vacancies of the state, by district, trade and qualification."""
        query = request.query_params
        if query.get("state") != STATE:
            raise Wrong(400, "BAD_STATE", "state must be 5")
        page, size = _number(query.get("page", "1")), _number(query.get("size", "20"))
        if size > _LARGEST_PAGE:
            raise Wrong(400, "BAD_SIZE", f"size is {_LARGEST_PAGE} at most")
        rows = [
            row
            for row in self._all_vacancies()
            if all(query.get(name) in {None, row[member]} for name, member in _FILTERS.items())
        ]
        shown = rows[(page - 1) * size : page * size]
        if self._home.faults.match("partial", request.url.path):
            shown = [{name: row[name] for name in ("vacancyId", "title", "lastDate")} for row in shown]
        if self._home.faults.match("duplicate", request.url.path):
            shown += shown[:1]
        return JSONResponse({"vacancies": shown, "total": len(rows)})

    async def fairs(self, request: Request) -> Response:
        """Fairs between two days."""
        query = request.query_params
        if query.get("state") != STATE:
            raise Wrong(400, "BAD_STATE", "state must be 5")
        first, last = _day(query.get("from", "")), _day(query.get("to", ""))
        day = ist_date(self._home.clock.now()) + timedelta(days=10)
        fair = {
            "id": "JF-1",
            "name": "रोजगार मेला, देहरादून",
            "venue": "Parade Ground, Dehradun",
            "date": day.isoformat(),
            "registerUrl": "https://www.ncs.gov.in/fairs/JF-1",
        }
        return JSONResponse({"fairs": [fair] if first <= day <= last else []})

    async def event(self, request: Request) -> Response:
        """A certificate of registration that the state issued; one `clientRef` counts once for a day."""
        given = await _members(request, "clientRef", "event", "certificate")
        request.state.ledger_key = given["clientRef"]
        digest = hashlib.sha256(await request.body()).hexdigest()
        before = self._state.get("event", given["clientRef"])
        if before is not None and before["digest"] != digest:
            raise Wrong(400, "REF_REUSED", "this clientRef came with another body")
        request.state.ledger_effect = "same answer again" if before else "event taken"
        self._state.add("event", given["clientRef"], {"digest": digest})
        return JSONResponse({"status": "ACCEPTED"}, 202)

    async def applications(self, request: Request) -> Response:
        """The applications of a seeker who consented."""
        given = await _members(request, "ncsId", "consentId")
        if not _NCS_ID.fullmatch(given["ncsId"]):
            raise Wrong(400, "BAD_ID", "an id has 19 characters")
        if self._seeker_of(lambda person: _ncs_id(person) == given["ncsId"]) is None:
            raise Wrong(404, "NOT_FOUND", "no seeker has this id")
        request.state.ledger_key, request.state.ledger_effect = given["consentId"], "applications shown"
        rows = sorted(self._state.values_of("application").items())
        foreign = self._home.faults.match("foreign", request.url.path)
        shown = [
            {"applicationId": number, **{name: value for name, value in row.items() if foreign or name != "ncsId"}}
            for number, row in rows
            if foreign or row["ncsId"] == given["ncsId"]
        ]
        return JSONResponse({"applications": shown})

    def apply(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A seeker (`person`, a key of demo/people.json) applies for a `vacancy`."""
        found = self._seeker_of(lambda person: person["key"] == arguments["person"])
        vacancy = next((one for one in self._all_vacancies() if one["vacancyId"] == arguments["vacancy"]), None)
        if found is None or vacancy is None:
            raise ValueError("no person or no vacancy has this key")
        number = f"NCSAPP{secrets.randbelow(10**8):08d}"
        applied = {
            "ncsId": _ncs_id(found),
            "vacancyId": vacancy["vacancyId"],
            "title": vacancy["title"],
            "appliedOn": ist_date(self._home.clock.now()).strftime("%d-%m-%Y"),
            "status": "SUBMITTED",
        }
        self._state.put("application", number, applied)
        return {"number": number}

    def decide(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Set the `status` of an application `number`."""
        number = str(arguments["number"])
        kept = self._state.get("application", number)
        if kept is None or arguments["status"] not in STATUSES:
            raise ValueError(f"number must be an application's and status one of {', '.join(STATUSES)}")
        self._state.put("application", number, {**kept, "status": arguments["status"]})
        return {"number": number, "status": arguments["status"]}

    def seekers(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The ids by the keys of the people."""
        return {person["key"]: _ncs_id(person) for person in self._home.demo["people"]}

    def _seeker_of(self, fits: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any] | None:
        return next(filter(fits, self._home.demo["people"]), None)

    def _all_vacancies(self) -> list[dict[str, Any]]:
        today = ist_date(self._home.clock.now())
        return [
            _vacancy(district, trade, copy, today)
            for district in DISTRICTS
            for trade in range(len(TRADES))
            for copy in range(1, 4 if district != "56" else 31)
        ]


_FILTERS = {"district": "districtLgd", "nco": "nco", "qualification": "qualification"}


def _vacancy(district: str, trade: int, copy: int, today: date) -> dict[str, Any]:
    """Employers write as they like: Devanagari digits, rupees with paise, and days in two forms."""
    nco, title_en, title_hi, qualification = TRADES[trade]
    last = today + timedelta(days=10 + copy)
    odd = copy % 2 == 1
    return {
        "vacancyId": f"V{district}{trade}{copy:03d}",
        "title": title_hi if odd else title_en,
        "employer": f"Employer {copy}",
        "nco": nco,
        "qualification": qualification,
        "positions": str(copy).translate(_DIGITS) if odd else copy,
        "salaryMin": 18000.50 if odd else 21000,
        "salaryMax": None if odd else 30000,
        "districtLgd": district,
        "postedOn": today.isoformat(),
        "lastDate": last.strftime("%d-%m-%Y") if odd else last.isoformat(),
        "applyUrl": f"https://www.ncs.gov.in/jobs/V{district}{trade}{copy:03d}",
    }


def _ncs_id(person: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"ncs/{person['key']}".encode()).hexdigest()[:19].upper()


async def _members(request: Request, *names: str) -> dict[str, str]:
    """The text members of a JSON body. A consent that is missing is told apart."""
    try:
        given = json.loads(await request.body())
    except ValueError:
        raise Wrong(400, "BAD_JSON", "the body is no JSON") from None
    if not isinstance(given, dict):
        raise Wrong(400, "BAD_JSON", "an object is needed")
    if "consentId" in names and not given.get("consentId"):
        raise Wrong(400, "CONSENT_MISSING", "consentId is needed")
    missing = [name for name in names if not isinstance(given.get(name), str) or not given[name]]
    if missing:
        raise Wrong(400, "BAD_FIELD", f"{missing[0]} is needed")
    return {name: given[name] for name in names}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 10_000):
        raise Wrong(400, "BAD_PAGE", "page and size are whole numbers from 1")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Wrong(400, "BAD_DATE", "a day is YYYY-MM-DD") from None
