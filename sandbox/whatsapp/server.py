"""The sandbox of WhatsApp's Cloud API.

Written from docs/contracts/whatsapp.md sections 3 to 7, 9 and 12 alone. A number 90000001NN tells by its ending what
becomes of a message: 01 read without delivered, 02 only sent, 03 failed as 131026, 04 failed as 131049, 05 reports out
of order, 06 each report three times, 07 no report, 08 131056 on a second message within six seconds, 09 the answer is
lost, 10 refused at once as 131026.
"""

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.kit import Arrival, Fault, Sandbox, SandboxHome, sandbox_app
from sandbox.city.magic import SpoilAnswer
from sandbox.whatsapp.checks import refusal_of
from sandbox.whatsapp.registers import MARK, read_templates
from sandbox.whatsapp.webhooks import SHOWN_NUMBER, Webhooks, contact_of, text_value

KEPT = 300
"""How many of the latest messages are stored."""
WINDOW, PAIR, PAIR_BURST = timedelta(hours=24), timedelta(seconds=6), 20
PER_SECOND = 80
MOST_LISTED = 250
DELIVERED_AFTER, READ_AFTER = timedelta(seconds=1), timedelta(seconds=3)
LARGEST_FILE = 16_000_000
FILE_TYPES = frozenset({"application/pdf", "image/jpeg", "image/png"})
STATUSES = {
    1: 500, 2: 503, 4: 400, 100: 400, 190: 401, 130429: 429, 131008: 400, 131009: 400, 131026: 400, 131048: 429,
    131051: 400, 131053: 400, 131056: 429, 132000: 400, 132001: 404, 132005: 400, 132012: 400, 132015: 400, 132016: 400,
}  # fmt: skip
_SPECIAL = re.compile(r"9190000001(\d\d)")


def create_sandbox(home: SandboxHome, *, transport: httpx.AsyncBaseTransport | None = None) -> Sandbox:
    """WhatsApp. `transport` takes the place of the network in unit tests."""
    account = home.state.get_or_create("account", "apuni", _new_account)
    home.hand_over({"base_url": home.public_url, "media_url": f"{home.public_url.rstrip('/')}/files", **account})
    webhooks = Webhooks(home, account, transport)
    server = _Server(home, account, webhooks)
    routes = [
        Route("/{version}/{number}/messages", _answer_refusals(server.messages), methods=["POST"]),
        Route("/{version}/{number}/media", _answer_refusals(server.take_media), methods=["POST"]),
        Route("/{version}/{account}/message_templates", _answer_refusals(server.templates), methods=["GET"]),
        Route("/files/{media}", _answer_refusals(server.file), methods=["GET"]),
        Route("/{version}/{media}", _answer_refusals(server.media), methods=["GET"]),
    ]
    actions = {
        "say": server.say,
        "messages": server.messages_at,
        "template": server.set_template,
        "number": server.set_number,
        "account": server.tell_of_account,
        "settle": server.settle,
        "member": server.set_member,
        "repeat": server.repeat,
        "call_bad": webhooks.call_bad,
    }
    return sandbox_app(home, routes, actions=actions, services=[webhooks], arrivals=server.arrivals)


def _new_account() -> dict[str, Any]:
    return {
        "phone_number_id": "106540352242922",
        "account_id": "102290129340398",
        "version": "v23.0",
        "access_token": f"sandbox-{secrets.token_urlsafe(32)}",
        "app_secrets": [f"sandbox-{secrets.token_hex(16)}", f"sandbox-{secrets.token_hex(16)}"],
        "verify_token": f"sandbox-{secrets.token_urlsafe(16)}",
    }


class _Refused(Exception):
    """A request that is answered by an error with a code."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.detail = code, detail

    def answer(self, request: Request) -> Response:
        request.state.ledger_effect = f"refused {self.code}"
        told = {"messaging_product": "whatsapp", "details": self.detail}
        error = {"message": f"(#{self.code})", "type": "OAuthException", "code": self.code, "error_data": told}
        return JSONResponse({"error": {**error, "fbtrace_id": secrets.token_hex(6)}}, STATUSES.get(self.code, 400))


class _Server:
    """Takes messages and files, and is the telephones too."""

    def __init__(self, home: SandboxHome, account: Mapping[str, Any], webhooks: Webhooks) -> None:
        self._home, self._state, self._account, self._webhooks = home, home.state, account, webhooks
        self._files = home.folder / "files"
        self._taken: list[datetime] = []
        self._registered = read_templates()

    async def messages(self, request: Request) -> Response:
        """One message."""
        self._admit(request)
        message = await _json(request)
        wrong = refusal_of(message, self._templates())
        if wrong is not None:
            raise _Refused(*wrong)
        to, now = str(message["to"]).lstrip("+"), self._home.clock.now()
        special = _SPECIAL.fullmatch(to)
        ending = special[1] if special else ""
        self._refuse_rate(to, ending, now)
        kind = message["type"]
        file = message[kind].get("id") if kind in {"document", "image"} else None
        if file is not None and self._state.get("media", str(file)) is None:
            raise _Refused(131009, "media id")
        if ending == "10":
            raise _Refused(131026, "recipient")
        name = f"wamid.{secrets.token_urlsafe(24)}"
        failure = self._failure(to, ending, kind, now)
        self._keep(name, {"to": to, "message": dict(message), "at": now.isoformat(), "failed": failure})
        self._report(name, to, ending, failure, message.get("biz_opaque_callback_data"))
        request.state.ledger_key, request.state.ledger_effect = name, "message taken"
        if ending == "09":
            raise SpoilAnswer(Fault("silence"))
        contacts = [{"input": message["to"], "wa_id": to}]
        taken = {"messaging_product": "whatsapp", "contacts": contacts}
        return JSONResponse({**taken, "messages": [{"id": name, "message_status": "accepted"}]})

    def _refuse_rate(self, to: str, ending: str, now: datetime) -> None:
        """Refuse what is over the rate of the number or of the pair."""
        self._taken = [at for at in self._taken if now - at < timedelta(seconds=1)]
        if len(self._taken) >= PER_SECOND:
            raise _Refused(130429, "rate")
        pair = self._state.get("pair", to) or {"even_at": now.isoformat()}
        even_at = datetime.fromisoformat(pair["even_at"])
        if even_at > now + PAIR * (0 if ending == "08" else PAIR_BURST - 1):
            raise _Refused(131056, "pair rate")
        self._taken.append(now)
        self._state.put("pair", to, {"even_at": (max(even_at, now) + PAIR).isoformat()})

    def _failure(self, to: str, ending: str, kind: str, now: datetime) -> int | None:
        """The code by which a message fails after it was taken."""
        if ending in {"03", "04"}:
            return 131026 if ending == "03" else 131049
        if (self._state.get("member", to) or {"on": True})["on"] is False:
            return 131026
        heard = self._state.get("heard", to)
        open_window = heard is not None and now - datetime.fromisoformat(heard["at"]) < WINDOW
        return None if kind == "template" or open_window else 131047

    def _report(self, name: str, to: str, ending: str, failure: int | None, tag: Any) -> None:
        """Have told what becomes of a message."""
        steps = [("sent", timedelta(0)), ("delivered", DELIVERED_AFTER), ("read", READ_AFTER)]
        if failure is not None:
            steps = [("failed", timedelta(0))]
        elif ending in {"01", "02"}:
            steps = [steps[0], steps[2]] if ending == "01" else steps[:1]
        elif ending == "07":
            steps = []
        waits = [wait for _, wait in steps]
        if ending == "05":
            waits.reverse()
        for (status, happens), wait in zip(steps, waits, strict=True):
            at = str(int((self._home.clock.now() + happens).timestamp()))
            one: dict[str, Any] = {"id": name, "status": status, "timestamp": at, "recipient_id": to}
            one |= {"biz_opaque_callback_data": tag} if tag else {}
            one |= {"errors": [{"code": failure, "title": "failed"}]} if failure else {}
            self._webhooks.queue({"statuses": [one]}, after=wait, times=3 if ending == "06" else 1)

    async def take_media(self, request: Request) -> Response:
        """A file that is to be sent."""
        self._admit(request)
        async with request.form(max_files=1, max_fields=5) as form:
            file, kind = form.get("file"), form.get("type")
            if form.get("messaging_product") != "whatsapp" or not isinstance(file, UploadFile):
                raise _Refused(100, "file")
            content = await file.read()
        if kind not in FILE_TYPES or file.content_type != kind or not 0 < len(content) <= LARGEST_FILE:
            raise _Refused(131053, "type")
        request.state.ledger_effect = "file taken"
        return JSONResponse({"id": self._keep_file(content, str(kind), file.filename or "")})

    async def media(self, request: Request) -> Response:
        """Where a file lies; the address is good with the bearer alone. Under the id of our number, that number."""
        self._require_bearer(request)
        name = request.path_params["media"]
        if (request.path_params["version"], name) == (self._account["version"], self._account["phone_number_id"]):
            wanted = {*request.query_params.get("fields", "display_phone_number").split(","), "id"}
            ours = {"id": name, "display_phone_number": SHOWN_NUMBER, **self._number()}
            return JSONResponse({field: value for field, value in ours.items() if field in wanted})
        found = self._state.get("media", name)
        if found is None or request.path_params["version"] != self._account["version"]:
            raise _Refused(100, "media id")
        told = {key: found[key] for key in ("mime_type", "sha256", "file_size")}
        url = f"{self._home.public_url.rstrip('/')}/files/{name}?ext=1"
        return JSONResponse({"messaging_product": "whatsapp", "id": name, "url": url, **told})

    async def file(self, request: Request) -> Response:
        """The file itself."""
        self._require_bearer(request)
        name = request.path_params["media"]
        found = self._state.get("media", name)
        if found is None:
            return Response(status_code=404)
        return Response((self._files / name).read_bytes(), media_type=found["mime_type"])

    async def templates(self, request: Request) -> Response:
        """A page of the registered texts of the account."""
        self._require_bearer(request)
        path, query = request.path_params, request.query_params
        if (path["version"], path["account"]) != (self._account["version"], self._account["account_id"]):
            raise _Refused(100, "account id")
        after, limit = query.get("after", ""), query.get("limit", "25")
        if not limit.isdecimal() or not 0 < int(limit) <= MOST_LISTED:
            raise _Refused(100, "limit")
        held = sorted((key, one) for key, one in self._templates().items() if key > after)
        told = [
            {"name": key.partition("/")[0], "language": key.partition("/")[2], "status": one["status"]}
            | {"category": "UTILITY", "id": "1", "quality_score": {"score": one.get("quality", "UNKNOWN")}}
            for key, one in held[: int(limit)]
        ]
        paging: dict[str, Any] = {"cursors": {"before": after, "after": held[: int(limit)][-1][0]}} if told else {}
        if len(held) > int(limit):
            paging["next"] = f"{self._home.public_url}{request.url.path}?after={paging['cursors']['after']}"
        return JSONResponse({"data": told, "paging": paging})

    def _admit(self, request: Request) -> None:
        self._require_bearer(request)
        path = request.path_params
        if (path["version"], path["number"]) != (self._account["version"], self._account["phone_number_id"]):
            raise _Refused(100, "phone number id")

    def _require_bearer(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self._account['access_token']}":
            raise _Refused(190, "access token")

    def _templates(self) -> dict[str, Mapping[str, Any]]:
        return {**self._registered, **self._state.values_of("template")}

    def _keep(self, name: str, message: Mapping[str, Any]) -> None:
        self._state.put("message", name, message)
        held = sorted(self._state.values_of("message").items(), key=lambda one: str(one[1]["at"]))
        for old, _ in held[:-KEPT]:
            self._state.take("message", old)

    def _keep_file(self, content: bytes, kind: str, name: str) -> str:
        number = str(secrets.randbelow(10**15) + 10**15)
        self._files.mkdir(parents=True, exist_ok=True)
        (self._files / number).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        self._state.put("media", number, {"mime_type": kind, "sha256": digest, "file_size": len(content), "name": name})
        return number

    async def say(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A telephone writes `text`, taps `choice` (the id of what was offered) or sends `file` (base64; `type`)."""
        sender, now = f"91{arguments['mobile']}", self._home.clock.now()
        stamp = str(int(now.timestamp()))
        value = text_value(sender, str(arguments.get("text", "")), stamp)
        message = value["messages"][0]
        if "choice" in arguments:
            del message["text"]
            tapped = {"id": str(arguments["choice"]), "title": str(arguments.get("title", "-"))}
            held = [one["message"] for one in self._arrived_messages() if one["to"] == sender]
            if any(one["type"] == "template" and tapped["id"] in dict(self._choices_of(one)) for one in held):
                message |= {"type": "button", "button": {"payload": tapped["id"], "text": tapped["title"]}}
            else:
                message |= {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": tapped}}
        elif "file" in arguments:
            del message["text"]
            kind, content = str(arguments.get("type", "image/jpeg")), base64.b64decode(str(arguments["file"]))
            number = self._keep_file(content, kind, "")
            part = "document" if kind == "application/pdf" else "image"
            told = {"id": number, "mime_type": kind, "sha256": hashlib.sha256(content).hexdigest()}
            message |= {"type": part, part: told}
        self._state.put("heard", sender, {"at": now.isoformat()})
        self._state.put("inbound", message["id"], {**value, **contact_of(sender)})
        self._webhooks.queue(value, times=int(arguments.get("times", 1)))
        return {"id": message["id"], "told": await self._webhooks.tell_due()}

    async def repeat(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Tell once more of what a telephone wrote before."""
        value = self._state.get("inbound", str(arguments["id"]))
        if value is None:
            raise ValueError("no telephone wrote this")
        return {"status": await self._webhooks.post(self._webhooks.body(value).encode())}

    async def settle(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what is due now, without waiting for the next look."""
        return {"told": await self._webhooks.tell_due()}

    def messages_at(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What came to a telephone, the latest first."""
        to = f"91{arguments['mobile']}"
        return {"messages": [one["message"] for one in self._arrived_messages() if one["to"] == to]}

    async def set_template(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Register a text, or change its `status` or `quality`; the change is told unless `told` is false."""
        key = f"{arguments['name']}/{arguments['language']}"
        known = {"parameters": 0, "buttons": [], "status": "APPROVED", **self._templates().get(key, {})}
        after = known | {
            name: arguments[name] for name in ("parameters", "buttons", "status", "quality") if name in arguments
        }
        self._state.put("template", key, after)
        about: dict[str, Any] = {"message_template_id": 806312974732579, "message_template_name": arguments["name"]}
        about["message_template_language"] = arguments["language"]
        if arguments.get("told", True) and "status" in arguments:
            news = {"event": after["status"], "reason": "NONE", "message_template_category": "UTILITY"}
            self._webhooks.queue({**about, **news}, field="message_template_status_update")
        if arguments.get("told", True) and "quality" in arguments:
            scores = {"previous_quality_score": known.get("quality", "UNKNOWN"), "new_quality_score": after["quality"]}
            self._webhooks.queue({**about, **scores}, field="message_template_quality_update")
        await self._webhooks.tell_due()
        return after

    def _number(self) -> dict[str, Any]:
        return {"quality_rating": "GREEN", "status": "CONNECTED", **(self._state.get("number", "ours") or {})}

    async def set_number(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Rate our number: `quality_rating`, `status`, or an `event`, which is told and after which it has a status."""
        changed = {name: arguments[name] for name in ("quality_rating", "status") if name in arguments}
        if "event" in arguments:
            changed["status"] = "FLAGGED" if arguments["event"] == "FLAGGED" else "CONNECTED"
            told = {"display_phone_number": SHOWN_NUMBER.strip("+").replace(" ", ""), "event": arguments["event"]}
            self._webhooks.queue({**told, "current_limit": "TIER_10K"}, field="phone_number_quality_update")
        self._state.put("number", "ours", self._number() | changed)
        await self._webhooks.tell_due()
        return self._number()

    async def tell_of_account(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what happened to our account, as the `value` that is given."""
        self._webhooks.queue(arguments["value"], field="account_update")
        return {"told": await self._webhooks.tell_due()}

    def set_member(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Whether a number is on WhatsApp; `on` true or false."""
        self._state.put("member", f"91{arguments['mobile']}", {"on": bool(arguments["on"])})
        return {"on": bool(arguments["on"])}

    def arrivals(self, person: Mapping[str, Any]) -> list[Arrival]:
        """What was sent to a person's telephone, a template in its words."""
        to = f"91{person['mobile']}"
        return [
            Arrival(
                datetime.fromisoformat(one["at"]),
                self._words_of(one["message"]),
                "arrived" if one["failed"] is None else "failed",
                self._choices_of(one["message"]) if one["failed"] is None else (),
            )
            for one in self._state.values_of("message").values()
            if one["to"] == to
        ]

    def _words_of(self, message: Mapping[str, Any]) -> str:
        part = message[message["type"]]
        if message["type"] == "interactive":
            return str(part["body"]["text"])
        if message["type"] != "template":
            return str(part.get("body") or part.get("caption") or part.get("filename") or message["type"])
        bodies = (one for one in part.get("components", ()) if one["type"] == "body")
        fields = iter([str(field["text"]) for body in bodies for field in body["parameters"]])
        words = self._templates().get(f"{part['name']}/{part['language']['code']}", {}).get("text", part["name"])
        return MARK.sub(lambda mark: next(fields, mark[0]), words)

    def _choices_of(self, message: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What can be pressed: ids and titles; of a template the quick replies."""
        part = message[message["type"]]
        if message["type"] == "template":
            replies = [one for one in part.get("components", ()) if one.get("sub_type") == "quick_reply"]
            labels = self._templates().get(f"{part['name']}/{part['language']['code']}", {}).get("replies", ())
            return [(one["parameters"][0]["payload"], label) for one, label in zip(replies, labels, strict=False)]
        if message["type"] != "interactive":
            return []
        action = part["action"]
        offered = [one["reply"] for one in action.get("buttons", ())]
        offered += [row for section in action.get("sections", ()) for row in section["rows"]]
        return [(one["id"], one["title"]) for one in offered]

    def _arrived_messages(self) -> list[dict[str, Any]]:
        rows = [one for one in self._state.values_of("message").values() if one["failed"] is None]
        return sorted(rows, key=lambda one: str(one["at"]), reverse=True)


def _answer_refusals(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler, whose refusals are answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handle(request)
        except _Refused as refused:
            return refused.answer(request)

    return answer


async def _json(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(await request.body())
    except ValueError:
        raise _Refused(100, "body") from None
    if not isinstance(found, dict):
        raise _Refused(100, "body")
    return found
