"""The TLS port of one system: terminates TLS and forwards to the system's proxy, or fails the handshake.

The city is its own authority; who trusts its certificate at `$APUNI_HOME/run/ca.pem` gets through.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.city.connected import ConnectionSet
from sandbox.city.demanding import Shaken
from sandbox.city.faults import Faults
from sandbox.city.proxy import copy_both_ways, reset

DEMANDS = "demands_certificate"
"""No trouble of the server's: it wants a certificate of the caller, which the city's authority gave out."""
_HERE = ("localhost", "127.0.0.1")
_YEARS = timedelta(days=3650)
_WAIT_SECONDS = 10.0


def new_authority(now: datetime) -> dict[str, str]:
    """An authority of our own, as PEM texts that State can keep."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Sandbox city authority")
    certificate = (
        _builder(name, name, key, now - timedelta(days=1), now + _YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return {"key": _pem(key), "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode()}


class Certificates:
    """The server contexts of the city: a good one and one for each trouble that a certificate can have."""

    def __init__(self, authority: Mapping[str, str], now: datetime) -> None:
        self._key = serialization.load_pem_private_key(authority["key"].encode(), None)
        self._issuer = x509.load_pem_x509_certificate(authority["certificate"].encode())
        day = timedelta(days=1)
        self.contexts = {
            "good": self._context(_HERE, now - day, now + _YEARS),
            "expired": self._context(_HERE, now - 30 * day, now - day),
            "wrong_name": self._context(("elsewhere.invalid",), now - day, now + _YEARS),
            "self_signed": self._context(_HERE, now - day, now + _YEARS, own=True),
            DEMANDS: self._context(_HERE, now - day, now + _YEARS),
        }
        self.contexts[DEMANDS].verify_mode = ssl.CERT_REQUIRED
        self.contexts[DEMANDS].load_verify_locations(cadata=authority["certificate"])

    def of_caller(self, name: str, not_before: datetime, not_after: datetime, *, own: bool = False) -> tuple[str, str]:
        """A certificate for a caller and its key, as PEM texts; one of its `own` authority is not taken here."""
        key, certificate = self._issue_certificate((name,), not_before, not_after, own=own)
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), _pem(key)

    def _context(
        self, names: tuple[str, ...], not_before: datetime, not_after: datetime, *, own: bool = False
    ) -> ssl.SSLContext:
        return _server_context(*self._issue_certificate(names, not_before, not_after, own=own))

    def _issue_certificate(
        self, names: tuple[str, ...], not_before: datetime, not_after: datetime, *, own: bool
    ) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(names[0])
        issuer, signer = (subject, key) if own else (self._issuer.subject, self._key)
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority has an elliptic key")
        certificate = (
            _builder(subject, issuer, key, not_before, not_after)
            .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .sign(signer, hashes.SHA256())
        )
        return key, certificate


class TlsFront:
    """One listening TLS port. `target` is the port of the system's proxy; a `demanding` one wants a certificate."""

    def __init__(self, faults: Faults, certificates: Certificates, target: int, *, demanding: bool = False) -> None:
        self._usual = DEMANDS if demanding else "good"
        self._faults = faults
        self._certificates = certificates
        self._target = target
        self._server: asyncio.Server | None = None
        self._connected = ConnectionSet(self._serve_or_reset)

    @property
    def connections(self) -> int:
        """How many callers are connected now."""
        return len(self._connected)

    async def start(self, place: socket.socket) -> None:
        """Listen on a socket that `bind_loopback` made."""
        self._server = await asyncio.start_server(self._connected.accept_connection, sock=place)

    async def stop(self) -> None:
        """Close the port and cut every connection."""
        if self._server is not None:
            self._server.close()
        await self._connected.end()

    async def cut(self) -> None:
        """Cut every connection, so that the next one shakes hands anew."""
        await self._connected.cut()

    async def _serve_or_reset(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            reset(writer)  # `stop` and `cut` cancel; nobody waits for this task

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self._faults.match("tls", "*")
        trouble = str(fault.params.get("trouble", "expired")) if fault else self._usual
        if trouble == "reset":
            await reader.read(64)  # the beginning of the ClientHello
            reset(writer)
            return
        context = self._certificates.contexts.get(trouble, self._certificates.contexts["expired"])
        demanding = Shaken(context, reader, writer) if trouble == DEMANDS else None
        if demanding is None:
            await writer.start_tls(context, ssl_handshake_timeout=_WAIT_SECONDS)
        elif not await demanding.shake():
            return
        city, to_city = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await (demanding.copy(city, to_city) if demanding else copy_both_ways(reader, writer, city, to_city))
        finally:
            to_city.close()
            writer.close()


def _server_context(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "server.pem"
        file.touch(mode=0o600)
        file.write_text(_pem(key) + certificate.public_bytes(serialization.Encoding.PEM).decode())
        context.load_cert_chain(file)
    return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    others: dict[str, Any] = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(digital_signature=True, key_cert_sign=signs_certificates, **others)


def _alternative(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
