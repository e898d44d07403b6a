"""Whether the Aadhaar number that DigiLocker sends of a person, as a digest or in full, is the holder's.

The rule (docs/contracts/digilocker.md section 7.1). The newer contract sends the MD5 of the number, the older one the
number itself; either must be that of the number in the vault. What either side does not have is not compared, and
neither is a text of another form: DigiLocker sends it only where the partner portal asks for it. The number is opened
for the comparison alone, which the vault notes.
"""

import hashlib
import hmac
import re

from domain.people import Citizen
from store.errors import NotThere
from store.vault import Vault

_DIGEST, _NUMBER = re.compile(r"[0-9a-fA-F]{32}"), re.compile(r"[0-9]{12}")

PURPOSE, BY = "COMPARE_HOLDER", "DIGILOCKER"
"""What the vault notes of the read."""


async def same_number(vault: Vault, citizen: Citizen, given: str | None) -> bool:
    """Whether nothing speaks against it. Raises StoreError where the vault cannot be read."""
    told = (given or "").strip()
    comparable = bool(_DIGEST.fullmatch(told) or _NUMBER.fullmatch(told))
    if not comparable or citizen.aadhaar_reference is None:
        return True
    try:
        number = await vault.reveal(citizen.aadhaar_reference, purpose=PURPOSE, by=BY)
    except NotThere:  # which `apuni verify` tells
        return True
    known = number if _NUMBER.fullmatch(told) else hashlib.md5(number.encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(known, told.lower())
