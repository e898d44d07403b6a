"""The DigiLocker sandbox as caller: signed Pull URI and Pull Doc requests to the gateway's issuer endpoint.

The answer is checked as DigiLocker would, and what passes is put into the citizen's locker.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta, timezone
from typing import Any

import httpx
from lxml import etree

from sandbox.digilocker.locker import PDF_TYPE, XML_TYPE, Lockers
from sandbox.digilocker.world import World

VARIANTS = frozenset({"good", "bad_hmac", "bad_keyhash", "stale_ts", "replay", "wrong_org", "xxe"})
_INDIA = timezone(timedelta(hours=5, minutes=30))
_NAMESPACE = "http://tempuri.org/"
_URI = re.compile(r"[A-Za-z0-9.]+-[A-Za-z]{1,5}-[A-Za-z0-9]+")
_ENTITY = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it goes out."""

    ts: str
    txn: str
    body: bytes
    hmac: str


class Puller:
    """Starts pulls by action. `transport` replaces the network in tests."""

    def __init__(self, world: World, lockers: Lockers, transport: httpx.AsyncBaseTransport | None) -> None:
        self._world = world
        self._lockers = lockers
        self._transport = transport

    async def pull_uri(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `pull_uri`: ask the gateway for a certificate of a citizen.

        Arguments: person, doctype, certificate_number; optional format (xml, pdf, both), search_tag,
        hmac_encoding (raw, hex), variant, full_name, locker_id, and `person_is` with the name_en and dob that the
        Person of the answer must have in the place of the owner's. KeyError or ValueError for bad ones.
        """
        owner = self._owner(arguments)
        sent = self._sign_request(self._pull_body(arguments, owner), arguments)
        answers = [await self._post("/digilocker/pulluri", sent)]
        if arguments.get("variant") == "replay":
            answers.append(await self._post("/digilocker/pulluri", sent))
        view = _view(answers[-1], sent, arguments.get("person_is", owner))
        view["same_answer"] = len({answer.content for answer in answers}) == 1
        if view["accepted"]:
            self._lockers.keep(owner["locker_id"], self._document(answers[-1], arguments, view["uri"]))
        return view

    async def pull_doc(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Action `pull_doc`: ask for the content of a URI again, as the older contract does."""
        owner = self._owner(arguments)
        sent = self._sign_request(self._doc_body(arguments, owner), arguments)
        answer = await self._post("/digilocker/pulldoc", sent)
        return _view(answer, sent, owner)

    def _owner(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        owner = self._world.person(str(arguments["person"]))
        if owner is None:
            raise ValueError("no such person")
        if arguments.get("variant", "good") not in VARIANTS:
            raise ValueError(f"variant must be one of {', '.join(sorted(VARIANTS))}")
        return owner

    def _pull_body(self, arguments: Mapping[str, Any], owner: Mapping[str, Any]) -> etree._Element:
        root, details = self._request("PullURIRequest", arguments)
        _texts(details, DocType=str(arguments["doctype"]))
        self._citizen(details, arguments, owner)
        _texts(details, **{str(arguments.get("search_tag", "UDF1")): str(arguments["certificate_number"])})
        return root

    def _doc_body(self, arguments: Mapping[str, Any], owner: Mapping[str, Any]) -> etree._Element:
        root, details = self._request("PullDocRequest", arguments)
        _texts(details, URI=str(arguments["uri"]))
        self._citizen(details, arguments, owner)
        return root

    def _request(self, name: str, arguments: Mapping[str, Any]) -> tuple[etree._Element, etree._Element]:
        variant, client = arguments.get("variant"), self._world.client
        now = self._world.skewed_time(name) - timedelta(hours=1 if variant == "stale_ts" else 0)
        ts, api_key = now.astimezone(_INDIA).isoformat(timespec="seconds"), client["api_key"]
        root = etree.Element(
            f"{{{_NAMESPACE}}}{name}",
            nsmap={None: _NAMESPACE},
            ver="3.0",
            ts=ts,
            txn=secrets.token_hex(8),
            orgId="another-organisation" if variant == "wrong_org" else client["org_id"],
            keyhash="0" * 64 if variant == "bad_keyhash" else hashlib.sha256((api_key + ts).encode()).hexdigest(),
        )
        if arguments.get("format"):
            root.set("format", str(arguments["format"]))
        return root, etree.SubElement(root, f"{{{_NAMESPACE}}}DocDetails")

    def _citizen(self, details: etree._Element, arguments: Mapping[str, Any], owner: Mapping[str, Any]) -> None:
        _texts(
            details,
            DigiLockerId=str(arguments.get("locker_id", owner["locker_id"])),
            FullName=str(arguments.get("full_name", owner["name_en"])),
            DOB=_dob(owner),
        )

    def _sign_request(self, root: etree._Element, arguments: Mapping[str, Any]) -> Sent:
        body = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
        if arguments.get("variant") == "xxe":
            declaration, _, rest = body.partition(b"?>")
            name = str(arguments.get("full_name") or root.findtext(".//{*}FullName")).encode()
            body = declaration + b"?>" + _ENTITY + rest.replace(name, b"&x;", 1)
        key = "another key" if arguments.get("variant") == "bad_hmac" else self._world.client["api_key"]
        digest = hmac.digest(key.encode(), body, "sha256")
        raw = digest.hex().encode() if arguments.get("hmac_encoding", "raw") == "hex" else digest
        return Sent(root.attrib["ts"], root.attrib["txn"], body, base64.b64encode(raw).decode())

    async def _post(self, path: str, sent: Sent) -> httpx.Response:
        headers = {"Content-Type": "application/xml", "x-digilocker-hmac": sent.hmac}
        url = self._world.home.gateway_url.rstrip("/") + path
        async with httpx.AsyncClient(transport=self._transport, timeout=10, trust_env=False) as client:
            return await client.post(url, content=sent.body, headers=headers)

    def _document(self, answer: httpx.Response, arguments: Mapping[str, Any], uri: str) -> dict[str, Any]:
        root = etree.fromstring(answer.content, _parser())
        contents = {
            media_type: root.findtext(f".//{{*}}{name}")
            for media_type, name in ((PDF_TYPE, "DocContent"), (XML_TYPE, "DataContent"))
        }
        certificate = etree.fromstring(base64.b64decode(contents[XML_TYPE] or ""), _parser())
        organisation = certificate.find(".//{*}Organization")
        issuer_id, doctype, doc_id = uri.split("-", 2)
        return {
            "uri": uri,
            "doctype": doctype.upper(),
            "name": _attribute(certificate, "name") or str(arguments["doctype"]),
            "issuer": _attribute(organisation, "name") or issuer_id,
            "issuer_id": issuer_id,
            "doc_id": doc_id,
            "issued_on": self._world.home.clock.now().date().isoformat(),
            "media_types": [media_type for media_type, content in contents.items() if content],
            "contents": {media_type: content for media_type, content in contents.items() if content},
        }


def _view(answer: httpx.Response, sent: Sent, owner: Mapping[str, Any]) -> dict[str, Any]:
    """What DigiLocker makes of an answer. Holds no personal data."""
    view: dict[str, Any] = {"http_status": answer.status_code, "status": None, "accepted": False, "uri": None}
    view["answer_sha256"] = hashlib.sha256(answer.content).hexdigest()
    try:
        root = etree.fromstring(answer.content, _parser())
    except (etree.XMLSyntaxError, ValueError):
        return view
    status, person = root.find("{*}ResponseStatus"), root.find(".//{*}Person")
    if status is None:
        return view
    pdf, xml = _decode_base64(root.findtext(".//{*}DocContent")), _decode_base64(root.findtext(".//{*}DataContent"))
    uri = root.findtext(".//{*}URI")
    checks = {
        "echoed": (status.get("ts"), status.get("txn")) == (sent.ts, sent.txn),
        "same_digit": status.get("Status") == (status.text or "").strip(),
        "contents": _contents_hold(pdf, xml),
        "uri": bool(uri and _URI.fullmatch(uri)),
        "person": person is not None and _is_person(person, owner),
    }
    accepted = answer.status_code == 200 and status.get("Status") == "1" and all(checks.values())
    contents = {name: content for name, content in ((PDF_TYPE, pdf), (XML_TYPE, xml)) if content}
    return {
        **view,
        "status": status.get("Status"),
        "checks": checks,
        "accepted": accepted,
        "uri": uri,
        "number": _number(xml),
        "media_types": list(contents),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    }


def _number(xml: bytes | None) -> str | None:
    """The number of the certificate inside, by which a tester tells one from another."""
    try:
        return etree.fromstring(xml, _parser()).get("number") if xml else None
    except etree.XMLSyntaxError:
        return None


def _contents_hold(pdf: bytes | None, xml: bytes | None) -> bool:
    if not xml or (pdf is not None and not pdf.startswith(b"%PDF-")):
        return False
    try:
        return etree.QName(etree.fromstring(xml, _parser())).localname == "Certificate"
    except etree.XMLSyntaxError:
        return False


def _is_person(person: etree._Element, owner: Mapping[str, Any]) -> bool:
    """The match options Name and DoB of the partner portal."""
    name = " ".join(person.get("name", "").split()).casefold()
    return name == " ".join(owner["name_en"].split()).casefold() and person.get("dob") == _dob(owner)


def _decode_base64(text: str | None) -> bytes | None:
    """Base64 decoded; None where absent, empty bytes where it is no Base64."""
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _texts(parent: etree._Element, **texts: str) -> None:
    for name, text in texts.items():
        etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}").text = text


def _attribute(element: etree._Element | None, name: str) -> str:
    return element.get(name, "") if element is not None else ""


def _dob(owner: Mapping[str, Any]) -> str:
    return date.fromisoformat(owner["dob"]).strftime("%d-%m-%Y")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
