"""The DigiLocker sandbox as receiver of Push URI (docs/contracts/digilocker.md section 4.3).

Inferred: an update or delete of a URI that is not in the account is an invalid parameter too.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.digilocker.locker import PDF_TYPE, XML_TYPE, Lockers
from sandbox.digilocker.world import World, error

PUSH = "/public/account/1/pushuri"
DIGESTED = (
    "clientid",
    "digilockerid",
    "uri",
    "doctype",
    "description",
    "docid",
    "issuedate",
    "validfrom",
    "validto",
    "action",
    "ts",
    "doccontent",
    "datacontent",
)
"""The order of the digest; the secret goes before them."""

_NEEDED = ("digilockerid", "uri", "doctype", "description", "docid", "issuedate")
_DAY = re.compile(r"[0-3][0-9][01][0-9][0-9]{4}")
_URI = re.compile(r"[A-Za-z0-9.]+-[A-Za-z]{1,5}-[A-Za-z0-9]+")


class PushDesk:
    """Takes what an issuer tells of its certificates into the lockers."""

    def __init__(self, world: World, lockers: Lockers) -> None:
        self._world = world
        self._lockers = lockers

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route(PUSH, self.push, methods=["POST"])]

    async def push(self, request: Request) -> Response:
        """Add, update or delete a URI in a locker."""
        sent = await request.form(max_files=0, max_fields=20, max_part_size=20_000_000)
        form = {name: value for name, value in sent.items() if isinstance(value, str)}
        if not hmac.compare_digest(form.get("clientid", "").encode(), self._world.client["client_id"].encode()):
            return error(401, "invalid_client_id", "The client id is invalid")
        wrong = self._wrong(form)
        if wrong:
            return error(400, "invalid_parameter", f"The {wrong} parameter is invalid")
        if self._world.client.get("not_an_issuer"):
            return error(403, "insufficient_scope", "The client is not a registered issuer")
        lockers = {str(person["locker_id"]) for person in self._world.people}
        if form["digilockerid"] not in lockers:
            return error(404, "invalid_digilocker_id", "The DigiLocker id does not exist")
        request.state.ledger_effect = f"pushed {form['action']}"
        return self._take(form)

    def _wrong(self, form: Mapping[str, str]) -> str | None:
        """The name of the first parameter that does not hold."""
        if not self._world.is_recent(PUSH, form.get("ts", "")):
            return "Timestamp"
        joined = self._world.client["client_secret"] + "".join(form.get(name, "") for name in DIGESTED)
        if not hmac.compare_digest(hashlib.sha256(joined.encode()).hexdigest(), form.get("hmac", "")):
            return "HMAC"
        missing = next((name for name in _NEEDED if not form.get(name)), None)
        if missing:
            return missing
        if form.get("action") not in ("A", "U", "D"):
            return "action"
        if not _URI.fullmatch(form["uri"]) or form["uri"].split("-")[1:] != [form["doctype"], form["docid"]]:
            return "uri"
        return next((name for name in ("issuedate", "validfrom", "validto") if not _is_day(form.get(name))), None)

    def _take(self, form: Mapping[str, str]) -> Response:
        locker_id, uri, action = form["digilockerid"], form["uri"], form["action"]
        kept = self._world.state.values_of("document")
        holders = [key.split("/", 1)[0] for key, document in kept.items() if document["uri"] == uri]
        if any(holder != locker_id for holder in holders):
            return error(400, "invalid_parameter", "URI already exists in another account")
        if action == "A" and holders:
            return error(400, "invalid_parameter", "URI already exists in this account")
        if action != "A" and not holders:
            return error(400, "invalid_parameter", "URI does not exist in the account")
        if action == "D":
            self._world.state.take("document", f"{locker_id}/{uri}")
        else:
            self._lockers.keep(locker_id, self._document(form))
        return JSONResponse({})

    def _document(self, form: Mapping[str, str]) -> dict[str, Any]:
        given = {PDF_TYPE: form.get("doccontent"), XML_TYPE: form.get("datacontent")}
        contents = {media_type: text for media_type, text in given.items() if text}
        issued = form["issuedate"]
        return {
            "uri": form["uri"],
            "doctype": form["doctype"].upper(),
            "name": form["description"],
            "issuer": form["uri"].split("-", 1)[0],
            "issuer_id": form["uri"].split("-", 1)[0],
            "doc_id": form["docid"],
            "issued_on": f"{issued[4:]}-{issued[2:4]}-{issued[:2]}",
            "media_types": list(contents) or [PDF_TYPE, XML_TYPE],
            "contents": contents,
        }


def _is_day(text: str | None) -> bool:
    return text is None or bool(_DAY.fullmatch(text))
