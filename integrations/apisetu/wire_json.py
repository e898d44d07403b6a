"""A certificate in JSON. INFERRED, as no published file shows such an answer; the one place to change.

It is read as the XML is written (docs/contracts/apisetu.md section 7), attributes and elements as members, with or
without an outer `Certificate`. It carries no signature, so nothing in it is ever reported as verified.
"""

from collections.abc import Mapping
from typing import Any

from domain.kernel import Source
from integrations.calling.answers import read_json
from integrations.calling.errors import Garbled


def read(content: bytes) -> Mapping[str, Any]:
    """The members of the certificate; raises Garbled for what is none."""
    try:
        given = read_json(content)
    except ValueError as error:
        raise Garbled(Source.API_SETU, "certificate_json") from error
    inner = given.get("Certificate", given) if isinstance(given, Mapping) else None
    if not isinstance(inner, Mapping):
        raise Garbled(Source.API_SETU, "certificate_json")
    return inner


def text_at(certificate: Mapping[str, Any], *path: str) -> str | None:
    """A text inside the certificate; None where there is none."""
    found: Any = certificate
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) and found else None
