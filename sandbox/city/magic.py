"""Magic input: a value in a request that triggers a fault for this request alone.

It may stand anywhere in the path, the query or the body: `sandbox-fault-html`, `sandbox-fault-status-503`,
`sandbox-fault-latency-2`. Where a field takes letters and digits only, `SBFAULTHTML` or `SBFAULTSTATUS503` do.
"""

import re

from sandbox.city.faults import Fault

_MARK = re.compile(
    rb"(?:sandbox-fault-|sbfault)(status|html|malformed|oversize|silence|latency|expired)(?:-?(\d{1,3}))?",
    re.IGNORECASE,
)
_KINDS = {"expired": "token_expired"}
_NUMBERS = {"status": "status", "latency": "seconds"}


class SpoilAnswer(Exception):
    """Raised by a handler that found a magic value where the middleware cannot see it, as in a sealed body."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.kind)
        self.fault = fault


def magic_fault(*texts: bytes) -> Fault | None:
    """The fault that the first magic value asks for, or None."""
    found = next(filter(None, map(_MARK.search, texts)), None)
    if found is None:
        return None
    word = found[1].decode().lower()
    name, number = _NUMBERS.get(word), found[2]
    params = {name: int(number)} if name is not None and number is not None else {}
    if word == "status" and not 400 <= int(params.get("status", 503)) <= 599:
        params = {}
    return Fault(_KINDS.get(word, word), params={"status": 503} if word == "status" and not params else params)


def magic_code(asked: object) -> str:
    """The beginning of an authorisation code which carries a fault to the call that trades it, or nothing.

    `asked` is the field `fault` of a login form, such as `html` or `status-503`.
    """
    mark = f"sandbox-fault-{asked}"
    return f"{mark}." if isinstance(asked, str) and magic_fault(mark.encode()) is not None else ""
