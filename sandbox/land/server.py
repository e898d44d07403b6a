"""The sandbox of the land records, written from docs/contracts/other_systems.md section 11 alone.

SOAP 1.1 with a UsernameToken; the result is a text that holds XML of its own. Who asks about a khata opens a clearance
on it, which is answered after a day: Y, or N where the number of the khata ends in 9. Its TLS port takes only callers
with a certificate of the city's authority. Faults of its own: `foreign` (another khata), `partial` (no owners).
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.calling.safe_xml import UnsafeXml, parse
from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.connectors.tokens import is_same_secret, new_secret
from sandbox.connectors.usernames import WSSE, WSU, NotLetIn, check_username_token

NAMESPACE = "http://land.example/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ROUTE = "/ws/Khata.asmx"
ANSWERED_AFTER = timedelta(days=1)
VILLAGES = {"800123": "Raipur Khas", "800124": "Nathuwala", "800201": "Doiwala"}
_KHATA = re.compile(r"[0-9]{1,6}")
_DIGITS = str.maketrans("0123456789", "०१२३४५६७८९")
_PREFIXES = {"soap": SOAP, "wsse": WSSE, "wsu": WSU}


class Fault(Exception):
    """A SOAP fault; `code` is qualified by one of `_PREFIXES`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def create_sandbox(home: SandboxHome) -> Sandbox:
    """The department at its side of the wire."""

    def new_account() -> dict[str, Any]:
        return {"user": {"username": "apuni", "password": new_secret()}, "key": new_secret()}

    account = home.state.get_or_create("account", "apuni", new_account)
    home.hand_over({"base_url": home.public_url, "client": home.caller_certificate, **account})
    office = _LandOffice(home, account)
    routes = [Route(ROUTE, office.serve, methods=["POST"])]
    return sandbox_app(
        home, routes, actions={"answer": office.answer, "clearances": office.clearances}, wants_certificate=True
    )


class _LandOffice:
    """Khatas and clearances on them."""

    def __init__(self, home: SandboxHome, account: Mapping[str, Any]) -> None:
        self._home, self._state = home, home.state
        self._account = account

    async def serve(self, request: Request) -> Response:
        """One envelope."""
        try:
            return _envelope(self._result(request, await request.body()))
        except Fault as fault:
            request.state.ledger_effect = f"fault {fault.code}"
            return _fault(fault)
        except NotLetIn as refused:
            request.state.ledger_effect = f"fault {refused.code}"
            return _fault(Fault(refused.code, refused.reason))

    def answer(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the clearance on a `khata` of a `village` now: `Y` or `N`."""
        if arguments["clearance"] not in {"Y", "N"}:
            raise ValueError("clearance must be Y or N")
        name = f"{arguments['village']}/{arguments['khata']}"
        kept = self._state.get("clearance", name)
        if kept is None:
            raise ValueError("nobody asked about this khata")
        self._state.put("clearance", name, {**kept, "answer": arguments["clearance"]})
        return {"clearance": arguments["clearance"]}

    def clearances(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The clearances that were asked, by village and khata."""
        return {"clearances": self._state.values_of("clearance")}

    def _result(self, request: Request, body: bytes) -> etree._Element:
        if not request.headers.get("content-type", "").startswith("text/xml"):
            raise Fault("soap:Client", "SOAP 1.1 is text/xml")
        try:
            envelope = parse(body)
        except UnsafeXml:
            raise Fault("soap:Client", "the envelope is no XML") from None
        if envelope.tag != f"{{{SOAP}}}Envelope":
            raise Fault("soap:VersionMismatch", "an envelope of SOAP 1.1 is needed")
        user = self._account["user"]
        header = envelope.find(f"{{{SOAP}}}Header")
        check_username_token(self._home, header, username=user["username"], password=user["password"])
        asked = envelope.find(f"{{{SOAP}}}Body/{{{NAMESPACE}}}GetKhata")
        if asked is None:
            raise Fault("soap:Client", "the operation is unknown")
        if request.headers.get("soapaction", "").strip('"') != f"{NAMESPACE}GetKhata":
            raise Fault("soap:Client", "SOAPAction is another operation's")
        if not is_same_secret(asked.findtext(f"{{{NAMESPACE}}}Key"), self._account["key"]):
            request.state.ledger_effect = "key refused"
            return self._data("99", "Invalid Key")
        return self._khata(request, asked)

    def _khata(self, request: Request, asked: etree._Element) -> etree._Element:
        village = (asked.findtext(f"{{{NAMESPACE}}}VCode") or "").strip()
        number = (asked.findtext(f"{{{NAMESPACE}}}KhataNo") or "").strip()
        if village not in VILLAGES or not _KHATA.fullmatch(number):
            return self._data("01", "No record")
        name = f"{village}/{number}"
        request.state.ledger_key = secrets.token_hex(4)
        if self._state.add("clearance", name, {"at": self._home.clock.now().isoformat(), "answer": None}):
            request.state.ledger_effect = "clearance opened"
        kept = self._state.get("clearance", name) or {}
        if self._home.faults.match("foreign", ROUTE):
            number = str((int(number) + 1) % 1_000_000)
        data = self._data("00", "OK")
        khata = etree.SubElement(data, "Khata")
        etree.SubElement(khata, "KhataNo").text = number.translate(_DIGITS)
        if not self._home.faults.match("partial", ROUTE):
            for person in self._home.demo["people"][:2]:
                etree.SubElement(etree.SubElement(khata, "Owner"), "Name").text = person["name_hi"]
            etree.SubElement(khata, "MutDate").text = "०५/११/२०२५"
        etree.SubElement(khata, "Clr").text = self._answer_of(number, kept)
        return data

    def _answer_of(self, number: str, kept: Mapping[str, Any]) -> str:
        if kept.get("answer"):
            return str(kept["answer"])
        if self._home.clock.now() - datetime.fromisoformat(kept["at"]) < ANSWERED_AFTER:
            return "P"
        return "N" if number.endswith("9") else "Y"

    def _data(self, code: str, message: str) -> etree._Element:
        data = etree.Element("Data")
        etree.SubElement(data, "Code").text = code
        etree.SubElement(data, "Message").text = message
        return data


def _envelope(data: etree._Element) -> Response:
    """The result as ASP.NET services give a data set: XML within a text."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    answer = etree.SubElement(
        etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{NAMESPACE}}}GetKhataResponse", nsmap={None: NAMESPACE}
    )
    text = etree.tostring(data, encoding="unicode")
    etree.SubElement(answer, f"{{{NAMESPACE}}}GetKhataResult").text = text
    return _xml(envelope, 200)


def _fault(fault: Fault) -> Response:
    """A fault of SOAP 1.1; it comes with status 500."""
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap=_PREFIXES)
    told = etree.SubElement(etree.SubElement(envelope, f"{{{SOAP}}}Body"), f"{{{SOAP}}}Fault")
    etree.SubElement(told, "faultcode").text = fault.code
    etree.SubElement(told, "faultstring").text = fault.reason
    return _xml(envelope, 500)


def _xml(envelope: etree._Element, status: int) -> Response:
    content = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return Response(content, status, media_type="text/xml; charset=utf-8")
