"""e-Taal's scheduler: pulls our endpoint and validates its answers (docs/contracts/etaal.md sections 3 and 8).

It is written from the contract, without the endpoint's wire format, so that the two check each other.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.sax.saxutils import escape

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import IST, ist_date
from integrations.calling.safe_xml import Element, UnsafeXml, child_text, children, local_name, parse
from sandbox.city.gateway_calls import gateway_client
from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.etaal.push import PushReceiver, new_push_account

XML_FORMS = ("xml", "url", "soap")
"""By URL with a form that is posted, by URL alone, and SOAP 1.1 (docs/contracts/etaal.md section 3.2)."""

FORMS = (*XML_FORMS, "json")
PROJECT_CODE = "UKAPSK"
CLOSED_DAY_CHANGED = "CLOSED_DAY_CHANGED"
NEGATIVE_COUNT = "NEGATIVE_COUNT"
CATEGORY_CHANGED = "CATEGORY_CHANGED"
TOTAL_WRONG = "TOTAL_WRONG"
FORMS_DIFFER = "FORMS_DIFFER"
TOO_MANY_ENQUIRIES = "TOO_MANY_ENQUIRIES"
MOST_ENQUIRIES = 50
"""Enquiries (category D) for each statutory service (A) of a day, before it looks like inflation
(docs/contracts/etaal.md section 8)."""

_ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<eTransactionCount xmlns="http://tempuri.org/">{parts}</eTransactionCount></soap:Body></soap:Envelope>'
)


@dataclass(frozen=True)
class _Pull:
    """One answer of our endpoint, as e-Taal reads it.

    `figures` are counts by service and place, `categories` the pairs of service and category.
    """

    status: int
    error: int | None = None
    figures: Mapping[str, int] | None = None
    revision: int | None = None
    categories: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()

    def view(self) -> dict[str, Any]:
        """What the partner shows of it."""
        rows = [
            {"serviceCode": service, "locationCode": place, "count": count}
            for (service, place), count in ((tuple(key.split("|", 1)), n) for key, n in (self.figures or {}).items())
        ]
        return {
            "status": self.status,
            "errorCode": self.error,
            "revision": self.revision,
            "rows": rows,
            "total": sum((self.figures or {}).values()),
        }


def create_sandbox(home: SandboxHome, *, transport: httpx.AsyncBaseTransport | None = None) -> Sandbox:
    """e-Taal at its side of the wire. `transport` takes the place of the network in unit tests."""
    account = home.state.get_or_create("account", "apuni", _new_account)
    push = home.state.get_or_create("account", "push", lambda: new_push_account(home))
    home.hand_over({**account, "push": push})
    puller = _Puller(home, account, transport)
    receiver = PushReceiver(home, str(account.get("project_code", PROJECT_CODE)), push)

    async def figures(request: Request) -> Response:
        day = home.state.get("day", request.path_params["day"])
        return JSONResponse(day or {"figures": {}})

    async def compare(arguments: Mapping[str, Any]) -> dict[str, Any]:
        return await puller.compare(arguments, receiver.stored_counts(arguments))

    actions = {
        "pull_counts": puller.pull_counts,
        "pull_bad": puller.pull_bad,
        "pull_due": puller.pull_due,
        "compare": compare,
        "pushed": receiver.stored_counts,
        "lose_answers": receiver.lose_answers,
        "be_full": receiver.be_full,
        "end_tokens": receiver.end_tokens,
    }
    routes = [Route("/figures/{day}", figures, methods=["GET"]), *receiver.routes]
    return sandbox_app(home, routes, actions=actions)


def _new_account() -> dict[str, str]:
    return {
        "project_code": PROJECT_CODE,
        "username": "etaal-" + secrets.token_hex(4),
        "password": f"sandbox-{secrets.token_urlsafe(18)}",
        "bearer": f"sandbox-{secrets.token_urlsafe(32)}",
    }


class _Puller:
    """The scheduler, started by hand through the control route."""

    def __init__(
        self, home: SandboxHome, account: Mapping[str, str], transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._home = home
        self._account = account
        self._transport = transport

    async def pull_counts(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Pull one day: `date` (YYYY-MM-DD, default today in India) and `transport` (xml, url, soap or json).

        `url` is the form by GET, which gives the same XML as the one by POST.
        """
        today = ist_date(self._home.clock.now())
        day = date.fromisoformat(str(arguments.get("date", today.isoformat())))
        transport = str(arguments.get("transport", "xml"))
        if transport not in FORMS:
            raise ValueError(f"transport must be one of {', '.join(FORMS)}")
        async with self._client() as client:
            if transport == "json":
                pull = _read_json(await self._ask_json(client, {"transactionDate": _format_day(day)}))
            else:
                pull = _read_xml(await self._ask(client, self._fields(_format_day(day)), form=transport))
        flags = list(pull.flags)
        if pull.figures is not None:
            flags += self._store(day, pull)
        return {"date": day.isoformat(), "transport": transport, **pull.view(), "flags": flags}

    async def pull_due(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What the scheduler does in its daily round: today and the three days before it, in all forms."""
        today = ist_date(self._home.clock.now())
        days = []
        for back in range(4):
            day = (today - timedelta(days=back)).isoformat()
            pulls = [await self.pull_counts({"date": day, "transport": transport}) for transport in FORMS]
            same = all(pull["rows"] == pulls[0]["rows"] for pull in pulls)
            flags = sorted({flag for pull in pulls for flag in pull["flags"]} | (set() if same else {FORMS_DIFFER}))
            days.append({"date": day, "total": pulls[0]["total"], "flags": flags})
        return {"days": days, "ok": not any(day["flags"] for day in days)}

    async def compare(self, arguments: Mapping[str, Any], pushed: Mapping[str, Any]) -> dict[str, Any]:
        """Whether what was pulled of a `date` and what was pushed of it are the same, where it was not rejected."""
        pull = await self.pull_counts({"date": str(arguments["date"]), "transport": "json"})
        of_push: Counter[str] = Counter()
        for row in pushed["rows"]:
            of_push[f"{row['serviceCode']}|{row['locationCode']}"] += row["count"]
        of_pull = {f"{row['serviceCode']}|{row['locationCode']}": row["count"] for row in pull["rows"]}
        unknown = sum(count for key, count in of_pull.items() if key not in of_push)
        differ = sorted(key for key in of_push if of_pull.get(key) != of_push[key])
        return {
            "date": pull["date"],
            "pulledRevision": pull["revision"],
            "pushedRevision": pushed["revision"],
            "differ": differ,
            "notTaken": unknown,
        }

    async def pull_bad(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Ask in every wrong way of docs/contracts/etaal.md section 8; for each, whether the answer was right."""
        today = _format_day(ist_date(self._home.clock.now()))
        async with self._client() as client:
            calls = [
                await self._judge(client, name, fields, expected, form=form)
                for form in XML_FORMS
                for name, fields, expected in self._bad_calls(today)
            ]
            calls += [await self._judge_bearer(client, token) for token in ("", "Bearer wrong")]
            calls.append(await self._twins(client, self._fields(today)))
        return {"ok": all(call["ok"] for call in calls), "calls": calls}

    def _bad_calls(self, today: str) -> list[tuple[str, dict[str, str], int | None]]:
        right = self._fields(today)
        later = _format_day(ist_date(self._home.clock.now()) + timedelta(days=30))
        wrong_dates = ("2026-11-23", "31/02/2026", "1/1/2026", "' OR 1=1 --", "०१/०१/२०२६")
        return [
            ("no date", {name: value for name, value in right.items() if name != "TransactionDate"}, -1),
            *((f"date {text}", right | {"TransactionDate": text}, -1) for text in wrong_dates),
            ("future date", right | {"TransactionDate": later}, None),
            ("wrong password", right | {"Password": "wrong"}, -2),
            ("no password", {name: value for name, value in right.items() if name != "Password"}, -2),
            ("password of another case", right | {"Password": self._account["password"].swapcase()}, -2),
            ("SQL as user name", right | {"UserName": "admin'; DROP TABLE counts; --"}, -2),
            ("very long user name", right | {"UserName": "u" * 5_000}, -2),
        ]

    async def _judge(
        self, client: httpx.AsyncClient, name: str, fields: Mapping[str, str], expected: int | None, *, form: str
    ) -> dict[str, Any]:
        pull = _read_xml(await self._ask(client, fields, form=form))
        right = pull.status == 200 and pull.error == expected and not pull.figures
        return {"name": name, "transport": form, "ok": right, **pull.view()}

    async def _judge_bearer(self, client: httpx.AsyncClient, authorization: str) -> dict[str, Any]:
        body = {"transactionDate": _format_day(ist_date(self._home.clock.now()))}
        answer = await self._ask_json(client, body, authorization)
        name = "wrong token" if authorization else "no token"
        return {"name": name, "transport": "json", "ok": answer.status_code == 401, "status": answer.status_code}

    async def _twins(self, client: httpx.AsyncClient, fields: Mapping[str, str]) -> dict[str, Any]:
        pulls = [_read_xml(each) for each in await asyncio.gather(*(self._ask(client, fields) for _ in range(5)))]
        right = all(pull.status == 200 and pull.figures == pulls[0].figures for pull in pulls)
        return {"name": "five at once", "transport": "xml", "ok": right, **pulls[0].view()}

    def _client(self) -> httpx.AsyncClient:
        return gateway_client(self._home, self._transport)

    def _fields(self, day: str) -> dict[str, str]:
        return {
            "TransactionDate": day,
            "UserName": self._account["username"],
            "Password": self._account["password"],
        }

    async def _ask(self, client: httpx.AsyncClient, fields: Mapping[str, str], *, form: str = "xml") -> httpx.Response:
        if form == "url":
            return await client.get("/etaal/eTransactionCount", params=dict(fields))
        if form == "xml":
            return await client.post("/etaal/eTransactionCount", data=dict(fields))
        parts = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"http://tempuri.org/eTransactionCount"'}
        content = _ENVELOPE.format(parts=parts).encode()
        return await client.post("/etaal/service.asmx", content=content, headers=headers)

    async def _ask_json(
        self, client: httpx.AsyncClient, body: Mapping[str, str], authorization: str | None = None
    ) -> httpx.Response:
        token = f"Bearer {self._account['bearer']}" if authorization is None else authorization
        headers = {"Authorization": token} if token else {}
        return await client.post("/etaal/v1/counts", json=dict(body), headers=headers)

    def _store(self, day: date, pull: _Pull) -> list[str]:
        """Write the day's figures over the earlier ones, and name what should not have changed."""
        key, now = day.isoformat(), self._home.clock.now()
        before = self._home.state.get("day", key) or {}
        new = {"figures": dict(pull.figures or {}), "revision": pull.revision, "pulledAt": now.isoformat()}
        flags = []
        changed = bool(before) and before["figures"] != new["figures"]
        if changed and _is_closed(day, now) and not _newer(before.get("revision"), pull.revision):
            flags.append(CLOSED_DAY_CHANGED)
        for service, category in pull.categories:
            self._home.state.add("category", service, {"is": category})
            if self._home.state.get("category", service) != {"is": category}:
                flags.append(CATEGORY_CHANGED)
        if new["revision"] is None:
            new["revision"] = before.get("revision")
        self._home.state.put("day", key, new)
        return flags


def _read_xml(answer: httpx.Response) -> _Pull:
    """Rows by local name, whatever wraps them: the plain form, a SOAP envelope, a diffgram."""
    if answer.status_code != 200:
        return _Pull(answer.status_code)
    try:
        root = parse(answer.content)
    except UnsafeXml:
        return _Pull(answer.status_code, flags=("NOT_XML",))
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    errors = [element for element in elements if local_name(element) == "ErrorCode" and element.text]
    if errors:
        return _Pull(answer.status_code, error=int(str(errors[0].text)))
    return _sum_rows(answer.status_code, map(_row, (element for element in elements if _is_row(element))))


def _is_row(element: Element) -> bool:
    return {"ServiceCode", "ServiceCount", "LocationCode"} <= {local_name(part) for part in children(element)}


def _row(element: Element) -> tuple[str, str, int]:
    service, place = (str(child_text(element, name)) for name in ("ServiceCode", "LocationCode"))
    return service, place, int(str(child_text(element, "ServiceCount")))


def _read_json(answer: httpx.Response) -> _Pull:
    if answer.status_code != 200:
        return _Pull(answer.status_code)
    day = answer.json()["days"][0]
    rows = [(row["serviceCode"], row["locationCode"], row["count"]) for row in day["rows"]]
    pull = _sum_rows(answer.status_code, rows)
    wrong: tuple[str, ...] = (TOTAL_WRONG,) if day["total"] != sum(count for _, _, count in rows) else ()
    categories = tuple(sorted({(row["serviceCode"], row["category"]) for row in day["rows"]}))
    by_category: Counter[str] = Counter()
    for row in day["rows"]:
        by_category[row["category"]] += row["count"]
    if by_category["A"] and by_category["D"] > MOST_ENQUIRIES * by_category["A"]:
        wrong += (TOO_MANY_ENQUIRIES,)
    return _Pull(
        pull.status,
        figures=pull.figures,
        revision=day["revision"],
        categories=categories,
        flags=pull.flags + wrong,
    )


def _sum_rows(status: int, rows: Iterable[tuple[str, str, int]]) -> _Pull:
    figures: Counter[str] = Counter()
    negative = False
    for service, place, count in rows:
        figures[f"{service}|{place}"] += count
        negative = negative or count < 0
    kept = {key: count for key, count in sorted(figures.items()) if count}
    return _Pull(status, figures=kept, flags=(NEGATIVE_COUNT,) if negative else ())


def _format_day(day: date) -> str:
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def _is_closed(day: date, now: datetime) -> bool:
    return now >= datetime.combine(day + timedelta(days=4), time(0, 30), tzinfo=IST)


def _newer(before: int | None, after: int | None) -> bool:
    return after is not None and (before is None or after > before)
