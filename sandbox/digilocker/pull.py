"""Pull Document at the DigiLocker sandbox: issuers, doctypes, parameters, and the pull into a locker.

Written from docs/contracts/digilocker.md sections 4.2 and 4.3. What issuers hold that is not yet in a locker are
the `department_documents` of the demo people.
"""

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.digilocker.errors import Errors
from sandbox.digilocker.locker import PDF_TYPE, XML_TYPE, Lockers
from sandbox.digilocker.world import World, invalid_token

ISSUERS, DOCTYPES = "/public/oauth2/1/pull/issuers", "/public/oauth2/1/pull/doctype"
PARAMETERS, PULL = "/public/oauth2/1/pull/parameters", "/public/oauth2/1/pull/pulldocument"
ISSUED_ON = "2022-04-01"


class PullDesk:
    """Brings what issuers hold into lockers."""

    def __init__(self, world: World, errors: Errors, lockers: Lockers) -> None:
        self._world = world
        self._errors = errors
        self._lockers = lockers

    def routes(self) -> list[Route]:
        """Routes below the root of the system."""
        return [
            Route(ISSUERS, self.issuers, methods=["POST"]),
            Route(DOCTYPES, self.doctypes, methods=["POST"]),
            Route(PARAMETERS, self.parameters, methods=["POST"]),
            Route(PULL, self.pull, methods=["POST"]),
        ]

    def hold(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `hold_pulls`: with `on` pulls wait for the issuer; with `on` false those that waited are delivered."""
        on = bool(arguments.get("on", True))
        self._world.state.put("setting", "pulls_wait", {"on": on})
        waiting = {} if on else self._world.state.values_of("waiting_pull")
        for key, each in waiting.items():
            self._lockers.keep(each["locker_id"], each["document"])
            self._world.state.take("waiting_pull", key)
        return {"on": on, "delivered": len(waiting)}

    async def issuers(self, request: Request) -> Response:
        """Who gives documents."""
        form = await _texts(request)
        refused = self._errors.due("pull_issuers") or self._stranger("pull_issuers", form, ())
        if refused is not None:
            return refused
        rows = [
            {
                "orgid": org_of(publisher),
                "issuerid": issuer_of(publisher),
                "name": publisher,
                "category": "State",
                "description": f"Documents of {publisher}",
            }
            for publisher in sorted({document["publisher"] for _, document in self._held_documents()})
        ]
        return JSONResponse({"issuers": rows})

    async def doctypes(self, request: Request) -> Response:
        """What an issuer gives."""
        form = await _texts(request)
        refused = self._errors.due("pull_doctypes") or self._stranger("pull_doctypes", form, ("orgid",))
        found = {document["doctype"]: document["name_en"] for _, document in self._held_by(form.get("orgid", ""))}
        if refused is None and not found:
            refused = self._errors.answer("pull_doctypes", "invalid_parameter")
        rows = [{"doctype": doctype, "description": name} for doctype, name in sorted(found.items())]
        return refused or JSONResponse({"documents": rows})

    async def parameters(self, request: Request) -> Response:
        """What an issuer wants to know."""
        form = await _texts(request)
        refused = self._errors.due("pull_parameters") or self._stranger("pull_parameters", form, ("orgid", "doctype"))
        held = [each for _, each in self._held_by(form.get("orgid", "")) if each["doctype"] == form.get("doctype")]
        if refused is None and not held:
            refused = self._errors.answer("pull_parameters", "invalid_parameter")
        names = list(held[0]["parameters"]) if held else []
        rows = [{"label": name, "paramname": name, "valuelist": "", "example": ""} for name in names]
        oas = (self._world.state.get("setting", "profile") or {}).get("name") == "oas"
        return refused or JSONResponse(rows if oas else {"parameters": rows})

    async def pull(self, request: Request) -> Response:
        """Put a document of the token's owner into her locker."""
        form = await _texts(request)
        refused = self._errors.due("pull")
        grant = self._world.grant_of(request)
        if refused is not None or grant is None:
            return refused or invalid_token()
        code, document = self._find_document(grant, form)
        if document is None:
            return self._errors.answer("pull", code)
        locker_id = grant["locker_id"]
        if (self._world.state.get("setting", "pulls_wait") or {}).get("on"):
            waiting = {"locker_id": locker_id, "document": document}
            self._world.state.put("waiting_pull", f"{locker_id}/{document['uri']}", waiting)
            request.state.ledger_effect = "pull waits"
            return self._errors.answer("pull", "pull_response_pending")
        self._lockers.keep(locker_id, document)
        request.state.ledger_effect = "document pulled"
        return JSONResponse({"uri": document["uri"]})

    def _find_document(self, grant: Mapping[str, Any], form: Mapping[str, str]) -> tuple[str, dict[str, Any] | None]:
        """The document that the form names, or the code that says why there is none."""
        if "files.issueddocs" not in grant["scope"].split():
            return "insufficient_scope", None
        held = self._held_by(form.get("orgid", ""))
        if not held:
            return "invalid_orgid", None
        right = [each for each in held if each[1]["doctype"] == form.get("doctype")]
        if not right or form.get("consent") != "Y":
            return "invalid_doctype", None
        owned = [each for locker_id, each in right if locker_id == grant["locker_id"]]
        match = next((each for each in owned if all(form.get(k) == v for k, v in each["parameters"].items())), None)
        if match is None:
            return "record_not_found", None
        document = _document(match)
        if self._world.state.get("document", f"{grant['locker_id']}/{document['uri']}"):
            return "uri_exists", None
        return "", document

    def _held_documents(self) -> list[tuple[str, Mapping[str, Any]]]:
        return [
            (str(person["locker_id"]), document)
            for person in self._world.people
            for document in person.get("department_documents", ())
        ]

    def _held_by(self, org_id: str) -> list[tuple[str, Mapping[str, Any]]]:
        return [each for each in self._held_documents() if org_of(each[1]["publisher"]) == org_id]

    def _stranger(self, call: str, form: Mapping[str, str], names: tuple[str, ...]) -> Response | None:
        """The refusal of a call that `ts` and `hmac` do not authenticate."""
        if form.get("clientid") != self._world.client["client_id"]:
            return self._errors.answer(call, "invalid_client_id")
        if not self._world.is_recent(ISSUERS, form.get("ts", "")):
            return self._errors.answer(call, "invalid_parameter")
        order = ("clientid", *names, "ts")
        digest = meta_digest(self._world.client["client_secret"], [form.get(name, "") for name in order])
        if not hmac.compare_digest(digest, form.get("hmac", "")):
            return self._errors.answer(call, "invalid_parameter")
        return None


def meta_digest(secret: str, values: list[str]) -> str:
    """A plain SHA-256 of the secret and the values, joined without separator, in hexadecimal.

    Source: docs/contracts/digilocker.md section 5.
    """
    return hashlib.sha256((secret + "".join(values)).encode()).hexdigest()


def org_of(publisher: str) -> str:
    """The organisation id of a publisher of the demo data."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{publisher}.digilocker.sandbox"))


def issuer_of(publisher: str) -> str:
    """Its issuer id."""
    return f"in.gov.{publisher}"


def _document(held: Mapping[str, Any]) -> dict[str, Any]:
    issuer_id = issuer_of(held["publisher"])
    doc_id = "".join(letter for letter in str(list(held["parameters"].values())[-1]) if letter.isalnum())
    return {
        "uri": f"{issuer_id}-{held['doctype']}-{doc_id}",
        "doctype": held["doctype"],
        "name": held["name_en"],
        "issuer": held["publisher"],
        "issuer_id": issuer_id,
        "doc_id": doc_id,
        "issued_on": ISSUED_ON,
        "media_types": [PDF_TYPE, XML_TYPE],
    }


async def _texts(request: Request) -> dict[str, str]:
    form = await request.form(max_files=0, max_fields=30)
    return {name: value for name, value in form.items() if isinstance(value, str)}
