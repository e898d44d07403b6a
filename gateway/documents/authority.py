"""The signing certificates: installed ones, or those of a test authority created here.

Files are in one folder, next to the keyrings: `<purpose>-<fingerprint>.pem` is the chain of one
key, the signer's certificate first; `test-authority.pem` is the key and certificate of the test
authority (mode 0600), `test-authority.crt` its certificate for those who verify.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from domain.kernel import Clock
from domain.kernel.state import installed_state
from store.database import KeyMissing, Keyrings
from store.database.atomic_files import create_atomically

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
"""A key that an authority certifies, wherever it is held."""

TEST_AUTHORITY = "Apuni Sarkar test authority"
_LIFE = timedelta(days=3650)
_NO_OTHER_USE = {
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "encipher_only": False,
    "decipher_only": False,
}


@dataclass(frozen=True, slots=True)
class Signer:
    """A key with its chain, the signer's own certificate first. `test` where the test authority signed it."""

    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...]
    test: bool

    @property
    def chain_pem(self) -> bytes:
        """The chain in PEM."""
        return b"".join(map(_pem, self.chain))

    def sign(self, content: bytes) -> bytes:
        """The signature over the SHA-256 of a content, RSA PKCS #1 v1.5, which is the same each time; may block."""
        return self.key.sign(content, padding.PKCS1v15(), hashes.SHA256())


def signing_request(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, subject: str) -> bytes:
    """A request for a certificate (PKCS #10) in PEM, signed by the key wherever it is held.

    Raises ValueError for a subject that is not as RFC 4514 writes it.
    """
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name.from_rfc4514_string(subject))
    return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Authority:
    """Finds or makes the certificate of the active key of a purpose (`pdf`, `xml`)."""

    def __init__(self, keyrings: Keyrings, folder: Path, clock: Clock, *, makes_tests: bool = True) -> None:
        """`makes_tests`: whether the test authority signs a key that has no certificate."""
        self._keyrings = keyrings
        self._folder = folder
        self._clock = clock
        self._makes_tests = makes_tests
        self._signers: dict[tuple[str, str], Signer] = {}

    def signer(self, purpose: str) -> Signer:
        """The active key of the purpose with its chain. Raises KeyMissing, also where its certificate is."""
        key = self._keyrings.active(purpose).private_key
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"the keyring {purpose} holds no RSA key")
        name = (purpose, fingerprint(key))
        if name not in self._signers:
            certificates = self._load_or_make(purpose, key)
            test = any(_common_name(one.issuer) == TEST_AUTHORITY for one in certificates)
            self._signers[name] = Signer(key, certificates, test)
        return self._signers[name]

    def chain(self, purpose: str) -> list[bytes]:
        """The certificates of the active key of a purpose in DER, its own first and no root. Raises KeyMissing."""
        key = self._keyrings.active(purpose).private_key
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise TypeError(f"the keyring {purpose} holds no key that signs")
        certificates = self._load_or_make(purpose, key)
        return [one.public_bytes(serialization.Encoding.DER) for one in certificates if one.issuer != one.subject]

    def _load_or_make(self, purpose: str, key: PrivateKey) -> tuple[x509.Certificate, ...]:
        path = self._folder / f"{purpose}-{fingerprint(key)}.pem"
        if not path.exists():
            if not self._makes_tests:
                raise KeyMissing(f"the certificate {path.name} is not there")
            chain = self._issue(purpose, key)
            write_once(path, b"".join(_pem(certificate) for certificate in chain))
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))

    def _issue(self, purpose: str, key: PrivateKey) -> tuple[x509.Certificate, x509.Certificate]:
        authority_key, authority = self._test_authority()
        name = _name(f"Apuni Sarkar test {purpose.upper()} signer")
        return self._certificate(name, authority.subject, key.public_key(), by=authority_key, ca=False), authority

    def _test_authority(self) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
        path = self._folder / "test-authority.pem"
        if not path.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            name = _name(TEST_AUTHORITY)
            write_once(path, _key_pem(key) + _pem(self._certificate(name, name, key.public_key(), by=key, ca=True)))
        pem = path.read_bytes()
        certificate = x509.load_pem_x509_certificates(pem)[0]
        write_once(path.with_suffix(".crt"), _pem(certificate))
        return _private_key(pem), certificate

    def _certificate(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
        *,
        by: rsa.RSAPrivateKey,
        ca: bool,
    ) -> x509.Certificate:
        """A certificate of the authority itself, or of a signer, signed by the authority's key."""
        now = self._clock.now().replace(microsecond=0)
        usage = x509.KeyUsage(
            **_NO_OTHER_USE, content_commitment=not ca, digital_signature=not ca, key_cert_sign=ca, crl_sign=ca
        )
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _LIFE)  # seeding signs under a back-dated clock
            .not_valid_after(now + _LIFE)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
            .add_extension(usage, critical=True)
            .sign(by, hashes.SHA256())
        )


def fingerprint(key: PrivateKey) -> str:
    """Sixteen hexadecimal digits of the SHA-256 of the public key."""
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()[:16]


def write_once(path: Path, content: bytes) -> None:
    """Write a file whole, mode 0600, unless it is there; the first of several processes wins."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_atomically(path, content)


def _private_key(pem: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA key is needed")
    return key


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "IN"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, installed_state().name.en),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _common_name(name: x509.Name) -> str:
    values = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(values[0].value) if values else ""


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
