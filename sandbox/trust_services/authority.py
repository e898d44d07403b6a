"""A certifying authority with one below it: issues certificates, and answers by OCSP and by lists.

Written from docs/contracts/signatures.md sections 3.3 and 7 alone.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.city.kit import SandboxHome

CLASS_3, CLASS_2 = "2.16.356.100.2.3", "2.16.356.100.2.2"
YEARS, DAY = timedelta(days=3650), timedelta(days=1)
FLAWS = ("expired", "class_2", "encryption_only", "other_authority")
"""What can be wrong with a certificate; `revoke` revokes one that was right."""
TROUBLES = ("unknown", "stale", "imprint", "nonce", "skew")
"""How answers are wrong: the first two by OCSP, the others in time stamps."""
_NO_USE = dict.fromkeys(
    ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
)


class Authority:
    """Its root, the authority below that issues, and what it revoked."""

    def __init__(self, home: SandboxHome) -> None:
        self._home, self._state, self.trouble = home, home.state, ""
        made = self._state.get_or_create("authority", "pair", self._new_pair)
        self._key = read_key(made["key"])
        self.certificate = x509.load_pem_x509_certificate(made["certificate"].encode())
        self.root = x509.load_pem_x509_certificate(made["root"].encode())

    @property
    def handed_over(self) -> dict[str, Any]:
        """What an installation is given."""
        certificates = self.root, self.certificate
        return {
            "authorities": "".join(map(pem_of, certificates)),
            "roots": [hashlib.sha256(self.root.public_bytes(serialization.Encoding.DER)).hexdigest()],
            "hosts": [self._home.public_url],
        }

    def routes(self) -> list[Route]:
        """Its answers about what was revoked."""
        return [
            Route("/ocsp", self.answer, methods=["POST"]),
            Route("/list.crl", self.give_list, methods=["GET"]),
        ]

    def issue(self, name: str, key: rsa.RSAPublicKey, flaw: str = "", *, stamps: bool = False) -> x509.Certificate:
        """A certificate of class 3 for a person's key, or one for a time stamping authority."""
        now, url = self._home.clock.now(), self._home.public_url
        begins, ends = (now - 30 * DAY, now - DAY) if flaw == "expired" else (now - DAY, now + YEARS)
        signs = flaw != "encryption_only"
        usage = {**_NO_USE, "key_encipherment": not signs}
        builder = (
            _builder(name, self.certificate.subject, key, begins, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    **usage, digital_signature=signs, content_commitment=signs, key_cert_sign=False, crl_sign=False
                ),
                critical=True,
            )
            .add_extension(_policy(CLASS_2 if flaw == "class_2" else CLASS_3), critical=False)
            .add_extension(_reached_at(f"{url}/ocsp"), critical=False)
            .add_extension(_listed_at(f"{url}/list.crl"), critical=False)
        )
        if stamps:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(purpose, critical=True)
        issuer = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048) if flaw == "other_authority" else self._key
        )
        made = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
        ).sign(issuer, hashes.SHA256())
        self._state.put("issued", f"{made.serial_number:x}", {"name": name, "revoked_at": None})
        return made

    def revoke(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Revoke the certificate with a serial number in hex."""
        serial = str(arguments["serial"])
        known = self._state.get("issued", serial) or {}
        self._state.put("issued", serial, {**known, "revoked_at": self._home.clock.now().isoformat()})
        return {"serial": serial}

    def set_trouble(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """How its answers are wrong from now on: `{trouble}`, one of TROUBLES or nothing."""
        if arguments["trouble"] not in ("", *TROUBLES):
            raise KeyError(arguments["trouble"])
        self.trouble = str(arguments["trouble"])
        return {"trouble": self.trouble}

    async def answer(self, request: Request) -> Response:
        """By OCSP."""
        asked = ocsp.load_der_ocsp_request(await request.body())
        now, known = self._home.clock.now(), self._state.get("issued", f"{asked.serial_number:x}")
        status, revoked_at = ocsp.OCSPCertStatus.GOOD, None
        if known is None or self.trouble == "unknown":
            status = ocsp.OCSPCertStatus.UNKNOWN
        elif known["revoked_at"]:
            status, revoked_at = ocsp.OCSPCertStatus.REVOKED, datetime.fromisoformat(known["revoked_at"])
        said = now - 3 * DAY if self.trouble == "stale" else now
        response = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=asked.issuer_name_hash,
                issuer_key_hash=asked.issuer_key_hash,
                serial_number=asked.serial_number,
                algorithm=hashes.SHA1(),  # noqa: S303 - the name of the certificate, as it was asked
                cert_status=status,
                this_update=said - timedelta(minutes=1),
                next_update=said + DAY,
                revocation_time=revoked_at,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked_at else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
            .sign(self._key, hashes.SHA256())
        )
        request.state.ledger_effect = f"ocsp {status.name}"
        content = response.public_bytes(serialization.Encoding.DER)
        return Response(content, media_type="application/ocsp-response")

    async def give_list(self, request: Request) -> Response:
        """The list of what was revoked."""
        now = self._home.clock.now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - timedelta(minutes=1))
            .next_update(now + DAY)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        for serial, known in self._state.values_of("issued").items():
            if known["revoked_at"]:
                at = datetime.fromisoformat(known["revoked_at"])
                entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(at).build()
                builder = builder.add_revoked_certificate(entry)
        request.state.ledger_effect = "list given"
        content = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        return Response(content, media_type="application/pkix-crl")

    def _new_pair(self) -> dict[str, str]:
        now, root_key, key = self._home.clock.now(), new_key(), new_key()
        name = _name("Sandbox root authority")
        root = _authority(name, name, root_key.public_key(), root_key, now)
        below = _authority(_name("Sandbox licensed authority"), name, key.public_key(), root_key, now)
        return {"key": pem_of_key(key), "certificate": pem_of(below), "root": pem_of(root)}


def new_key() -> rsa.RSAPrivateKey:
    """A key as tokens have them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def read_key(pem: str) -> rsa.RSAPrivateKey:
    """The key of a PEM."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("an RSA key is needed")
    return key


def pem_of_key(key: rsa.RSAPrivateKey) -> str:
    """The PEM of a key, for the sandbox's own state."""
    kind, open_ = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, kind, open_).decode()


def pem_of(certificate: x509.Certificate) -> str:
    """The PEM of a certificate."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _authority(
    name: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, by: rsa.RSAPrivateKey, now: datetime
) -> x509.Certificate:
    usage = {**_NO_USE, "digital_signature": False, "content_commitment": False}
    return (
        _builder_of(name, issuer, key, now - YEARS, now + YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(_policy("2.5.29.32.0"), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .sign(by, hashes.SHA256())
    )


def _builder(
    name: str, issuer: x509.Name, key: rsa.RSAPublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return _builder_of(_name(name), issuer, key, begins, ends)


def _builder_of(
    name: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "IN"), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _policy(oid: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)])


def _reached_at(url: str) -> x509.AuthorityInformationAccess:
    place = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)])


def _listed_at(url: str) -> x509.CRLDistributionPoints:
    place = [x509.UniformResourceIdentifier(url)]
    return x509.CRLDistributionPoints([x509.DistributionPoint(place, None, None, None)])
