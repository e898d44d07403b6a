"""The words of the cover under which a copy of a corrected or revoked certificate is handed out.

The copy is no certificate: its signed bytes would still say that it holds, so that they are attached under the cover.
"""

from datetime import date
from typing import Any

from actions.documents.document_links import EndedCopy
from domain.certificates.certificates import CertificateStatus
from domain.kernel import Bilingual, show_number
from domain.kernel.messages import Texts, bilingual
from domain.kernel.state import installed_state
from gateway.documents.text import drawable

_TEXTS = Texts("page.cover")


def cover_data(copy: EndedCopy, pdf: bytes, *, verify_url: str, today: date) -> dict[str, Any]:
    """The words of the cover with the file itself, for gateway/documents/review.py."""
    one = copy.certificate
    title = _TEXTS.revoked if one.status is CertificateStatus.REVOKED else _TEXTS.corrected
    rows: list[tuple[Bilingual, Bilingual | str]] = [
        (bilingual("page.verify.rows.number"), show_number(one.number)),
        (bilingual("page.verify.rows.certificate"), one.name),
        (bilingual("page.verify.rows.holder"), one.holder),
        (bilingual("page.verify.rows.issued_on"), _day(one.issued_on)),
        (bilingual("page.verify.ended_on"), _day(copy.ended_on)),
        *([(bilingual("page.verify.instead"), show_number(copy.successor))] if copy.successor else []),
        (_TEXTS.copied_on, _day(today)),
    ]
    return {
        "template": "cover.typ",
        "font": installed_state().font_data,
        "made": {"year": today.year, "month": today.month, "day": today.day},
        "state": _pair(bilingual("page.certificate.words.state")),
        "title": _pair(title),
        "note": _pair(_TEXTS.note),
        "attached": _pair(_TEXTS.attached),
        "number": show_number(one.number),
        "name": f"{one.number}.pdf",
        "rows": [
            {"label": _pair(name), "value": value if isinstance(value, str) else _pair(value)} for name, value in rows
        ],
        "verify_url": verify_url,
        "file": list(pdf),
    }


def _pair(text: Bilingual) -> dict[str, str]:
    return {"hi": drawable(text.hi or text.en), "en": drawable(text.en)}


def _day(day: date) -> str:
    return f"{day:%d-%m-%Y}"
