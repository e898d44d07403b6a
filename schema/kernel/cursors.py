"""Cursors: a position in one list, signed so that it can be neither forged nor used on another list."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TypeAlias

from domain.kernel import ErrorCode, Problem, Problems
from domain.kernel.secret_comparison import is_any_secret
from store.database import Keyrings

Position: TypeAlias = tuple[str | None, str]
"""The sort value of a row as text, and its key."""

_PURPOSE = "cursor"
_MAC_BYTES = 16
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Cursors:
    """Writes and reads the cursors of one list; `list_name` holds everything that the order depends on."""

    keyrings: Keyrings
    list_name: str

    def write(self, position: Position) -> str:
        """The opaque cursor of a row."""
        body = json.dumps(position, ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(next(self.keyrings.secrets(_PURPOSE)), body) + body).decode()

    def read(self, cursor: str, argument: str) -> Position:
        """The position that we wrote; raises Problems(BAD_INPUT) for anything else."""
        refused = Problems(Problem(ErrorCode.BAD_INPUT, (argument,)))
        if len(cursor) > _LONGEST:
            raise refused
        try:
            octets = base64.b64decode(cursor, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise refused from None
        mac, body = octets[:_MAC_BYTES], octets[_MAC_BYTES:]
        if not is_any_secret(mac, (self._mac(secret, body) for secret in self.keyrings.secrets(_PURPOSE))):
            raise refused
        value, key = json.loads(body)
        return value, key

    def _mac(self, secret: bytes, body: bytes) -> bytes:
        message = self.list_name.encode() + b"\0" + body
        return hmac.new(secret, message, hashlib.sha256).digest()[:_MAC_BYTES]
