"""Our own transport over TLS."""

import asyncio
import ssl
from datetime import timedelta
from ipaddress import ip_address

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.kernel import SystemClock
from integrations.calling.http_transport.connection import CertificateFault, Connection, ConnectionFault
from tests.support.raw_servers import CHUNKED, OK, Server, client, closing, serving

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def authority():
    return Authority()


class Authority:
    """A certificate authority of this test."""

    def __init__(self):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._signed(self._name, self._key.public_key(), None, 1)

    def context(self, folder, *names: str, days: int = 1) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._signed(subject, key.public_key(), names, days)
        file = folder / "server.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def trusted(self) -> ssl.SSLContext:
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)

    def _signed(self, subject, key, names, days):
        now = SystemClock().now()
        until = now + timedelta(days=days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, until) - timedelta(days=2))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if names is not None:
            alternatives = [
                x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names
            ]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        else:
            usage = x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
                key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
                decipher_only=False,
            )  # fmt: skip
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(self._key, hashes.SHA256())


async def to_loopback(host, port):
    return ["127.0.0.1"]


def test_tls_checks_the_certificate_and_keeps_the_connection(run, authority, tmp_path):
    context = authority.context(tmp_path, "partner.test")

    async def main():
        async with serving(Server(), context) as server:
            async with client(tls=authority.trusted(), resolver=to_loopback) as http:
                got = [(await http.get(f"https://partner.test:{server.port}/")).content for _ in range(3)]
            return got, server.connections

    assert run(main()) == ([b"yes"] * 3, 1)


def test_tls_bodies_of_every_kind(run, authority, tmp_path):
    context = authority.context(tmp_path, "partner.test")

    async def main():
        async with serving(Server(CHUNKED, closing(b"end"), OK), context) as server:
            http = client(tls=authority.trusted(), resolver=to_loopback)
            got = [(await http.get(f"https://partner.test:{server.port}/")).content for _ in range(3)]
            await http.aclose()
            return got

    assert run(main()) == [b"yes and no", b"end", b"yes"]


@pytest.mark.parametrize(
    ("names", "days", "trusted"),
    [(["other.test"], 1, True), (["partner.test"], -1, True), (["partner.test"], 1, False), (["127.0.0.1"], 1, True)],
    ids=["wrong_name", "expired", "unknown_authority", "name_of_the_address"],
)
def test_tls_refuses_a_certificate_that_is_not_the_partners(run, authority, tmp_path, names, days, trusted):
    context = authority.context(tmp_path, *names, days=days)

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)  # the server complains that we hung up
        tls = authority.trusted() if trusted else None
        async with serving(Server(), context) as server, client(tls=tls, resolver=to_loopback) as http:
            with pytest.raises(httpx.ConnectError):
                await http.get(f"https://partner.test:{server.port}/")
            return server.heads

    assert run(main()) == []


def test_a_handshake_that_hangs_ends_at_the_connect_timeout(run, authority):
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    async def main():
        async with serving(silent), client(tls=authority.trusted(), resolver=to_loopback) as http:
            with pytest.raises(httpx.ConnectTimeout):
                await http.get(f"https://partner.test:{silent.port}/", timeout=httpx.Timeout(5, connect=0.1))

    run(main())


class Written(asyncio.Transport):
    """A connection that takes everything and says nothing by itself."""

    def write(self, data):
        pass

    def is_closing(self):
        return False


@pytest.mark.parametrize(("came", "refused"), [(b"", True), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nye", False)])
def test_an_alert_about_our_certificate_tells_of_nothing_taken_in_only_before_an_answer(run, came, refused):
    alert = ssl.SSLError(1, "alert")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"

    async def read(connection):
        await connection.read_head()
        while await connection.read_chunk() is not None:
            pass

    async def main():
        connection = Connection()
        connection.connection_made(Written())
        await connection.send(b"PUT / HTTP/1.1\r\n\r\n", head_only=False)
        if came:
            connection.data_received(came)
        connection.connection_lost(alert)
        with pytest.raises(ConnectionFault) as told:
            await read(connection)
        return isinstance(told.value, CertificateFault)

    assert run(main()) is refused


def test_an_alert_that_comes_before_the_request_is_told_by_the_request(run):
    alert = ssl.SSLError(1, "alert")
    alert.reason = "TLSV1_ALERT_UNKNOWN_CA"

    async def main():
        connection = Connection()
        connection.connection_made(Written())
        connection.connection_lost(alert)
        with pytest.raises(CertificateFault):
            await connection.send(b"PUT / HTTP/1.1\r\n\r\n", head_only=False)

    run(main())
