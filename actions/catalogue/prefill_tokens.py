"""Encrypted tokens of pre-filled answers, which an app returns so that each answer keeps its source.

Nothing is stored for a form that is never handed in: the note itself carries the answer and its document, sealed for
one citizen and one question, and ends after a day.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from actions.kernel import Environment
from domain.catalogue.form_problems import PATH
from domain.kernel import ErrorCode, Problem
from store.database import CannotDecrypt, FieldCipher

LIFE = timedelta(days=1)
LONGEST = 4000
"""Characters of a note."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What a note says: the answer that a document gave, and that document as JSON."""

    value: str
    source: Mapping[str, Any]


def note(env: Environment, citizen_id: str, name: str, noted: Noted) -> str:
    """Seal what a document said for one question of one citizen's form."""
    until = (env.clock.now() + LIFE).isoformat()
    body = {"value": noted.value, "source": dict(noted.source), "until": until}
    sealed = FieldCipher(env.keyrings).encrypt_json(body, _associated_data(citizen_id, name))
    return base64.urlsafe_b64encode(sealed).decode()


def open_tokens(env: Environment, citizen_id: str, tokens: Mapping[str, str]) -> tuple[dict[str, Noted], list[Problem]]:
    """What notes say, by question; one that has ended says nothing. BAD_INPUT for one that is not ours or hers."""
    found: dict[str, Noted] = {}
    wrong: list[Problem] = []
    cipher = FieldCipher(env.keyrings)
    for name, token in tokens.items():
        body = _body(cipher, token, _associated_data(citizen_id, name))
        if body is None:
            wrong.append(Problem(ErrorCode.BAD_INPUT, (*PATH, *name[:100].split("."), "source")))
        elif datetime.fromisoformat(body["until"]) >= env.clock.now():
            found[name] = Noted(body["value"], body["source"])
    return found, wrong


def _body(cipher: FieldCipher, token: str, place: str) -> Mapping[str, Any] | None:
    """What a note holds; None for one that is not ours, or was made for another place."""
    if len(token) > LONGEST:
        return None
    try:
        sealed = base64.b64decode(token, altchars=b"-_", validate=True)
        body: Mapping[str, Any] = cipher.decrypt_json(sealed, place)
    except (binascii.Error, ValueError, CannotDecrypt):
        return None
    return body


def _associated_data(citizen_id: str, name: str) -> str:
    return f"prefilled:{name}:{citizen_id}"
