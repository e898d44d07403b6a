"""The wallet sandbox's own envelope, written from docs/contracts/other_systems.md section 3.1."""

import base64
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
KEY_OCTETS = 128
ZEROS = b"0000000000000000"


class NotOurs(Exception):
    """A message that the merchant did not make."""


def new_keys() -> dict[str, str]:
    """Key pairs of 1024 bits, as the kit has them, of both sides, in PEM. For the sandbox alone."""
    made = {}
    for side in ("merchant", "csc"):
        key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the partner's size
        made[f"{side}_private"] = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        public = key.public_key()
        made[f"{side}_public"] = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
    return made


def seal_message(keys: Mapping[str, str], pairs: Mapping[str, str], *, signer: str = "csc") -> str:
    """What CSC says to the merchant; `signer` names the key that signs, for a spoilt one another."""
    text = "".join(f"{name}={value}|" for name, value in pairs.items()).encode()
    private = serialization.load_pem_private_key(keys[f"{signer}_private"].encode(), None)
    public = serialization.load_pem_public_key(keys["merchant_public"].encode())
    assert isinstance(private, rsa.RSAPrivateKey)  # noqa: S101 - made above
    assert isinstance(public, rsa.RSAPublicKey)  # noqa: S101
    signature = private.sign(text, padding.PKCS1v15(), hashes.SHA256())
    plain = text + b"checksum=" + base64.b64encode(signature)
    key = "".join(ALPHABET[secrets.randbelow(62)] for _ in range(32)).encode()
    pad = PKCS7(128).padder()
    cipher = Cipher(algorithms.AES(key), modes.CBC(ZEROS)).encryptor()
    body = cipher.update(pad.update(plain) + pad.finalize()) + cipher.finalize()
    return base64.b64encode(public.encrypt(key, _oaep()) + body).decode()


def open_message(keys: Mapping[str, str], message: str) -> dict[str, str]:
    """What the merchant said; raises NotOurs."""
    private = serialization.load_pem_private_key(keys["csc_private"].encode(), None)
    public = serialization.load_pem_public_key(keys["merchant_public"].encode())
    assert isinstance(private, rsa.RSAPrivateKey)  # noqa: S101 - made above
    assert isinstance(public, rsa.RSAPublicKey)  # noqa: S101
    try:
        raw = base64.b64decode(message, validate=True)
        key = private.decrypt(raw[:KEY_OCTETS], _oaep())
        cipher = Cipher(algorithms.AES(key), modes.CBC(ZEROS)).decryptor()
        unpad = PKCS7(128).unpadder()
        plain = unpad.update(cipher.update(raw[KEY_OCTETS:]) + cipher.finalize()) + unpad.finalize()
        text, _, signature = plain.rpartition(b"checksum=")
        public.verify(base64.b64decode(signature), text, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature):
        raise NotOurs from None
    return dict(part.split("=", 1) for part in text.decode().split("|") if "=" in part)


def _oaep() -> padding.OAEP:
    return padding.OAEP(mgf=padding.MGF1(algorithm=hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303
