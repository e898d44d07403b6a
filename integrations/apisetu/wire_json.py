"""A certificate in JSON. INFERRED, as no published file shows such an answer; the one place to change.

It is read as the XML is written (docs/contracts/apisetu.md section 7), attributes and elements as members, with or
without an outer `Certificate`. It carries no signature, so nothing in it is ever reported as verified.
"""

from collections.abc import Mapping
from typing import Any

from domain.kernel import without_hidden_characters
from integrations.calling.answers import read_object
from integrations.calling.errors import Unreadable


def read(content: bytes) -> Mapping[str, Any]:
    """The members of the certificate; raises Unreadable for what is none."""
    given = read_object(content, "certificate_json")
    inner = given.get("Certificate", given)
    if not isinstance(inner, Mapping):
        raise Unreadable("certificate_json")
    return inner


def text_at(certificate: Mapping[str, Any], *path: str) -> str | None:
    """A text inside the certificate, without characters that nobody sees; None where there is none."""
    found: Any = certificate
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return without_hidden_characters(found) or None if isinstance(found, str) else None
