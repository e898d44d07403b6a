"""Renders a certificate: the PDF, signed as PAdES by pyHanko, and the XML (actions.certificates.content.Renderer)."""

from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

from actions.certificates.content import CertificateContent, RenderedCertificate
from actions.certificates.qr_codes import make_qr
from domain.kernel import IST, Clock
from gateway.documents.authority import Authority
from gateway.documents.layout import lay_out
from gateway.documents.sealing import sign_pdf
from gateway.documents.xml import certificate_xml
from store.database import Keyrings


class CertificateRenderer:
    """Lays out and signs certificates with the active keys of the keyrings `pdf` and `xml`.

    The same content with the same keys gives the same bytes, so a repeated job stores one file.
    """

    def __init__(
        self,
        keyrings: Keyrings,
        folder: Path,
        clock: Clock,
        *,
        specimen: bool = False,
        makes_tests: bool = True,
        emblem: Path | None = None,
    ) -> None:
        """`folder` holds the signing certificates; those of the test authority are made where it `makes_tests`.

        With `specimen` every page says that it is one; signed with a test key it says so anyhow. `emblem` is the
        operator's SVG, which other pages than specimens bear.
        """
        self._keyrings = keyrings
        self._authority = Authority(keyrings, folder, clock, makes_tests=makes_tests)
        self._specimen = specimen
        self._emblem = emblem.read_text(encoding="utf-8") if emblem else ""

    def render(self, content: CertificateContent) -> RenderedCertificate:
        """Lay out and sign; blocking (about 0.2 s), so call it in a thread. Raises KeyMissing."""
        pdf_signer = self._authority.signer("pdf")
        page = self._page_of(content, specimen=self._specimen or pdf_signer.test)
        issued_at = datetime.combine(content.issued_on, time(0, 0), tzinfo=IST)
        return RenderedCertificate(
            pdf=sign_pdf(page, pdf_signer.chain_pem, pdf_signer.sign, moment=issued_at, reason=content.service.en),
            xml=certificate_xml(content, self._authority.signer("xml")),
        )

    def _page_of(self, content: CertificateContent, *, specimen: bool) -> bytes:
        """The page without a signature, with its QR code."""
        if content.status_index is not None:
            content = replace(content, qr=make_qr(content, self._keyrings.active("qr")))
        return lay_out(content, specimen=specimen, emblem=self._emblem)

    def data(self, content: CertificateContent) -> bytes:
        """The signed XML alone, for a certificate whose page was made elsewhere; blocking, as `render`."""
        return certificate_xml(content, self._authority.signer("xml"))
