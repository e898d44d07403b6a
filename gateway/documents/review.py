"""Renders a delay review, a preview, a paper or a cover as PDF: `python -m gateway.documents.review < JSON > PDF`.

The serving process never loads typst (ADR 0017); it starts this one (gateway/pages/downloads/review_pdf.py). The same
words give the same bytes. A page with a `seal` is printed as JSON, with room for the signature that the server makes,
since this process has no key: the PDF, where the signature begins in it, and what is signed.
"""

import base64
import io
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from gateway.documents.layout import compile_pdf, qr_svg

TEMPLATE = "review.typ"


def lay_out(page: str) -> bytes:
    """The PDF of the words of a page, as JSON in the shape that the template reads."""
    data = json.loads(page)
    made = data["made"]
    if address := data.get("verify_url"):
        data |= {"qr": qr_svg(address), "qr_address": address}
    template = Path(__file__).with_name(data.get("template", TEMPLATE))
    at = datetime(made["year"], made["month"], made["day"], tzinfo=UTC)
    if "file" not in data:
        pdf = compile_pdf(template, data, at)
        return _with_room(pdf, data["seal"]) if "seal" in data else pdf
    # typst puts pages of another PDF into none that keeps to PDF/A or PDF/UA.
    return compile_pdf(template, {**data, "pages": _count_pages(bytes(data["file"]))}, at, ())


def _with_room(page: bytes, seal: Mapping[str, str]) -> bytes:
    from gateway.documents.sealing import prepare_seal

    moment = datetime.fromisoformat(seal["moment"])
    pdf, place, signed = prepare_seal(page, seal["chain"].encode(), moment=moment, reason=seal["reason"])
    told = {"pdf": base64.b64encode(pdf).decode(), "place": place, "signed": base64.b64encode(signed).decode()}
    return json.dumps(told).encode()


def _count_pages(pdf: bytes) -> int:
    """How many pages a PDF has; 0 for what cannot be read, which is attached alone."""
    try:
        return int(PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Count"])
    except (PdfError, KeyError, TypeError, ValueError):
        return 0


if __name__ == "__main__":
    sys.stdout.buffer.write(lay_out(sys.stdin.buffer.read().decode()))
