"""Lays out a certificate as an A4 page with typst in the language of the state and English.

certificate.typ defines the parts that all have, the template of the kind in the state's package draws with them.
The template gets every word as JSON (`sys.inputs`), so text that looks like markup is printed as it
is. The same content gives the same bytes.
"""

import functools
import importlib
import io
import json
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import segno
import typst

from actions.certificates.content import CertificateContent
from gateway.documents.certificate_words import TEMPLATE, page_words

Standard = Literal["a-2a", "ua-1"]
STANDARDS: Sequence[Standard] = ("a-2a", "ua-1")
"""PDF/A-2a for the archive, PDF/UA-1 for screen readers."""

_TURNS = threading.Lock()


def lay_out(content: CertificateContent, *, specimen: bool, emblem: str = "") -> bytes:
    """The unsigned PDF. A `specimen` says that it was signed with a test key, and has no `emblem`, which is SVG."""
    issued_at = datetime.combine(content.issued_on, datetime.min.time(), tzinfo=UTC)
    data = page_data(content, specimen=specimen) | {"emblem": "" if specimen else emblem}
    return compile_pdf(TEMPLATE, data, issued_at)


def compile_pdf(
    template: Path, data: Mapping[str, Any], at: datetime, standards: Sequence[Standard] = STANDARDS
) -> bytes:
    """The PDF of a template with its words, `font` and own `body`, dated `at`; blocking. Threads take turns.

    A compiler that is asked by two threads at once refuses the second one ("Already borrowed"), as where an officer
    approves a whole class and the worker makes several certificates side by side.
    """
    with _TURNS:
        pdf = _compiler(data["font"]["package"]).compile(
            input=template.read_bytes() + data.get("body", "").encode(),
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            pdf_standards=[*standards],
            timestamp=at,
        )
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no single document")
    return pdf


def page_data(content: CertificateContent, *, specimen: bool) -> dict[str, Any]:
    """The words of the page with the QR code, in the shape that the template reads."""
    code = content.qr or content.verify_url
    return {**page_words(content, specimen=specimen), "qr": qr_svg(code), "qr_address": code}


def qr_svg(text: str) -> str:
    """A QR code as SVG, error correction M, with its quiet zone."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="svg", xmldecl=False, border=2)
    return picture.getvalue().decode()


@functools.cache
def _compiler(font_package: str) -> typst.Compiler:
    """One compiler for the process: it keeps the parsed font."""
    fonts = Path(str(importlib.import_module(font_package).__file__)).with_name("files")
    return typst.Compiler(root=TEMPLATE.parent, font_paths=[fonts], ignore_system_fonts=True)
