"""A token behind its maker's PKCS#11 module (docs/contracts/signatures.md section 3.2)."""

import base64
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pkcs11
from asn1crypto import x509
from pkcs11 import Attribute, Mechanism, ObjectClass
from pkcs11 import exceptions as told

from bridge.wire import Signed

_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""Before a SHA-256 that CKM_RSA_PKCS signs (RFC 8017 section 9.2)."""
_SIGNS = {"digital_signature", "non_repudiation"}
_GONE = (
    told.TokenNotPresent,
    told.DeviceRemoved,
    told.SessionClosed,
    told.SessionHandleInvalid,
    told.NoSuchKey,
    told.NoSuchToken,
    told.TokenNotRecognised,
)


class Pkcs11Token:
    """The tokens that a module sees; asked by one thread at a time."""

    def __init__(self, module: str) -> None:
        """Raises pkcs11.exceptions.PKCS11Error for a module that cannot be loaded."""
        self._library = pkcs11.lib(module)
        self._one_at_a_time = threading.Lock()

    def certificates(self) -> Sequence[Mapping[str, str]]:
        """The certificates for signatures that cannot be denied; those for encryption are left out."""
        with self._one_at_a_time:
            return [described(der) for _, _, der in self._found()]

    def sign(self, certificate: str, hashes: Sequence[str], pin: str) -> Sequence[Signed]:
        """Sign all hashes in one login; from where the token is pulled on, the rest is TOKEN_GONE."""
        with self._one_at_a_time:
            named = [
                (token, key) for token, key, der in self._found() if hashlib.sha256(der).hexdigest() == certificate
            ]
            if not named:
                return [Signed(error="TOKEN_GONE")] * len(hashes)
            token, key = named[0]
            done: list[Signed] = []
            try:
                with token.open(user_pin=pin) as session:
                    own = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=key)
                    for one in hashes:
                        octets = own.sign(_DIGEST_INFO + bytes.fromhex(one), mechanism=Mechanism.RSA_PKCS)
                        done.append(Signed(base64.b64encode(octets).decode()))
            except told.PKCS11Error as error:
                done += [Signed(error=_code_of(error))] * (len(hashes) - len(done))
            return done

    def _found(self) -> Iterator[tuple[Any, bytes, bytes]]:
        """The tokens with the ids of their signing keys and the certificates; an empty slot is passed over."""
        for slot in self._library.get_slots(token_present=True):
            try:
                token = slot.get_token()
                with token.open() as session:
                    objects = list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}))
                    held = [(bytes(one[Attribute.ID]), bytes(one[Attribute.VALUE])) for one in objects]
            except told.PKCS11Error:
                continue
            yield from ((token, key, der) for key, der in held if _signs(der))


def _code_of(error: told.PKCS11Error) -> str:
    if isinstance(error, told.PinIncorrect | told.PinInvalid | told.PinLenRange):
        return "PIN_WRONG"
    if isinstance(error, told.PinLocked):
        return "PIN_LOCKED"
    return "TOKEN_GONE" if isinstance(error, _GONE) else "TOKEN_FAILED"


def _signs(der: bytes) -> bool:
    try:
        usage = x509.Certificate.load(der).key_usage_value
        allowed = set() if usage is None else usage.native
    except (ValueError, TypeError):
        return False
    return allowed >= _SIGNS


def described(der: bytes) -> dict[str, str]:
    """What is told of a certificate."""
    found = x509.Certificate.load(der)
    return {
        "sha256": hashlib.sha256(der).hexdigest(),
        "subject": found.subject.human_friendly,
        "issuer": found.issuer.human_friendly,
        "serial": f"{found.serial_number:x}",
        "notBefore": found.not_valid_before.isoformat(),
        "notAfter": found.not_valid_after.isoformat(),
        "certificate": base64.b64encode(der).decode(),
    }
