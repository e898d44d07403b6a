"""The lockers of the DigiLocker sandbox: a citizen's issued documents, their files and certificates."""

import base64
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.papers import Paper, new_signer, signed_certificate, small_pdf
from sandbox.digilocker.errors import Errors
from sandbox.digilocker.world import World, body_hmac, error, invalid_token

ISSUED = "/public/oauth2/2/files/issued"
FILE, XML = "/public/oauth2/1/file/{uri:path}", "/public/oauth2/1/xml/{uri:path}"
PDF_TYPE, XML_TYPE = "application/pdf", "application/xml"

TROUBLES = frozenset(
    {
        "repository_service_unresponsive",
        "repository_service_exception",
        "repository_service_resperror",
        "repository_service_configerror",
        "repository_service_inactive",
        "repository_service_unpublished",
    }
)
"""docs/contracts/digilocker.md section 4.1: what can be wrong with an issuer; all are 530 in specification 2.4."""


class Lockers:
    """The document side of the host."""

    def __init__(self, world: World, errors: Errors | None = None) -> None:
        self._world = world
        self._errors = errors or Errors(world)
        self.own_content: Callable[[str, str], tuple[bytes, str] | None] | None = None
        self.signer = world.state.get_or_create(
            "key", "papers", lambda: new_signer("DigiLocker sandbox issuers", world.home.clock.now())
        )

    def routes(self) -> list[Route]:
        """Routes below the root of the system."""
        return [
            Route(ISSUED, self.list_issued, methods=["GET"]),
            Route(FILE, self.file, methods=["GET"]),
            Route(XML, self.xml, methods=["GET"]),
        ]

    def keep(self, locker_id: str, document: Mapping[str, Any]) -> None:
        """Put a document into a locker; the same URI replaces what was there."""
        self._world.state.put("document", f"{locker_id}/{document['uri']}", document)

    def replace_file(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `replace_file`: `{person, uri, pdf?}`, the PDF in base64 that a document is from now on.

        Without one the person's document is gone, as one that its issuer took back.
        """
        owner = self._world.person(str(arguments["person"]))
        if owner is None:
            raise ValueError("no such person")
        key = f"{owner['locker_id']}/{arguments['uri']}"
        self._world.state.put("file", key, {"pdf": str(arguments.get("pdf") or "")})
        return {"uri": arguments["uri"]}

    def trouble(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `issuer_trouble`: make one issuer fail with a code; with null it works again.

        Codes: docs/contracts/digilocker.md section 4.1.
        """
        issuer_id, code = str(arguments["issuer_id"]), arguments.get("error")
        if code is None:
            self._world.state.take("trouble", issuer_id)
        elif code in TROUBLES:
            self._world.state.put("trouble", issuer_id, {"error": code})
        else:
            raise ValueError("error must be a repository_service_* code")
        return {"issuer_id": issuer_id, "error": code}

    async def list_issued(self, request: Request) -> Response:
        """What is in the locker, as far as the consent reaches."""
        refused = self._errors.due("issued")
        grant = self._world.grant_of(request)
        if refused is not None or grant is None:
            return refused or invalid_token()
        if "files.issueddocs" not in grant["scope"].split():
            return error(403, "insufficient_scope", "The request requires higher privileges")
        faults, locker_id = self._world.home.faults, grant["locker_id"]
        if faults.match("foreign", ISSUED):
            locker_id = self._world.stranger(locker_id)["locker_id"]
        items = [self._item(document) for document in self._documents(locker_id, grant["doctypes"])]
        partial = faults.match("partial", ISSUED)
        if partial is not None:
            items = items[: len(items) // 2]
        if faults.match("duplicate", ISSUED):
            items = items * 2
        marked = {"next": "2"} if partial is not None and partial.params.get("mark") else {}
        return JSONResponse({"items": items, "resource": "D:", **marked})

    async def file(self, request: Request) -> Response:
        """The document as PDF."""
        return self._content(request, PDF_TYPE, FILE)

    async def xml(self, request: Request) -> Response:
        """The certificate as XML, where there is one."""
        return self._content(request, XML_TYPE, XML)

    def _content(self, request: Request, media_type: str, route: str) -> Response:
        refused = self._errors.due("xml" if route == XML else "file")
        grant = self._world.grant_of(request)
        if refused is not None or grant is None:
            return refused or invalid_token()
        uri = request.path_params["uri"]
        own = self._own_file(grant, uri) if route == FILE else None
        if own is not None:
            return self.signed_response(*own, route)
        if "files.issueddocs" not in grant["scope"].split():
            return error(403, "insufficient_scope", "The request requires higher privileges")
        if not uri:
            return error(400, "uri_missing", "URI is missing")
        documents = self._documents(grant["locker_id"], grant["doctypes"])
        document = next((each for each in documents if each["uri"].casefold() == uri.casefold()), None)
        replaced = self._world.state.get("file", f"{grant['locker_id']}/{uri}")
        if document is None or media_type not in document["media_types"] or (replaced and not replaced["pdf"]):
            return error(404, "invalid_uri", "No file found for given URI")
        trouble = self._world.state.get("trouble", document["issuer_id"])
        if trouble is not None:
            return self._errors.answer("file", trouble["error"])
        request.state.ledger_effect = f"{media_type} handed out"
        if replaced is not None and media_type == PDF_TYPE:
            return self.signed_response(base64.b64decode(replaced["pdf"]), media_type, route)
        return self.signed_response(self._bytes(grant["locker_id"], document, media_type), media_type, route)

    def _own_file(self, grant: Mapping[str, Any], uri: str) -> tuple[bytes, str] | None:
        """One of the citizen's own files, where the consent reaches them."""
        if self.own_content is None or "files.uploadeddocs" not in grant["scope"].split():
            return None
        return self.own_content(grant["locker_id"], uri)

    def signed_response(self, body: bytes, media_type: str, route: str) -> Response:
        """The bytes with their `hmac` header. Faults: signature (wrong, or moved), partial (cut short)."""
        faults, secret = self._world.home.faults, self._world.client["client_secret"]
        spoilt = faults.match("signature", route)
        if spoilt is None:
            digest = body_hmac(secret, body)
        elif spoilt.params.get("how") == "moved":
            digest = body_hmac(secret, b"something else")
        else:
            digest = body_hmac(f"another {secret}", body)
        sent = body[: len(body) // 2] if faults.match("partial", route) else body
        return Response(sent, media_type=media_type, headers={"hmac": digest})

    def _documents(self, locker_id: str, doctypes: list[str] | None) -> list[dict[str, Any]]:
        given = [_with_uri(each) for each in self._world.owner(locker_id).get("locker_documents", ())]
        kept = self._world.state.values_of("document")
        pulled = [value for key, value in kept.items() if key.startswith(f"{locker_id}/")]
        return [each for each in (*given, *pulled) if doctypes is None or each["doctype"] in doctypes]

    def _bytes(self, locker_id: str, document: Mapping[str, Any], media_type: str) -> bytes:
        kept = document.get("contents", {}).get(media_type)
        if kept is not None:
            return base64.b64decode(kept)
        owner = self._world.owner(locker_id)
        if media_type == XML_TYPE:
            return signed_certificate(_paper(document, owner), self.signer)
        lines = (
            document["name"],
            document["issuer"],
            f"Number: {document['doc_id']}",
            f"Name: {owner['name_en']}",
            f"Date of birth: {_day(owner['dob'])}",
            f"Issued on: {_day(document['issued_on'])}",
            "Sandbox document, not valid",
        )
        return small_pdf(lines)

    def _item(self, document: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "name": document["name"],
            "type": "file",
            "size": "",
            "date": f"{document['issued_on']}T09:12:38Z",
            "parent": "",
            "mime": self._errors.mime(list(document["media_types"])),
            "uri": document["uri"],
            "doctype": document["doctype"],
            "description": document["name"],
            "issuerid": document["issuer_id"],
            "issuer": document["issuer"],
        }


def _with_uri(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "uri": f"{document['issuer_id']}-{document['doctype']}-{document['doc_id']}"}


def _paper(document: Mapping[str, Any], owner: Mapping[str, Any]) -> Paper:
    return Paper(
        name=document["name"],
        doctype=document["doctype"],
        number=document["doc_id"],
        issuer=document["issuer"],
        issued_on=_day(document["issued_on"]),
        holder=owner["name_en"],
        dob=_day(owner["dob"]),
        gender=owner["gender"],
    )


def _day(text: str) -> str:
    return date.fromisoformat(text).strftime("%d-%m-%Y")
