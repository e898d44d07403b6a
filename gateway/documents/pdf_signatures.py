"""Examines the signatures of a PDF in a process of its own, within the bounds of gateway/documents/pdf_inspection.py.

`python -m gateway.documents.pdf_signatures < QUESTION > ANSWER`, both JSON; `null` for a file that cannot be read.
"""

import asyncio
import base64
import json
import sys
from collections.abc import Sequence
from datetime import datetime

from domain.certificates.signatures import PdfSignature, SignatureState
from gateway.documents.pdf_inspection import AT_ONCE, SECONDS, bound_resources
from gateway.runtime.processes import ProcessEnded, output_of
from integrations.trust_services import ExaminedSignature, TrustSettings


class PdfSignatures:
    """Tells the signatures in a PDF, as `Environment.signatures_in` says."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def signatures_in(
        self, content: bytes, settings: TrustSettings, now: datetime
    ) -> list[ExaminedSignature] | None:
        async with self._turn:
            try:
                output = await output_of(
                    "gateway.documents.pdf_signatures", question_of(content, settings, now), SECONDS
                )
            except ProcessEnded as ended:
                if not ended.by_signal:
                    raise
                return None
            except TimeoutError:
                return None
        return read_answer(output)


def question_of(content: bytes, settings: TrustSettings, now: datetime) -> bytes:
    """What the process is asked."""
    authorities = [base64.b64encode(one).decode() for one in settings.authorities]
    told = {"pdf": base64.b64encode(content).decode(), "now": now.isoformat()}
    return json.dumps({**told, "authorities": authorities, "roots": sorted(settings.roots)}).encode()


def read_answer(output: bytes) -> list[ExaminedSignature] | None:
    """What the process found."""
    told = json.loads(output)
    return None if told is None else [_read(*one) for one in told]


def answer_to(question: bytes) -> bytes:
    """What is found in the PDF of a question."""
    from integrations.trust_services.pdf_signatures import examine_pdf

    asked = json.loads(question)
    authorities = tuple(map(base64.b64decode, asked["authorities"]))
    settings = TrustSettings(authorities, frozenset(asked["roots"]), frozenset(), ())
    found = examine_pdf(base64.b64decode(asked["pdf"]), settings, datetime.fromisoformat(asked["now"]))
    return json.dumps(None if found is None else list(map(_values_of, found))).encode()


def _values_of(one: ExaminedSignature) -> Sequence[str | None]:
    told = one.told
    at = told.signed_at.isoformat() if told.signed_at else None
    return (told.state.value, told.signer, told.issuer, at, base64.b64encode(one.certificate).decode())


def _read(state: str, signer: str, issuer: str, at: str | None, certificate: str) -> ExaminedSignature:
    signed_at = datetime.fromisoformat(at) if at else None
    told = PdfSignature(SignatureState(state), signer, issuer, signed_at)
    return ExaminedSignature(told, base64.b64decode(certificate))


def main() -> None:
    """Answer the question on the standard input."""
    bound_resources()
    try:
        answer = answer_to(sys.stdin.buffer.read())
    except MemoryError:
        answer = b"null"
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main()
