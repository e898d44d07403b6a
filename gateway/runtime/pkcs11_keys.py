"""Keys in a PKCS#11 module (implements store.database.keyring.KeyHolder), by python-pkcs11.

A key is an object with the label `apuni-<purpose>` and its key id as CKA_ID; none can be read out of the module.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import pkcs11
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import Attribute, Key, KeyType, Mechanism, MechanismFlag, ObjectClass, Session
from pkcs11.exceptions import (
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    GeneralError,
    NoSuchToken,
    PKCS11Error,
    UserAlreadyLoggedIn,
)
from pkcs11.mechanisms import GCMParams
from pkcs11.util.ec import encode_ec_public_key, encode_ecdsa_signature, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from store.database.errors import HolderFailed, KeyMissing
from store.database.keyring import PublicKey

_KEPT = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
_FOR_MACS = MechanismFlag.SIGN | MechanismFlag.VERIFY
_DOES_NOT_OPEN = (EncryptedDataInvalid, EncryptedDataLenRange, GeneralError, FunctionFailed)
"""What modules say of a wrong tag; SoftHSM2 says CKR_GENERAL_ERROR or CKR_ENCRYPTED_DATA_INVALID."""


class Pkcs11Keys:
    """One token. Its session is used by one thread at a time, and opened anew after the module failed."""

    families = frozenset({"EC", "RSA", "oct"})

    def __init__(self, module: Path, token: str, pin: str) -> None:
        """The token by its label. Nothing is opened before the first key is used."""
        self._module, self._token, self._pin = module, token, pin
        self._lock = Lock()
        self._session: Session | None = None

    def generate(self, purpose: str, key_id: str, family: str) -> PublicKey | None:
        """See KeyHolder."""
        named: Any = {"id": key_id.encode(), "label": f"apuni-{purpose}", "store": True}
        with self._session_in_use() as session:
            if family == "oct":
                session.generate_key(KeyType.AES, 256, template=_KEPT, **named)
                session.generate_key(KeyType.GENERIC_SECRET, 256, capabilities=_FOR_MACS, template=_KEPT, **named)
                return None
            if family == "RSA":
                public, _ = session.generate_keypair(KeyType.RSA, 2048, private_template=_KEPT, **named)
                return _read_public(encode_rsa_public_key(public))
            curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
            parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
            public, _ = parameters.generate_keypair(private_template=_KEPT, **named)
            return _read_public(encode_ec_public_key(public))

    def sign(self, purpose: str, key_id: str, message: bytes) -> bytes:
        """See KeyHolder."""
        with self._key(purpose, key_id, ObjectClass.PRIVATE_KEY) as key:
            if key.key_type is KeyType.RSA:
                return bytes(key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS))
            digest = Hash(SHA256())
            digest.update(message)
            return encode_ecdsa_signature(key.sign(digest.finalize(), mechanism=Mechanism.ECDSA))

    def encrypt(self, purpose: str, key_id: str, nonce: bytes, plain: bytes, associated: bytes) -> bytes:
        """See KeyHolder."""
        with self._key(purpose, key_id, ObjectClass.SECRET_KEY, KeyType.AES) as key:
            parameters = GCMParams(nonce, associated)
            return bytes(key.encrypt(plain, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))

    def decrypt(self, purpose: str, key_id: str, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        """See KeyHolder."""
        with self._key(purpose, key_id, ObjectClass.SECRET_KEY, KeyType.AES) as key:
            parameters = GCMParams(nonce, associated)
            try:
                return bytes(key.decrypt(sealed, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))
            except _DOES_NOT_OPEN:
                raise InvalidTag from None

    def mac(self, purpose: str, key_id: str, message: bytes) -> bytes:
        """See KeyHolder."""
        with self._key(purpose, key_id, ObjectClass.SECRET_KEY, KeyType.GENERIC_SECRET) as key:
            return bytes(key.sign(message, mechanism=Mechanism.SHA256_HMAC))

    def destroy(self, purpose: str, key_id: str) -> None:
        """See KeyHolder."""
        wanted = {Attribute.ID: key_id.encode(), Attribute.LABEL: f"apuni-{purpose}"}
        with self._session_in_use() as session:
            for each in list(session.get_objects(wanted)):
                each.destroy()

    @contextmanager
    def _key(self, purpose: str, key_id: str, kind: ObjectClass, family: KeyType | None = None) -> Iterator[Any]:
        with self._session_in_use() as session:
            try:
                found: Key = session.get_key(kind, family, f"apuni-{purpose}", key_id.encode())
            except pkcs11.NoSuchKey:
                raise KeyMissing(f"the PKCS#11 module has no key {key_id} of {purpose}") from None
            yield found

    @contextmanager
    def _session_in_use(self) -> Iterator[Session]:
        with self._lock:
            try:
                if self._session is None:
                    self._session = self._open()
                yield self._session
            except NoSuchToken:
                raise HolderFailed("the PKCS#11 module has no token of the name of APUNI_PKCS11__TOKEN") from None
            except (PKCS11Error, RuntimeError, OSError) as error:
                broken, self._session = self._session, None
                if broken is not None:
                    with suppress(PKCS11Error):
                        broken.close()
                raise HolderFailed(f"the PKCS#11 module failed ({type(error).__name__})") from None

    def _open(self) -> Session:
        token = pkcs11.lib(str(self._module)).get_token(token_label=self._token)
        try:
            return token.open(rw=True, user_pin=self._pin)
        except UserAlreadyLoggedIn:  # by another session of this process, which is enough
            return token.open(rw=True)


def _read_public(der: bytes) -> PublicKey:
    key = load_der_public_key(der)
    if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
        raise HolderFailed("the PKCS#11 module made a key of another kind")
    return key
