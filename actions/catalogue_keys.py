"""Keys of catalogue entries that a source does not give: the same for the same row in every installation."""

import hashlib
import re
import uuid

from actions.catalogue_cells import Row, needed, text

_NAMESPACE = uuid.UUID("6f0b8a6e-2f0c-5d0e-9a54-6170756e6973")


def service_code(row: Row) -> str:
    """The portal's code, or a local one made from the English name."""
    return text(row, "service_code") or f"UKX-{letters(needed(row, 'name_en'))}"


def letters(content: str) -> str:
    """Six capital letters of a hash of a text."""
    value = int(hashlib.sha256(content.encode()).hexdigest(), 16)
    return "".join(chr(ord("A") + value // 26**place % 26) for place in range(6))


def document_key(name: str) -> str:
    """A stable key for a required document: the words of its name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def row_id(kind: str, key: str) -> str:
    """The same identifier for the same row in every installation (UUIDv5)."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}:{key}"))
