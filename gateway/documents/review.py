"""Renders a delay review or the preview of a certificate as PDF: `python -m gateway.documents.review < JSON > PDF`.

The serving process never loads typst (ADR 0017); it starts this one (gateway/pages/downloads/review_pdf.py). The same
words give the same bytes.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from gateway.documents.layout import compile_pdf, qr_svg

TEMPLATE = "review.typ"


def lay_out(page: str) -> bytes:
    """The PDF of the words of a page, as JSON in the shape that the template reads."""
    data = json.loads(page)
    made = data["made"]
    if address := data.get("verify_url"):
        data |= {"qr": qr_svg(address), "qr_address": address}
    template = Path(__file__).with_name(data.get("template", TEMPLATE))
    return compile_pdf(template, data, datetime(made["year"], made["month"], made["day"], tzinfo=UTC))


if __name__ == "__main__":
    sys.stdout.buffer.write(lay_out(sys.stdin.buffer.read().decode()))
