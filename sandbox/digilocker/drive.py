"""The citizen's own folders and uploads at the DigiLocker sandbox (docs/contracts/digilocker.md section 4)."""

import base64
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.papers import small_pdf
from sandbox.digilocker.errors import Errors
from sandbox.digilocker.world import World, body_hmac, invalid_token

ROOT, FOLDER, UPLOAD = "/public/oauth2/1/files/", "/public/oauth2/1/files/{folder_id}", "/public/oauth2/1/file/upload"
SCOPE = "files.uploadeddocs"
LARGEST = 10_000_000
_FORBIDDEN = "\\:*?<>|'^~"
_KINDS = {
    "jpg": ("image/jpeg", "image/jpg"),
    "jpeg": ("image/jpeg", "image/jpg"),
    "png": ("image/png",),
    "pdf": ("application/pdf",),
}
_BEGINNINGS = {"pdf": b"%PDF", "png": b"\x89PNG", "jpg": b"\xff\xd8", "jpeg": b"\xff\xd8"}


class OwnFiles:
    """The files in a locker that the citizen, or somebody for the citizen, uploaded."""

    def __init__(self, world: World, errors: Errors) -> None:
        self._world = world
        self._errors = errors

    def routes(self) -> list[Route]:
        """Routes below the root of the system; they must stand before the one of files by URI."""
        return [
            Route(ROOT, self.folder, methods=["GET"]),
            Route(FOLDER, self.folder, methods=["GET"]),
            Route(UPLOAD, self.upload, methods=["POST"]),
        ]

    async def folder(self, request: Request) -> Response:
        """The files and folders in one folder; the root where no id is given."""
        refused = self._errors.due("folder")
        grant = self._world.grant_of(request)
        if refused is not None or grant is None:
            return refused or invalid_token()
        if SCOPE not in grant["scope"].split():
            return self._errors.answer("folder", "insufficient_scope")
        locker_id, folder_id = grant["locker_id"], request.path_params.get("folder_id", "")
        faults = self._world.home.faults
        if faults.match("foreign", FOLDER):
            locker_id = self._world.stranger(locker_id)["locker_id"]
        self._begin(locker_id)
        folders = self._items_in_locker("folder", locker_id)
        if folder_id and folder_id not in {each["id"] for each in folders}:
            return self._errors.answer("folder", "invalid_id")
        items = [_dir(each) for each in folders if each["parent"] == folder_id]
        items += [self._file(each) for each in self._items_in_locker("own", locker_id) if each["parent"] == folder_id]
        if faults.match("duplicate", FOLDER):
            items = items * 2
        partial = faults.match("partial", FOLDER)
        if partial is not None:
            items = items[: len(items) // 2]
        marked = {"next": "2"} if partial is not None and partial.params.get("mark") else {}
        directory = next((each["name"] for each in folders if each["id"] == folder_id), "/")
        return JSONResponse({"directory": directory, "items": items, **marked})

    async def upload(self, request: Request) -> Response:
        """Put a file into the locker of the token."""
        refused = self._errors.due("upload")
        grant = self._world.grant_of(request)
        if refused is not None or grant is None:
            return refused or invalid_token()
        if SCOPE not in grant["scope"].split():
            return self._errors.answer("upload", "insufficient_scope")
        body = await request.body()
        wrong = self._wrong(request.headers, body)
        if wrong:
            return self._errors.answer("upload", wrong)
        path = request.headers["path"].strip("/")
        self._keep(grant["locker_id"], path, request.headers["content-type"], body)
        request.state.ledger_effect = "file uploaded"
        oas = (self._world.state.get("setting", "profile") or {}).get("name") == "oas"
        return JSONResponse({"Path" if oas else "path": f"/{path}", "size": len(body)})

    def content(self, locker_id: str, uri: str) -> tuple[bytes, str] | None:
        """The bytes and media type of one of her own files; None where there is no such file."""
        self._begin(locker_id)
        found = next((each for each in self._items_in_locker("own", locker_id) if each["uri"] == uri), None)
        return (base64.b64decode(found["content"]), found["mime"]) if found else None

    def _wrong(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """The code of the first thing that is wrong with an upload."""
        path, kind = headers.get("path", ""), headers.get("content-type", "")
        name = path.rpartition("/")[2]
        ending = name.rpartition(".")[2].lower()
        secret = self._world.client["client_secret"]
        checks = (
            (bool(path), "path_missing"),
            (bool(kind), "contenttype_missing"),
            (bool(headers.get("hmac")), "hmac_missing"),
            (bool(name), "filename_missing"),
            (bool(body), "file_data_missing"),
            (hmac.compare_digest(body_hmac(secret, body), headers.get("hmac", "")), "hmac_mismatch"),
            (not any(letter in path for letter in _FORBIDDEN), "invalid_filename"),
            (not any(part in {"", ".", ".."} for part in path.strip("/").split("/")), "invalid_path"),
            (len(body) <= LARGEST, "invalid_filesize"),
            (ending in _KINDS, "invalid_filetype"),
            (kind in _KINDS.get(ending, ()), "mimetype_mismatch"),
            (body.startswith(_BEGINNINGS.get(ending, b"")), "mimetype_mismatch"),
        )
        return next((code for holds, code in checks if not holds), None)

    def _keep(self, locker_id: str, path: str, kind: str, body: bytes) -> None:
        *folders, name = path.split("/")
        parent = ""
        for folder in folders:
            parent = self._folder(locker_id, parent, folder)
        uri = f"in.gov.digilocker-OTHER-{secrets.token_hex(16)}"
        kept = {
            "uri": uri,
            "name": name,
            "parent": parent,
            "mime": kind,
            "size": len(body),
            "date": self._world.home.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "content": base64.b64encode(body).decode(),
        }
        self._world.state.put("own", f"{locker_id}/{path}", kept)

    def _folder(self, locker_id: str, parent: str, name: str) -> str:
        made = {"id": secrets.token_hex(8), "name": name, "parent": parent}
        kept = self._world.state.get_or_create("folder", f"{locker_id}/{parent}/{name}", lambda: made)
        return str(kept["id"])

    def _begin(self, locker_id: str) -> None:
        """A locker has one folder with one scanned paper from the start."""
        if not self._world.state.add("drive", locker_id, {"begun": True}):
            return
        owner = self._world.owner(locker_id)
        paper = small_pdf(("Scanned paper", f"Name: {owner['name_en']}", "Sandbox document, not valid"))
        self._keep(locker_id, "Papers/scan.pdf", "application/pdf", paper)

    def _items_in_locker(self, kind: str, locker_id: str) -> list[dict[str, Any]]:
        return [value for key, value in self._world.state.values_of(kind).items() if key.startswith(f"{locker_id}/")]

    def _file(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "name": kept["name"],
            "type": "file",
            "id": kept["uri"].rpartition("-")[2],
            "size": str(kept["size"]),
            "date": kept["date"],
            "parent": kept["parent"],
            "mime": self._errors.mime([kept["mime"]]),
            "uri": kept["uri"],
            "description": "",
            "issuer": "",
        }


def _dir(folder: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": folder["name"],
        "type": "dir",
        "id": folder["id"],
        "size": "",
        "date": "",
        "parent": folder["parent"],
        "mime": "",
        "uri": "",
        "description": "",
        "issuer": "",
    }
