"""What proves who we are, checked by code of its own: HMAC, Basic, prefixes, WS-Security by text, digest and X.509."""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from integrations.calling.errors import Refused, Unavailable
from integrations.connectors import SecretUnfit
from integrations.connectors.ws_security import DS, USERNAME_PROFILE, WSSE, WSU
from tests.support.connector_calls import HEAD, NOON, SECRETS, json_answer, talk_with

READ = """\
calls:
  things:
    send: {GET: /things}
    query: {a: "1"}
    success: {list: true}
"""
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
ASK = """\
calls:
  ask:
    operation: Ask
    takes: {text: {as: text}}
    body: {Text: "{text}"}
    success: {at: Code, in: ["00"]}
"""


def envelope(body: str, space: str = SOAP) -> str:
    return f'<e:Envelope xmlns:e="{space}"><e:Body>{body}</e:Body></e:Envelope>'


def soap_answer(body: str, status: int = 200, *, space: str = SOAP, media: str = "text/xml") -> httpx.Response:
    return httpx.Response(status, content=envelope(body, space).encode(), headers={"content-type": media})


GOOD = soap_answer("<AskResponse><Code>00</Code></AskResponse>")


async def sent_for(auth: str, *, secrets: Any = SECRETS) -> httpx.Request:
    talk = talk_with(HEAD + f"wire: json\nauth: [{auth}]\n" + READ, json_answer("[]"), secrets=secrets)
    await talk.client.read(talk.connector.calls["things"], {})
    return talk.requests[0]


async def asked(auth: str, *, secrets: Any = SECRETS, text: str = "क & ख") -> tuple[httpx.Request, etree._Element]:
    head = HEAD + f'wire: {{soap: "1.1", namespace: "http://n.example/"}}\nauth: [{auth}]\n'
    talk = talk_with(head + ASK, GOOD, secrets=secrets)
    await talk.client.read(talk.connector.calls["ask"], {"text": text})
    return talk.requests[0], etree.fromstring(talk.requests[0].content)


async def test_a_key_may_have_a_prefix():
    request = await sent_for("{type: api_key, header: X-Key, prefix: Token, secret: key}")

    assert request.headers["x-key"] == "Token key-7"


async def test_basic_sends_user_and_password():
    request = await sent_for("{type: basic, secret: user}")

    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"u7:p7"


async def test_hmac_covers_the_parts_in_their_order_and_sends_time_and_nonce():
    request = await sent_for(
        "{type: hmac, secret: key, header: X-Sign, parts: [method, path, query, timestamp, nonce, body_sha256], "
        "timestamp_header: X-Time, nonce_header: X-Nonce, encoding: base64}"
    )

    stamp = str(int(NOON.timestamp()))
    parts = ["GET", "/v1/things", "a=1", stamp, request.headers["x-nonce"], hashlib.sha256(b"").hexdigest()]
    expected = hmac.new(b"key-7", "\n".join(parts).encode(), hashlib.sha256).digest()
    assert request.headers["x-time"] == stamp
    assert base64.b64decode(request.headers["x-sign"]) == expected


@pytest.mark.parametrize("secrets", [{}, {"user": "text"}, {"user": {"username": "u"}}])
def test_a_secret_that_is_missing_or_not_whole_is_named(secrets: Any):
    with pytest.raises(SecretUnfit, match="user"):
        talk_with(HEAD + "wire: json\nauth: [{type: basic, secret: user}]\n" + READ, GOOD, secrets=secrets)


async def test_an_operation_is_in_its_namespace_and_named_by_its_action():
    request, root = await asked("{type: ws_security, token: text, secret: user}")

    assert root.findtext(f"{{{SOAP}}}Body/{{http://n.example/}}Ask/{{http://n.example/}}Text") == "क & ख"
    assert request.headers["soapaction"] == '"http://n.example/Ask"'
    assert request.headers["content-type"] == "text/xml; charset=utf-8"


async def test_ws_security_by_text_sends_the_password_and_a_time():
    _, root = await asked("{type: ws_security, token: text, secret: user}")

    security = root.find(f"{{{SOAP}}}Header/{{{WSSE}}}Security")
    password = security.find(f"{{{WSSE}}}UsernameToken/{{{WSSE}}}Password")
    assert (password.get("Type"), password.text) == (f"{USERNAME_PROFILE}PasswordText", "p7")
    assert security.findtext(f"{{{WSU}}}Timestamp/{{{WSU}}}Expires") == "2026-11-24T06:35:00Z"
    assert security.get(f"{{{SOAP}}}mustUnderstand") == "1"


async def test_ws_security_by_digest_hashes_nonce_time_and_password():
    _, root = await asked("{type: ws_security, token: digest, secret: user}")

    token = root.find(f"{{{SOAP}}}Header/{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
    nonce = base64.b64decode(token.findtext(f"{{{WSSE}}}Nonce"))
    digest = hashlib.sha1(nonce + token.findtext(f"{{{WSU}}}Created").encode() + b"p7").digest()
    assert base64.b64decode(token.findtext(f"{{{WSSE}}}Password")) == digest


def certificate() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "apuni")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOON - timedelta(days=1))
        .not_valid_after(NOON + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), made.public_bytes(serialization.Encoding.PEM).decode()


class Verifier(XMLVerifier):
    excise_empty_xmlns_declarations = True


async def test_ws_security_by_x509_signs_body_and_time():
    key, cert = certificate()
    secrets = SECRETS | {"signer": {"key": key, "certificate": cert}}
    _, root = await asked("{type: ws_security, token: x509, secret: signer}", secrets=secrets)

    settings = SignatureConfiguration(
        require_x509=False,
        expect_references=2,
        signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=NOON,
        location=".//",
    )
    found = Verifier().verify(root, x509_cert=cert, id_attribute="Id", expect_config=settings)

    covered = {etree.QName(one.signed_xml).localname for one in found}
    brought = root.findtext(f".//{{{WSSE}}}BinarySecurityToken")
    assert covered == {"Timestamp", "Body"}
    assert brought == "".join(cert.strip().splitlines()[1:-1])
    assert root.find(f".//{{{DS}}}Reference[@URI='#body']") is not None


async def test_soap_1_2_names_its_action_in_the_content_type():
    head = HEAD + 'wire: {soap: "1.2", namespace: "http://n.example/"}\n'
    answer = soap_answer("<R><Code>00</Code></R>", space=SOAP_12, media="application/soap+xml")
    talk = talk_with(head + ASK, answer)

    await talk.client.read(talk.connector.calls["ask"], {"text": "a"})

    assert talk.requests[0].headers["content-type"] == (
        'application/soap+xml; charset=utf-8; action="http://n.example/Ask"'
    )


@pytest.mark.parametrize(("code", "error"), [("e:Client", Refused), ("e:Server", Unavailable), ("e:Odd", Unavailable)])
async def test_a_fault_that_the_file_does_not_name_is_ours_or_theirs(code: str, error: type[Exception]):
    head = HEAD + 'wire: {soap: "1.1", namespace: "http://n.example/"}\ntime: {attempts: 1}\n'
    talk = talk_with(head + ASK, soap_answer(f"<e:Fault><faultcode>{code}</faultcode></e:Fault>", 500))

    with pytest.raises(error) as caught:
        await talk.client.read(talk.connector.calls["ask"], {"text": "a"})

    assert caught.value.code == code.removeprefix("e:")
