"""Sessions with the treasury, and the encryption of each call (docs/contracts/dbt_finance.md section 5.2).

An application key opens a session and covers its session key; that covers each request and the key of its answer. All
of it is AES-256-ECB with PKCS5 padding and without a MAC, as the treasury wants it: so the line has to be TLS, an
answer counts only after the checks of `records`, and no key or token is logged or shown in a repr.
"""

import asyncio
import base64
import binascii
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from domain.kernel import Clock, Source
from integrations.calling.answers import read_object, refuse_status
from integrations.calling.errors import NotLetIn, Refused, Unavailable, Unreadable
from integrations.calling.policies import CallPolicy
from integrations.calling.remote import Answer, Remote
from integrations.dbt_finance.jit.models import DbtFinanceSettings

T = TypeVar("T")
KEY_BYTES = 32
LOST = "no valid session encryption key"
"""Part of the treasury's text, in small letters, where it does not know our session any more."""

OPEN_SESSION = CallPolicy("dbt_finance.authenticate", Source.DBT_FINANCE, body_limit=16_000, breaker="session")
"""May be repeated: each time it opens a session of its own."""


class SessionLost(Refused):
    """The treasury does not know the session: nothing of the call was read, so it may be made again in another."""


@dataclass(frozen=True, slots=True)
class Session:
    """What opens and closes the bodies of the calls of half an hour."""

    token: str = field(repr=False)
    key: bytes = field(repr=False)
    opened_at: datetime


class SealedCall:
    """One request in its session. Each time that it is sent it bears a new key, which opens the answer to it."""

    def __init__(self, session: Session, message: bytes) -> None:
        self._session = session
        self._message = message
        self._key = b""

    def body(self) -> bytes:
        """The encrypted request, under a new key for its answer."""
        self._key = os.urandom(KEY_BYTES)
        sealed = {"params": encrypt(self._session.key, self._message), "rek": encrypt(self._session.key, self._key)}
        return json.dumps(sealed, separators=(",", ":")).encode()

    def open(self, content: bytes) -> bytes:
        """The answer's message. Raises Unreadable for one that was not made for the request sent last."""
        return decrypt(self._key, content.decode("ascii", "replace"))


class Sessions:
    """The session of this process, opened when first needed and again when it has lasted its time."""

    def __init__(self, remote: Remote, settings: DbtFinanceSettings, clock: Clock) -> None:
        self._remote = remote
        self._settings = settings
        self._clock = clock
        self._session: Session | None = None
        self._opening = asyncio.Lock()

    async def run(self, policy: CallPolicy, call: Callable[[Session], Awaitable[T]]) -> T:
        """Make a call in the session, and once more in a new one where the treasury does not know the first.

        Raises what the call does; NotLetIn where the new session's token is refused too, Unavailable where the
        treasury does not know the new session either.
        """
        session = await self._present(None)
        try:
            return await call(session)
        except SessionLost:
            session = await self._present(session)
        try:
            return await call(session)
        except SessionLost as lost:
            if lost.code == "session_lost":
                raise Unavailable(Source.DBT_FINANCE, lost.code) from lost
            with self._remote.raise_alarms(policy):
                raise NotLetIn(Source.DBT_FINANCE, lost.code) from lost

    async def _present(self, lost: Session | None) -> Session:
        """The session that holds; a new one where there is none, it is over, or it is the one that was lost."""
        async with self._opening:
            kept = self._session
            ends = timedelta(seconds=self._settings.session_seconds)
            if kept is None or kept is lost or not timedelta() <= self._clock.now() - kept.opened_at < ends:
                self._session = kept = await self._open()
            return kept

    async def _open(self) -> Session:
        settings, app_key = self._settings, os.urandom(KEY_BYTES)
        body = json.dumps({"appKey": cover(settings, app_key)}).encode()
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            settings.id_header: settings.client_id,
            settings.secret_header: settings.client_secret,
        }

        def read(answer: Answer) -> Session:
            if answer.status in {401, 403}:
                raise NotLetIn(Source.DBT_FINANCE, "unauthorised")
            refuse_fault(answer)
            given = read_object(answer.content)
            key = decrypt(app_key, _text(given, "sek"))
            if len(key) != KEY_BYTES:
                raise Unreadable("sek_length")
            return Session(_text(given, "authToken"), key, self._clock.now())

        path = settings.authenticate_path
        return await self._remote.ask(OPEN_SESSION, "POST", path, read, headers=headers, content=body)


def refuse_fault(answer: Answer) -> None:
    """Raise what an answer's status means. That a path is not there is a fault of the treasury's host, and no refusal.

    Source: docs/contracts/dbt_finance.md section 5.2.
    """
    if answer.status == 404:
        raise Unavailable(Source.DBT_FINANCE, "http_404")
    refuse_status(Source.DBT_FINANCE, answer)


def cover(settings: DbtFinanceSettings, app_key: bytes) -> str:
    """The application key as only the treasury can read it: RSA-OAEP without a label, by default with SHA-1."""
    digest = {"SHA1": hashes.SHA1, "SHA256": hashes.SHA256}[settings.oaep_hash]
    oaep = padding.OAEP(padding.MGF1(digest()), digest(), None)
    return base64.b64encode(settings.treasury_key.encrypt(app_key, oaep)).decode()


def encrypt(key: bytes, content: bytes) -> str:
    """Base64 of AES-256-ECB with PKCS5 padding over raw bytes."""
    pad = PKCS7(128).padder()
    cipher = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305 - the treasury's own scheme
    return base64.b64encode(cipher.update(pad.update(content) + pad.finalize()) + cipher.finalize()).decode()


def decrypt(key: bytes, text: str) -> bytes:
    """The bytes under a key. Raises Unreadable for what is not Base64, or was not encrypted under this key."""
    try:
        covered = base64.b64decode(text.strip(), validate=True)
        cipher = Cipher(algorithms.AES256(key), modes.ECB()).decryptor()  # noqa: S305 - the treasury's own scheme
        unpad = PKCS7(128).unpadder()
        return unpad.update(cipher.update(covered) + cipher.finalize()) + unpad.finalize()
    except (binascii.Error, ValueError) as error:
        raise Unreadable("not_sealed") from error


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Unreadable(f"{name}_missing")
    return value.strip()
