"""UMANG's encrypted body mode: RSA-OAEP-SHA256 for key and iv, AES-256-CBC for the JSON.

Source: docs/contracts/umang.md section 3.3. The form is the partner's and carries no authentication tag; a text that
does not open is one failure without detail, so that nobody learns from it why.
"""

import base64
import binascii
import os

from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from integrations.calling.errors import Foreign, Unreadable
from integrations.umang.models import EnvelopeKeys

KEY_OCTETS, IV_OCTETS, BLOCK_BITS = 32, 16, 128
_OAEP = rsa_padding.OAEP(mgf=rsa_padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class UnfitKeys(ValueError):
    """The keys of the settings cannot be used."""


class NoEnvelope(Unreadable):
    """The text does not have the three parts of an envelope."""


class WrongEnvelope(Foreign):
    """The envelope was not made for our key, or was changed on its way."""


class Envelope:
    """Seals for the partner and opens what the partner sealed for us. Raises UnfitKeys, or ValueError for no PEM."""

    def __init__(self, keys: EnvelopeKeys) -> None:
        private = serialization.load_pem_private_key(keys.our_private_key.encode(), password=None)
        public = serialization.load_pem_public_key(keys.partner_public_key.encode())
        if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
            raise UnfitKeys(f"the keys of {keys.key_id} must be RSA keys")
        if min(private.key_size, public.key_size) < 2048:
            raise UnfitKeys(f"the keys of {keys.key_id} must have at least 2048 bits")
        self._private, self._public = private, public

    def seal(self, plain: bytes) -> bytes:
        """Encrypt with a fresh key and iv."""
        key, iv = os.urandom(KEY_OCTETS), os.urandom(IV_OCTETS)
        padder = padding.PKCS7(BLOCK_BITS).padder()
        encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
        sealed = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
        parts = (self._public.encrypt(key, _OAEP), self._public.encrypt(iv, _OAEP), sealed)
        return b":".join(base64.b64encode(part) for part in parts)

    def open(self, text: bytes) -> bytes:
        """Decrypt; raises NoEnvelope or WrongEnvelope."""
        wrapped_key, wrapped_iv, sealed = _parts(text)
        try:
            key, iv = self._private.decrypt(wrapped_key, _OAEP), self._private.decrypt(wrapped_iv, _OAEP)
            decryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).decryptor()
            padded = decryptor.update(sealed) + decryptor.finalize()
            unpadder = padding.PKCS7(BLOCK_BITS).unpadder()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError as error:
            raise WrongEnvelope("envelope") from error


def looks_sealed(content: bytes) -> bool:
    """Whether a body is an envelope rather than plain JSON: a colon in it, and no brace at its beginning."""
    return b":" in content and not content.lstrip().startswith((b"{", b"["))


def _parts(text: bytes) -> tuple[bytes, bytes, bytes]:
    try:
        key, iv, sealed = (base64.b64decode(part, validate=True) for part in text.strip().split(b":"))
    except (binascii.Error, ValueError) as error:
        raise NoEnvelope("envelope_malformed") from error
    return key, iv, sealed
