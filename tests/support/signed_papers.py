"""PDFs as strangers sign them, by tokens of the sandbox's authority over the wire of its bridge."""

import base64
import hashlib
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

from asn1crypto import algos, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign import fields, signers

from sandbox.city.kit import Sandbox
from tests.support.signing import ask_bridge

SignHash = Callable[[str], Awaitable[bytes]]
"""Signs a SHA-256 in hex by a token."""


def by(sandbox: Sandbox, token: dict[str, Any]) -> SignHash:
    """Signs by a token in the sandbox's bridge."""

    async def sign(digest: str) -> bytes:
        asked = [{"id": "paper", "sha256": digest}]
        answer = await ask_bridge(sandbox, "sign", certSha256=token["sha256"], items=asked)
        return base64.b64decode(answer.json()["items"][0]["signature"])

    return sign


class TokenSigner(signers.Signer):
    """Signs by a token that gets hashes alone."""

    def __init__(self, certificate: bytes, sign: SignHash) -> None:
        mechanism = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
        super().__init__(signature_mechanism=mechanism, signing_cert=x509.Certificate.load(certificate))
        self._sign = sign

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """The signature over the hash of the data; as many octets where it is only measured."""
        return bytes(256) if dry_run else await self._sign(hashlib.new(digest_algorithm, data).hexdigest())


async def sign_paper(pdf: bytes, token: dict[str, Any], sign: SignHash, field: str = "First", **metadata: Any) -> bytes:
    """The PDF with one signature more, of the token with this certificate."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    about = signers.PdfSignatureMetadata(field_name=field, md_algorithm="sha256", **metadata)
    signer = TokenSigner(base64.b64decode(token["certificate"]), sign)
    output = BytesIO()
    await signers.PdfSigner(about, signer).async_sign_pdf(writer, output=output)
    return output.getvalue()


def plain_paper(words: str = "Income: 48000") -> bytes:
    """A PDF of one page with a line of text, a field for a note, and no signature."""
    writer, output = PdfFileWriter(stream_xrefs=False), BytesIO()  # type: ignore[no-untyped-call]
    text = generic.StreamObject(stream_data=f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode())
    page = PageObject(writer.add_object(text), generic.ArrayObject(map(generic.NumberObject, (0, 0, 595, 842))))  # type: ignore[no-untyped-call]
    writer.insert_page(page)  # type: ignore[no-untyped-call]
    fields.append_signature_field(writer, fields.SigFieldSpec("Unused"))
    writer.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()


def altered_paper(pdf: bytes, words: str = "Income: 980000") -> bytes:
    """The same with another text of the page, added behind the signed bytes as an incremental update."""
    writer, output = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(
        generic.StreamObject(stream_data=f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode())
    )
    writer.update_container(page)
    writer.write(output)  # type: ignore[no-untyped-call]
    return output.getvalue()
