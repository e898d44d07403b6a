"""A holder in memory, and what works the same wherever the keys of sessions, certificates and the vault are held."""

import asyncio
import json
import os
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.errors import JoseError

from actions.certificates.content import CertificateContent
from actions.documents.own_signature import own_signature
from domain.certificates.signatures import SignatureState
from domain.kernel import ManualClock, SystemIds
from gateway.documents.authority import signing_request
from gateway.documents.renderer import CertificateRenderer
from store.database import CannotDecrypt, FieldCipher, KeyMissing, Keyrings
from store.database.errors import HolderFailed
from store.database.keyring import HOLDABLE, KeyHolder, PublicKey
from store.database.vault import Vault
from tests.support.databases import NOW

NUMBER = "234567890124"
PATIENCE = 10.0
Reopened: TypeAlias = Callable[[], Keyrings]


class KeysInMemory:
    """Keys in this process: it is told names and messages, and gives public halves and results."""

    families = frozenset({"EC", "RSA", "oct"})

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {}
        self._secrets: dict[tuple[str, str], tuple[bytes, bytes]] = {}

    def generate(self, purpose: str, key_id: str, family: str) -> PublicKey | None:
        if family == "oct":
            self._secrets[purpose, key_id] = (os.urandom(32), os.urandom(32))
            return None
        pair = rsa.generate_private_key(65537, 2048) if family == "RSA" else ec.generate_private_key(ec.SECP256R1())
        self._pairs[purpose, key_id] = pair
        return pair.public_key()

    def sign(self, purpose: str, key_id: str, message: bytes) -> bytes:
        pair = self._pairs.get((purpose, key_id))
        if isinstance(pair, rsa.RSAPrivateKey):
            return pair.sign(message, padding.PKCS1v15(), hashes.SHA256())
        if pair is None:
            raise KeyMissing("no such key")
        return pair.sign(message, ec.ECDSA(hashes.SHA256()))

    def encrypt(self, purpose: str, key_id: str, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
        return AESGCM(self._secrets[purpose, key_id][0]).encrypt(nonce, plain, associated)

    def decrypt(self, purpose: str, key_id: str, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        return AESGCM(self._secrets[purpose, key_id][0]).decrypt(nonce, sealed, associated)

    def mac(self, purpose: str, key_id: str, message: bytes) -> bytes:
        made = hmac.HMAC(self._secrets[purpose, key_id][1], hashes.SHA256())
        made.update(message)
        return made.finalize()

    def destroy(self, purpose: str, key_id: str) -> None:
        self._pairs.pop((purpose, key_id), None)
        self._secrets.pop((purpose, key_id), None)


class SlowKeys(KeysInMemory):
    """Keys whose holder takes its time, once `slow`, until it is `released`; it is `asked` then."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.asked, self.released = threading.Event(), threading.Event()

    def sign(self, purpose: str, key_id: str, message: bytes) -> bytes:
        self._take_long()
        return super().sign(purpose, key_id, message)

    def encrypt(self, purpose: str, key_id: str, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
        self._take_long()
        return super().encrypt(purpose, key_id, nonce, plain, associated)

    def decrypt(self, purpose: str, key_id: str, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        self._take_long()
        return super().decrypt(purpose, key_id, nonce, sealed, associated)

    def mac(self, purpose: str, key_id: str, message: bytes) -> bytes:
        self._take_long()
        return super().mac(purpose, key_id, message)

    def _take_long(self) -> None:
        if self.slow:
            self.asked.set()
            assert self.released.wait(PATIENCE)


async def is_apart(keys: SlowKeys, work: Coroutine[Any, Any, object]) -> bool:
    """Whether the loop goes on while the holder takes its time over what this work asks of it."""
    keys.slow = True
    task = asyncio.create_task(work)
    assert await asyncio.to_thread(keys.asked.wait, PATIENCE)
    goes_on = not keys.released.is_set() and not task.done()
    keys.released.set()
    await task
    return goes_on


class HeldKeyTests:
    """The tests of a holder; a class below gives the fixture `holder`."""

    @pytest.fixture
    def keyrings(self, holder: KeyHolder, tmp_path: Path) -> Keyrings:
        made = Keyrings(tmp_path / "keys", holder)
        made.init()
        return made

    @pytest.fixture
    def reopened(self, holder: KeyHolder, tmp_path: Path) -> Callable[[], Keyrings]:
        """Another process with the same files and the same holder."""
        return lambda: Keyrings(tmp_path / "keys", holder)

    def test_no_secret_lies_in_a_file(self, keyrings: Keyrings, tmp_path: Path) -> None:
        for purpose in HOLDABLE:
            [jwk] = json.loads((tmp_path / "keys" / f"{purpose}.json").read_text())["keys"]
            assert jwk["held"]
            assert not {"d", "p", "q", "k"} & jwk.keys()

    def test_a_session_token_is_signed_by_the_holder(self, keyrings: Keyrings, reopened: Reopened) -> None:
        key = keyrings.active("session")
        token = jwt.encode({"alg": "ES256", "kid": key.kid}, {"sub": "c1"}, key)

        assert jwt.decode(token, reopened().key_set("session"), algorithms=["ES256"]).claims == {"sub": "c1"}

    def test_a_rotated_key_verifies_and_a_dropped_one_does_not(self, keyrings: Keyrings, reopened: Reopened) -> None:
        key = keyrings.active("session")
        token = jwt.encode({"alg": "ES256", "kid": key.kid}, {"sub": "c1"}, key)
        keyrings.rotate("session")
        assert jwt.decode(token, reopened().key_set("session"), algorithms=["ES256"]).claims == {"sub": "c1"}

        keyrings.drop("session", str(key.kid))

        with pytest.raises(JoseError):
            jwt.decode(token, reopened().key_set("session"), algorithms=["ES256"])

    def test_a_rotated_private_key_is_gone_from_the_holder(self, keyrings: Keyrings, holder: KeyHolder) -> None:
        key_id = str(keyrings.active("session").kid)

        keyrings.rotate("session")

        with pytest.raises(KeyMissing):
            holder.sign("session", key_id, b"x")

    def test_the_private_key_cannot_be_taken_out(self, keyrings: Keyrings) -> None:
        private = keyrings.active("pdf").private_key
        assert isinstance(private, rsa.RSAPrivateKey)

        with pytest.raises(UnsupportedAlgorithm):
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )

    def test_a_certificate_is_signed_by_the_holder(
        self, keyrings: Keyrings, tmp_path: Path, content: CertificateContent
    ) -> None:
        renderer = CertificateRenderer(keyrings, tmp_path / "certificates", ManualClock(NOW))

        rendered = renderer.render(content)

        assert own_signature(keyrings, rendered.xml, NOW).state is SignatureState.VERIFIED
        assert rendered.pdf.startswith(b"%PDF")
        assert renderer.render(content) == rendered

    def test_a_sealed_text_opens_only_at_its_place_and_unchanged(self, keyrings: Keyrings, reopened: Reopened) -> None:
        sealed = FieldCipher(keyrings, purpose="vault").encrypt(b"1234", "vault_entries:number:r1")
        cipher = FieldCipher(reopened(), purpose="vault")

        assert cipher.decrypt(sealed, "vault_entries:number:r1") == b"1234"
        for changed, place in ((sealed, "vault_entries:number:r2"), (sealed[:-1] + b"x", "vault_entries:number:r1")):
            with pytest.raises(CannotDecrypt):
                cipher.decrypt(changed, place)

    def test_what_the_holder_encrypts_is_aes_gcm_and_no_more(self, keyrings: Keyrings, holder: KeyHolder) -> None:
        key_id = str(keyrings.keys("vault")[0].kid)
        sealed = holder.encrypt("vault", key_id, b"n" * 12, b"1234", b"place")

        assert len(sealed) == 4 + 16
        assert holder.decrypt("vault", key_id, b"n" * 12, sealed, b"place") == b"1234"
        with pytest.raises(InvalidTag):
            holder.decrypt("vault", key_id, b"n" * 12, sealed, b"elsewhere")

    async def test_the_vault_keeps_and_finds_numbers_over_a_rotation(self, keyrings: Keyrings, tmp_path: Path) -> None:
        clock = ManualClock(NOW)
        vault = await Vault.open(f"sqlite+aiosqlite:///{tmp_path / 'vault.db'}", keyrings, clock, SystemIds(clock))
        try:
            first = await vault.put(NUMBER)
            keyrings.rotate("vault")

            assert await vault.put(NUMBER) == first
            assert await vault.reveal(first.reference, purpose="TEST", by="test") == NUMBER
        finally:
            await vault.close()

    def test_without_the_holder_the_keys_are_told_to_be_held(self, keyrings: Keyrings, tmp_path: Path) -> None:
        with pytest.raises(KeyMissing, match="APUNI_PKCS11__MODULE"):
            Keyrings(tmp_path / "keys").active("session")

    def test_keys_in_files_go_over_to_the_holder_by_a_rotation(self, holder: KeyHolder, tmp_path: Path) -> None:
        files = Keyrings(tmp_path / "former")
        files.init()
        key = files.active("session")
        token = jwt.encode({"alg": "ES256", "kid": key.kid}, {"sub": "c1"}, key)
        held = Keyrings(tmp_path / "former", holder)
        assert held.in_file(HOLDABLE) == list(HOLDABLE)

        held.rotate("session")

        assert "session" not in held.in_file(HOLDABLE)
        assert jwt.decode(token, held.key_set("session"), algorithms=["ES256"]).claims == {"sub": "c1"}

    def test_a_request_for_a_certificate_is_signed_by_the_holder(self, keyrings: Keyrings) -> None:
        key = keyrings.active("pdf").private_key
        assert isinstance(key, rsa.RSAPrivateKey)

        request = x509.load_pem_x509_csr(signing_request(key, "CN=Apuni Sarkar,O=Uttarakhand,C=IN"))

        assert request.is_signature_valid
        assert request.public_key() == key.public_key()
        assert request.subject.rfc4514_string() == "CN=Apuni Sarkar,O=Uttarakhand,C=IN"

    def test_a_signature_that_does_not_verify_is_not_given_out(self, keyrings: Keyrings, holder: KeyHolder) -> None:
        key = keyrings.active("pdf").private_key
        key_id = str(keyrings.active("pdf").kid)
        assert isinstance(key, rsa.RSAPrivateKey)
        holder.destroy("pdf", key_id)
        holder.generate("pdf", key_id, "RSA")  # another pair of the same name

        with pytest.raises(HolderFailed, match=f"the key {key_id} of pdf signed does not verify"):
            key.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
