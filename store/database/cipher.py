"""Encrypts single fields bound to their position, and computes blind indexes to search them."""

import hashlib
import hmac
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column

from store.database.errors import CannotDecrypt, KeyMissing
from store.database.keyring import HeldSecret, Keyrings, RingKey, octets_of
from store.database.types import canonical_json

_FORMAT = 1
_NONCE = 12


def cell_name(column: Column[Any], key: str) -> str:
    """The place to which an encrypted field is bound: table, column and the key of the row."""
    return f"{column.table.name}:{column.name}:{key}"


class FieldCipher:
    """AES-256-GCM with the place as associated data, and HMAC-SHA-256 blind indexes.

    A cipher text is: format (1 byte), length of the key id (1 byte), key id, nonce (12 bytes), sealed text.
    The context names the place, `table:column:row-id`; a cipher text that is moved elsewhere does not open.
    """

    def __init__(self, keyrings: Keyrings, *, purpose: str = "field", index_purpose: str = "blind_index") -> None:
        self.keyrings = keyrings
        """For what is not a field: the chain of the audit log."""
        self._purpose = purpose
        self._index_purpose = index_purpose
        self._ciphers: dict[str, AESGCM | HeldSecret] = {}

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """Seal the text for one place with the active key."""
        key = self.keyrings.keys(self._purpose)[0]
        self.keyrings.encryptions[self._purpose, str(key.kid)] += 1
        nonce, head = os.urandom(_NONCE), _head(key)
        return head + nonce + self._cipher(key).encrypt(nonce, plain, head + context.encode())

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        """Open a text that was sealed for this place; raises CannotDecrypt."""
        if len(sealed) < 2 or sealed[0] != _FORMAT:
            raise CannotDecrypt("the format is not known")
        head_end = 2 + sealed[1]
        head, nonce, body = sealed[:head_end], sealed[head_end : head_end + _NONCE], sealed[head_end + _NONCE :]
        try:
            cipher = self._by_id(head[2:].decode("ascii"))
            return cipher.decrypt(nonce, body, head + context.encode())
        except (InvalidTag, KeyMissing, ValueError):
            raise CannotDecrypt(f"a field of {context.split(':', 1)[0]} does not open") from None

    def is_sealed_by_active(self, sealed: bytes) -> bool:
        """Whether the key that encrypts now has sealed a text."""
        return sealed.startswith(_head(self.keyrings.keys(self._purpose)[0]))

    def encrypt_text(self, text: str | None, context: str) -> bytes | None:
        """Seal a text; None stays None."""
        return None if text is None else self.encrypt(text.encode(), context)

    def decrypt_text(self, sealed: bytes | None, context: str) -> str | None:
        """Open a sealed text, None where there is none; raises CannotDecrypt."""
        return None if sealed is None else self.decrypt(sealed, context).decode()

    def encrypt_json(self, value: Any, context: str) -> bytes:
        return self.encrypt(canonical_json(value).encode(), context)

    def decrypt_json(self, sealed: bytes, context: str) -> Any:
        """Open a sealed JSON value; raises CannotDecrypt."""
        return json.loads(self.decrypt(sealed, context).decode())

    def blind_index(self, purpose: str, value: str) -> str:
        """The index by which a value is found without being kept: HMAC-SHA-256 in hex, by the active key."""
        return _index(self.keyrings.active(self._index_purpose), purpose, value)

    def blind_indexes(self, purpose: str, value: str) -> tuple[str, ...]:
        """The indexes by every key, the active one first: rows made before a rotation are found too."""
        return tuple(_index(key, purpose, value) for key in self.keyrings.keys(self._index_purpose))

    def _by_id(self, key_id: str) -> AESGCM | HeldSecret:
        known = self._ciphers.get(key_id)
        if known is not None:
            return known
        for key in self.keyrings.keys(self._purpose):
            if key.kid == key_id:
                return self._cipher(key)
        raise KeyMissing("the key of a field is gone")

    def _cipher(self, key: RingKey) -> AESGCM | HeldSecret:
        known = self._ciphers.get(str(key.kid))
        if known is None:
            known = self._ciphers[str(key.kid)] = key if isinstance(key, HeldSecret) else AESGCM(octets_of(key))
        return known


def _head(key: RingKey) -> bytes:
    key_id = str(key.kid).encode()
    return bytes((_FORMAT, len(key_id))) + key_id


def _index(key: Any, purpose: str, value: str) -> str:
    message = f"{purpose}\x00{value}".encode()
    return hmac.new(octets_of(key), message, hashlib.sha256).hexdigest()
