"""SOAP 1.1 and 1.2 envelopes by lxml: no WSDL is fetched (docs/connectors.md section 4)."""

from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from integrations.calling import safe_xml
from integrations.calling.errors import Unreadable
from integrations.connectors.bodies import Opened, read_xml
from integrations.connectors.file import Body, Wire
from integrations.connectors.requests import add_elements

ENVELOPES = {
    Body.SOAP_1_1: "http://schemas.xmlsoap.org/soap/envelope/",
    Body.SOAP_1_2: "http://www.w3.org/2003/05/soap-envelope",
}
SENDER = frozenset({"Client", "Sender", "VersionMismatch", "MustUnderstand"})
"""The codes of a fault that is ours (SOAP 1.1 and 1.2, "Fault Codes")."""

Secure = Callable[[safe_xml.Element, safe_xml.Element, safe_xml.Element], None]
"""Writes proofs into an envelope: the envelope, its header, its body."""


def write_envelope(wire: Wire, operation: str, body: Mapping[str, Any] | None, secure: Secure | None) -> bytes:
    """The envelope of one operation, whose members are in the service's namespace. Raises Unfit."""
    space = ENVELOPES[wire.request]
    envelope = etree.Element(f"{{{space}}}Envelope", nsmap={"soap": space})
    header = etree.SubElement(envelope, f"{{{space}}}Header")
    within = etree.SubElement(envelope, f"{{{space}}}Body")
    called = etree.SubElement(within, f"{{{wire.namespace}}}{operation}", nsmap={None: wire.namespace})
    add_elements(called, body or {}, wire.namespace)
    if secure is not None:
        secure(envelope, header, within)
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def open_envelope(content: bytes, wire: Wire, *, limit: int) -> Opened:
    """What the body holds, or the codes of its fault by their local names. Raises Unreadable."""
    root = read_xml(content, limit=limit)
    space = ENVELOPES[wire.request]
    bodies = root.findall(f"{{{space}}}Body")
    if root.tag != f"{{{space}}}Envelope" or len(bodies) != 1:
        raise Unreadable("not_an_envelope")
    parts = list(safe_xml.children(bodies[0]))
    if len(parts) != 1:
        raise Unreadable("not_one_answer")
    if parts[0].tag != f"{{{space}}}Fault":
        return Opened(parts[0])
    codes = [safe_xml.child_text(parts[0], "faultcode")]
    codes += [safe_xml.text_of(value) for value in parts[0].iter(f"{{{space}}}Value")]
    return Opened(parts[0], frozenset(code.rpartition(":")[2] for code in codes if code))
