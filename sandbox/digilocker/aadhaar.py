"""The e-Aadhaar of the DigiLocker sandbox: signed KycRes documents with invented numbers.

Written from docs/contracts/digilocker.md section 6. Numbers begin with 9999 and are valid by Verhoeff, as all
made-up ones; they are masked unless the action `unmask_eaadhaar` says otherwise.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from stdnum import verhoeff

from sandbox.city.papers import sign_enveloped
from sandbox.digilocker.errors import Errors
from sandbox.digilocker.locker import Lockers
from sandbox.digilocker.world import World, invalid_token

EAADHAAR = {version: f"/public/oauth2/{version}/xml/eaadhaar" for version in (2, 3)}
"""The path by version."""


class EAadhaars:
    """Hands out e-Aadhaar documents. `/3/` wraps them in a Certificate, `/2/` does not."""

    def __init__(self, world: World, errors: Errors, lockers: Lockers) -> None:
        self._world = world
        self._errors = errors
        self._lockers = lockers

    def routes(self) -> list[Route]:
        """Must stand before the route of certificates by URI."""
        return [Route(path, self.eaadhaar, methods=["GET"]) for path in EAADHAAR.values()]

    def unmask(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `unmask_eaadhaar`: with `on` the documents carry the whole number, which real ones do not."""
        self._world.state.put("setting", "unmasked", {"on": bool(arguments.get("on", True))})
        return {"on": bool(arguments.get("on", True))}

    async def eaadhaar(self, request: Request) -> Response:
        """The document of the token's owner."""
        refused = self._errors.due("eaadhaar")
        grant = self._world.grant_of(request)
        if refused is not None or grant is None:
            return refused or invalid_token()
        if "files.issueddocs" not in grant["scope"].split():
            return self._errors.answer("eaadhaar", "insufficient_scope")
        owner = self._world.owner(grant["locker_id"])
        if not owner.get("aadhaar_linked", True):
            return self._errors.answer("eaadhaar", "aadhaar_not_linked")
        unmasked = (self._world.state.get("setting", "unmasked") or {}).get("on", False)
        root = self._document(owner, whole=bool(unmasked))
        path = request.scope["route"].path
        if path == EAADHAAR[3]:
            outer = etree.Element("Certificate", name="Aadhaar", type="ADHAR", status="A")
            etree.SubElement(outer, "CertificateData").append(root)
            root = outer
        request.state.ledger_effect = "e-Aadhaar handed out"
        return self._lockers.signed_response(sign_enveloped(root, self._lockers.signer), "application/xml", path)

    def _document(self, owner: Mapping[str, Any], *, whole: bool) -> etree._Element:
        now = self._world.home.clock.now()
        number = aadhaar_of(owner)
        root = etree.Element("KycRes", code=hashlib.sha256(number.encode()).hexdigest()[:32], ret="Y")
        root.set("ts", now.isoformat(timespec="seconds"))
        root.set("ttl", "")
        root.set("txn", f"UKC:{owner['locker_id']}")
        data = etree.SubElement(root, "UidData", uid=number if whole else f"xxxxxxxx{number[-4:]}", tkn="0" * 16)
        born = date.fromisoformat(owner["dob"]).strftime("%d-%m-%Y")
        etree.SubElement(data, "Poi", name=owner["name_en"], dob=born, gender=owner["gender"])
        place = {"co": "", "loc": "", "lm": "", "vtc": "", "dist": str(owner.get("district") or "")}
        place |= {"state": "Uttarakhand", "pc": "", "country": "India"}
        etree.SubElement(data, "Poa").attrib.update(place)
        etree.SubElement(data, "LData", lang="06", name=str(owner.get("name_hi") or ""))
        etree.SubElement(data, "Pht").text = base64.b64encode(b"\xff\xd8\xff\xe0 sandbox photograph").decode()
        etree.SubElement(data, "Prn", type="pdf")
        return root


def aadhaar_of(owner: Mapping[str, Any]) -> str:
    """A made-up number: 9999, seven digits of a hash, and the check digit; the city's registers agree on the rule."""
    digest = int(hashlib.sha256(f"aadhaar/{owner['key']}".encode()).hexdigest(), 16)
    body = f"9999{digest % 10**7:07d}"
    return body + str(verhoeff.calc_check_digit(body))
