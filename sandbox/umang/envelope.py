"""The sandbox's own UMANG body encryption, written from docs/contracts/umang.md section 3.3."""

import secrets
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256


def new_pair() -> dict[str, str]:
    """A fresh RSA pair as PEM texts, `private` and `public`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"private": private.decode(), "public": public.decode()}


def encrypt(public_pem: str, text: bytes) -> bytes:
    """Key, iv and text, each in Base64, with colons between."""
    public = serialization.load_pem_public_key(public_pem.encode())
    if not isinstance(public, rsa.RSAPublicKey):
        raise TypeError("an RSA key is needed")
    key, iv = secrets.token_bytes(32), secrets.token_bytes(16)
    filling = 16 - len(text) % 16
    cipher = Cipher(AES(key), CBC(iv)).encryptor()
    sealed = cipher.update(text + bytes([filling]) * filling) + cipher.finalize()
    return b":".join(map(b64encode, (public.encrypt(key, _oaep()), public.encrypt(iv, _oaep()), sealed)))


def decrypt(private_pem: str, body: bytes) -> bytes | None:
    """The text of an envelope; None where it is none of ours."""
    private = serialization.load_pem_private_key(private_pem.encode(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError("an RSA key is needed")
    try:
        key, iv, sealed = (b64decode(part, validate=True) for part in body.strip().split(b":"))
        cipher = Cipher(AES(private.decrypt(key, _oaep())), CBC(private.decrypt(iv, _oaep()))).decryptor()
        filled = cipher.update(sealed) + cipher.finalize()
    except ValueError:
        return None
    filling = filled[-1] if filled else 0
    whole = 1 <= filling <= 16 and filled.endswith(bytes([filling]) * filling)
    return filled[:-filling] if whole else None


def _oaep() -> OAEP:
    return OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None)
