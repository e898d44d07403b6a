"""Lays out a certificate as an A4 page with typst from one template in the language of the state and English.

The template gets every word as JSON (`sys.inputs`), so text that looks like markup is printed as it
is. The same content gives the same bytes.
"""

import functools
import importlib
import io
import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import segno
import typst

from actions.certificates.content import CertificateContent
from gateway.documents.certificate_words import TEMPLATE, page_words

STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]
"""PDF/A-2a for the archive, PDF/UA-1 for screen readers."""

_TURNS = threading.Lock()


def lay_out(content: CertificateContent, *, specimen: bool) -> bytes:
    """The unsigned PDF. `specimen` prints a notice that the signing key is a test key."""
    issued_at = datetime.combine(content.issued_on, datetime.min.time(), tzinfo=UTC)
    return compile_pdf(TEMPLATE, page_data(content, specimen=specimen), issued_at)


def compile_pdf(template: Path, data: Mapping[str, Any], at: datetime) -> bytes:
    """The PDF of a template with its words and its `font`, dated `at`; blocking. Threads take turns.

    A compiler that is asked by two threads at once refuses the second one ("Already borrowed"), as where an officer
    approves a whole class and the worker makes several certificates side by side.
    """
    with _TURNS:
        pdf = _compiler(data["font"]["package"]).compile(
            input=template.read_bytes(),
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            pdf_standards=[*STANDARDS],
            timestamp=at,
        )
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no single document")
    return pdf


def page_data(content: CertificateContent, *, specimen: bool) -> dict[str, Any]:
    """The words of the page with the QR code of its address, in the shape that the template reads."""
    return {**page_words(content, specimen=specimen), "qr": qr_svg(content.verify_url)}


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
