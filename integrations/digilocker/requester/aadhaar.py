"""Reads a citizen's e-Aadhaar: the number goes only to the vault, the rest is returned masked."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from integrations.calling import safe_xml
from integrations.calling.errors import Garbled
from integrations.calling.policies import XML_TYPES, CallPolicy
from integrations.digilocker.requester import wire, wire_aadhaar
from integrations.digilocker.requester.models import EAadhaar, LockerGrant
from integrations.digilocker.requester.session import FILES, GATEWAY_TROUBLE, LockerSession
from integrations.xml_signatures import examine

FETCH_EAADHAAR = CallPolicy(
    "digilocker.eaadhaar",
    wire.SOURCE,
    retry_statuses=GATEWAY_TROUBLE,
    breaker="issuer:uidai",
    lane=FILES,
    accepts=XML_TYPES,
)
"""Never cached."""
POLICIES = (FETCH_EAADHAAR,)

KeepNumber: TypeAlias = Callable[[str], Awaitable[str]]
"""Puts a number into the vault and gives the reference; raises ValueError for one that is not valid."""


class EAadhaarReader:
    """Reads KycRes documents (docs/contracts/digilocker.md section 6)."""

    def __init__(self, line: LockerSession) -> None:
        self._line = line

    async def read(self, grant: LockerGrant, keep: KeepNumber) -> EAadhaar:
        """The citizen's e-Aadhaar, masked. A whole number is given to `keep` before anything else is done with it.

        Raises Refused("aadhaar_not_linked"), Refused("aadhaar_not_available"), and IntegrityFailure where the
        HMAC does not cover the document.
        """
        version = self._line.settings.eaadhaar_version
        path = f"/{version}/xml/eaadhaar"
        fetched = await self._line.document(FETCH_EAADHAAR, path, grant, "eaadhaar", "issuer:uidai")
        try:
            found = examine(fetched.content, self._line.settings.signers, fetched.fetched_at)
            root = safe_xml.parse(fetched.content)
        except safe_xml.UnsafeXml:
            raise Garbled(wire.SOURCE, "eaadhaar") from None  # the cause could quote the document
        number = wire_aadhaar.whole_number(root)
        reference = None
        if number is not None:
            try:
                reference = await keep(number)
            except ValueError:
                raise Garbled(wire.SOURCE, "eaadhaar_number") from None
        return wire_aadhaar.read(root, reference, found.state, fetched.fetched_at)
