"""The frame of the hostile set: cases against a running gateway, each answer judged and followed by a probe."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

MOST_SECONDS = 2.0
"""An answer takes no longer (docs/reliability.md section 5.8)."""

_NO_PROBE = "the process does not answer a probe"
LATE = ("took", _NO_PROBE)
"""How problems begin that a machine which others use may make: such a case is tried again alone."""

TRACES = (b"Traceback (most", b'File "/', b".py:", b".py, line", b"sqlalchemy", b"graphql.error", b"<pydantic")


@dataclass(frozen=True)
class Outcome:
    """What came back. `status` is None where the connection was closed without an answer."""

    status: int | None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes told, of a GraphQL answer, of a door or of a page."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return tuple(code.decode() for code in re.findall(rb'<code id="code">([A-Z_]+)</code>', self.body))
        if not isinstance(value, dict):
            return ()
        if isinstance(value.get("code"), str):
            return (value["code"],)
        errors = value.get("errors")
        found = [each.get("extensions", {}).get("code") for each in errors] if isinstance(errors, list) else []
        return tuple(code for code in found if isinstance(code, str))


@dataclass(frozen=True)
class Target:
    """The gateway under attack, and the tokens of two people of its demo."""

    host: str
    port: int
    citizen: str
    officer: str

    async def exchange(self, *parts: bytes, pause: float = 0.0) -> Outcome:
        """Send bytes as they are, and read the first answer."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            for part in parts:
                writer.write(part)
                if pause:
                    await asyncio.sleep(pause)
            return await _read(reader)
        except ConnectionError:
            return Outcome(None)
        finally:
            writer.close()


@dataclass(frozen=True)
class Case:
    """One hostile request.

    `may_close`: no answer is an answer, as for what is no HTTP. `coded`: a refusal bears a code in JSON; doors of
    partners and pages for people tell theirs in XML and in words. `most_seconds` is longer for what is slow by itself.
    """

    name: str
    send: Callable[[Target], Awaitable[Outcome]]
    may_close: bool = False
    coded: bool = True
    most_seconds: float = MOST_SECONDS


def raw(name: str, *parts: bytes, pause: float = 0.0, **options: Any) -> Case:
    """A case that sends bytes as they are."""
    slow = pause * len(parts)
    return Case(name, lambda target: target.exchange(*parts, pause=pause), most_seconds=MOST_SECONDS + slow, **options)


def request(
    method: bytes = b"POST",
    path: bytes = b"/graphql",
    body: bytes = b"",
    *headers: bytes,
    length: bool = True,
    kind: bytes = b"application/json",
) -> bytes:
    """The bytes of one request."""
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: gateway.test", b"Connection: close", *headers]
    if kind:
        lines.append(b"Content-Type: " + kind)
    if length and (body or method == b"POST"):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def graphql(name: str, query: Any, variables: Any = None, *headers: bytes, **members: Any) -> Case:
    """A case with a well-formed envelope around whatever document and variables."""
    value = {"query": query, **({} if variables is None else {"variables": variables}), **members}
    content = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return raw(name, request(b"POST", b"/graphql", content, *headers))


@dataclass
class Verdict:
    """What was wrong with the answer to one case."""

    case: str
    problems: list[str]
    status: int | None
    seconds: float


async def attack(case: Case, target: Target) -> Verdict:
    """Send one case and judge the answer, and that the process answers a probe right after."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(case.most_seconds + 3):
            outcome = await case.send(target)
    except (TimeoutError, OSError) as error:
        outcome = Outcome(None, type(error).__name__.encode())
    seconds = time.monotonic() - began
    problems = [text for text, wrong in _findings(case, outcome, seconds) if wrong]
    if not await _alive(target):
        problems.append(_NO_PROBE)
    return Verdict(case.name, problems, outcome.status, seconds)


def _findings(case: Case, outcome: Outcome, seconds: float) -> list[tuple[str, bool]]:
    status = outcome.status
    if status is None:
        late = seconds > case.most_seconds + 2
        return [("no answer", not case.may_close and not late), (f"took {seconds:.1f} s", late)]
    shed = status == 503 and "retry-after" in outcome.headers
    refused = status >= 400 and status not in (304,)
    return [
        (f"took {seconds:.1f} s", seconds > case.most_seconds),
        (f"status {status} {outcome.codes} {outcome.body[:80]!r}", status >= 500 and not shed),
        (f"status {status} without a code: {outcome.body[:80]!r}", refused and case.coded and not outcome.codes),
        ("told as our own fault", "INTERNAL" in outcome.codes),
        (f"a trace in the answer: {outcome.body[:200]!r}", any(trace in outcome.body for trace in TRACES)),
    ]


async def _alive(target: Target) -> bool:
    try:
        async with asyncio.timeout(MOST_SECONDS):
            outcome = await target.exchange(request(b"GET", b"/health/live", kind=b""))
    except (TimeoutError, OSError):
        return False
    return outcome.status == 200


async def _read(reader: asyncio.StreamReader) -> Outcome:
    """The first answer of a connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return Outcome(None)
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    status = int(lines[0].split(" ")[1])
    try:
        if "content-length" in headers:
            body = await reader.readexactly(int(headers["content-length"]))
        elif headers.get("transfer-encoding") == "chunked":
            body = await reader.read(1_000_000)
        else:
            body = b""
    except (asyncio.IncompleteReadError, ConnectionError):
        body = b""
    return Outcome(status, body, headers)
