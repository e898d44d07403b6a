"""Looks into an uploaded PDF in a process of its own: `python -m gateway.documents.pdf_inspection < PDF > code`.

The serving process never loads the library for PDFs (ADR 0017). A file that needs more memory or time of a processor
than is allowed is refused as damaged.
"""

import asyncio
import resource
import sys

from domain.kernel import ErrorCode, TemporarilyUnavailable
from domain.uploads.pdf_content import problem_of_pdf
from gateway.runtime.processes import ProcessEnded, output_of

PROCESSOR_SECONDS = 10
"""A scan of 5 MB needs a tenth of a second."""

MEMORY_BYTES = 1024**3
SECONDS = 60.0
"""How long a person waits for a processor; after that the file may be sent again."""

AT_ONCE = 2
"""Files of one gateway that are looked into at the same time; the others wait."""

_PLAIN = "-"


class PdfInspection:
    """Tells why a PDF is refused, as `Environment.problem_of_pdf` says."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def problem_of_pdf(self, content: bytes) -> ErrorCode | None:
        async with self._turn:
            try:
                output = await output_of("gateway.documents.pdf_inspection", content, SECONDS)
            except ProcessEnded as ended:
                if ended.by_signal:
                    return ErrorCode.FILE_DAMAGED
                raise
            except TimeoutError:
                raise TemporarilyUnavailable("a PDF was not looked into in time") from None
        return None if output.decode() == _PLAIN else ErrorCode[output.decode()]


def bound_resources() -> None:
    """Bound the time of a processor and the memory of this process."""
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def main() -> None:
    """Look into the file on the standard input and print the code of its problem."""
    bound_resources()
    problem = problem_of_pdf(sys.stdin.buffer.read())
    sys.stdout.write(_PLAIN if problem is None else problem.name)


if __name__ == "__main__":
    main()
