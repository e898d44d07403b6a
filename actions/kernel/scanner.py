"""The protocol of a malware scanner, and a test scanner that knows only the EICAR file."""

from typing import Protocol

from domain.kernel import CallerError, ErrorCode, Problem

RETRY_SECONDS = 30.0
"""When a file may be sent again that could not be scanned."""

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The harmless test file of the European Institute for Computer Antivirus Research, that every scanner knows.

It is written in two parts so that no scanner of a developer's machine takes this module for it.
"""


class ScannerAway(CallerError):
    """The scanner did not answer, so nothing is known of the file; it must not be taken."""

    standard = (Problem(ErrorCode.OVERLOADED, ("file",), detail="file", retry_after=RETRY_SECONDS),)


class Scanner(Protocol):
    """Looks into a file before it is taken."""

    async def scan(self, content: bytes) -> str | None:
        """What was found, by the scanner's own name for it; None where nothing was. Raises ScannerAway."""


class EicarScanner:
    """Finds the test file of EICAR, wherever it stands in a file, and nothing else: for the demo and for tests."""

    async def scan(self, content: bytes) -> str | None:
        return "Eicar-Test-Signature" if EICAR in content else None
