"""Key pairs at a remote signer (docs/contracts/signer.md; implements store.database.keyring.KeyHolder)."""

import asyncio
import ssl
from base64 import b64decode, b64encode
from hashlib import sha256
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from domain.kernel import Clock, Source
from integrations.calling.answers import Answer, read_object
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.errors import Refused, RemoteError
from integrations.calling.kill_switch import KillSwitch
from integrations.calling.monitor import SourceMonitor
from integrations.calling.policies import CallPolicy
from integrations.calling.remote import Remote, Resilience
from integrations.calling.transport import open_client, open_httpcore
from store.database.errors import HolderFailed, KeyMissing
from store.database.keyring import PURPOSES, KeyHolder, PublicKey

SIGN = CallPolicy("signer.sign", Source.STORE, total=3.0, attempt=1.0, breaker="signer", body_limit=65_536)
"""Every call may be repeated: the same digest is signed again, the same key is given again."""

_NO_KEY = "http_404"
_PUBLIC = {"EC": EllipticCurvePublicKey, "RSA": RSAPublicKey}
_KINDS = {"EC": ("EC-P256", "ES256"), "RSA": ("RSA-2048", "RS256")}
"""By family the kind of the pair and the algorithm of its signatures."""


class RemoteSigner:
    """The pairs lie at the signer, secrets with another holder where there is one.

    Calls run in an event loop of their own, in a thread; who asks waits for them, as for a module in this machine.
    """

    def __init__(self, url: str, tls: ssl.SSLContext, clock: Clock, secrets: KeyHolder | None = None) -> None:
        self.families = frozenset(_KINDS) | (secrets.families & {"oct"} if secrets else frozenset())
        self._secrets = secrets
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="remote-signer", daemon=True)
        self._thread.start()
        self._client = open_client(
            open_httpcore(tls)
        )  # no guard of addresses: it stands in the own network, and no data name it
        kept, monitor = AnswerCache(open_cache(None), clock), SourceMonitor(())
        shared = Resilience(clock, Breakers(clock), kept, monitor, KillSwitch())
        self._remote = Remote(Source.STORE, url, client=self._client, shared=shared)

    def generate(self, purpose: str, key_id: str, family: str) -> PublicKey | None:
        """See KeyHolder."""
        if family == "oct":
            return self._of_secrets().generate(purpose, key_id, family)
        told = self._ask("PUT", purpose, key_id, json={"kind": _KINDS[family][0]})
        try:
            public = load_pem_public_key(told["publicKey"].encode())
        except (ValueError, KeyError, AttributeError, TypeError):
            public = None
        if not isinstance(public, PublicKey) or not isinstance(public, _PUBLIC[family]):
            raise HolderFailed("the remote signer made a key of another kind")
        return public

    def sign(self, purpose: str, key_id: str, message: bytes) -> bytes:
        """See KeyHolder."""
        asked = {
            "algorithm": _KINDS[PURPOSES[purpose].family][1],
            "digest": b64encode(sha256(message).digest()).decode(),
        }
        told = self._ask("POST", purpose, key_id, "/signatures", json=asked)
        try:
            return b64decode(told["signature"], validate=True)
        except (ValueError, KeyError, TypeError):
            raise HolderFailed("the remote signer gave no signature") from None

    def encrypt(self, purpose: str, key_id: str, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
        """See KeyHolder."""
        return self._of_secrets().encrypt(purpose, key_id, nonce, plain, associated)

    def decrypt(self, purpose: str, key_id: str, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        """See KeyHolder."""
        return self._of_secrets().decrypt(purpose, key_id, nonce, sealed, associated)

    def mac(self, purpose: str, key_id: str, message: bytes) -> bytes:
        """See KeyHolder."""
        return self._of_secrets().mac(purpose, key_id, message)

    def destroy(self, purpose: str, key_id: str) -> None:
        """See KeyHolder."""
        if PURPOSES[purpose].family == "oct":
            self._of_secrets().destroy(purpose, key_id)
        else:
            self._ask("DELETE", purpose, key_id)

    def close(self) -> None:
        """Close every connection; without it the end of the process does."""
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _of_secrets(self) -> KeyHolder:
        if self._secrets is None:
            raise KeyMissing("the remote signer holds pairs alone; set APUNI_PKCS11__MODULE for secret keys")
        return self._secrets

    def _ask(self, method: str, purpose: str, key_id: str, more: str = "", **parts: Any) -> dict[str, Any]:
        path = f"/v1/keys/{purpose}-{key_id}{more}"
        work = self._remote.ask(SIGN, method, path, _read, **parts)
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except Refused as error:
            if error.code == _NO_KEY:
                raise KeyMissing(f"the remote signer has no key {key_id} of {purpose}") from None
            raise HolderFailed(f"the remote signer declined ({error.code})") from None
        except RemoteError as error:
            raise HolderFailed(f"the remote signer failed ({error.code})") from None


def _read(answer: Answer) -> dict[str, Any]:
    if answer.status not in (200, 204):
        raise Refused(SIGN.source, f"http_{answer.status}")
    return read_object(answer.content) if answer.content else {}
