"""Texts that we hand out sealed and read again: addresses and tokens that end by themselves and are stored nowhere."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actions.kernel.environment import Environment
from store.database import CannotDecrypt, FieldCipher

LONGEST = 2000
"""Characters of such a text."""


def seal(env: Environment, place: str, says: Mapping[str, str | None], until: datetime) -> str:
    """A text that says something to us alone until an instant, and cannot be changed; `place`: its use."""
    sealed = FieldCipher(env.keyrings).encrypt_json({**says, "until": int(until.timestamp())}, place)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def unseal(env: Environment, place: str, text: str) -> dict[str, Any] | None:
    """What a text of `seal` says; None for one of another place, that is over or none of ours."""
    if len(text) > LONGEST or not text.isascii():
        return None
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        says: dict[str, Any] = FieldCipher(env.keyrings).decrypt_json(sealed, place)
    except (binascii.Error, ValueError, CannotDecrypt):
        return None
    return says if env.clock.now().timestamp() < says.pop("until") else None
