"""Every fault of docs/reliability.md section 5.1, as it is set, and what may come of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from domain.kernel import SystemClock

SILENT = frozenset({"UNAVAILABLE"})
SPOILED = frozenset({"GARBLED", "UNAVAILABLE", "INTEGRITY"})
FORGED = frozenset({"INTEGRITY", "GARBLED", "UNAVAILABLE"})
GOOD = frozenset({"LIVE"})


@dataclass(frozen=True)
class Kind:
    """A fault. `way` is how the system is reached; `faults` what the control route is told.

    `answers` are the kinds of answer that may come of it to a question without a kept answer. `opens` says
    whether the breaker must open (None: either is right). `slow` ones run under shortened policies.
    `true` says that what is shown must be exactly what a healthy system says.
    """

    name: str
    faults: tuple[Mapping[str, Any], ...] = ()
    answers: frozenset[str] = SILENT
    opens: bool | None = True
    way: str = "plain"
    slow: bool = False
    true: bool = True
    needs: frozenset[str] = field(default_factory=frozenset)


def _one(name: str, kind: str, answers: frozenset[str] = SILENT, **given: Any) -> Kind:
    own = {key: given.pop(key) for key in ("opens", "way", "slow", "true", "needs") if key in given}
    fault = {"kind": kind, "params": given.pop("params", {}), **given}
    return Kind(name, (fault,), answers, **own)


def _status(name: str, status: int, **params: Any) -> Kind:
    return _one(name, "status", params={"status": status, **params})


def _later() -> str:
    return format_datetime(SystemClock().now() + timedelta(hours=2), usegmt=True)


def kinds() -> tuple[Kind, ...]:
    """The list. It is made anew because a date in it must lie in the future."""
    tls = {"way": "tls", "calls": None}
    return (
        Kind("none", answers=GOOD, opens=False),
        Kind("none over TLS", answers=GOOD, opens=False, way="tls"),
        _one("connection refused", "refuse"),
        _one("black hole", "blackhole", slow=True),
        Kind("host name unknown", way="unknown_host"),
        Kind("host name at a private address", way="private_address"),
        _one("TLS expired", "tls", params={"trouble": "expired"}, **tls),
        _one("TLS wrong name", "tls", params={"trouble": "wrong_name"}, **tls),
        _one("TLS self-signed", "tls", params={"trouble": "self_signed"}, **tls),
        _one("TLS reset in handshake", "tls", params={"trouble": "reset"}, **tls),
        _one("reset mid-body", "reset", needs=frozenset({"body"})),
        _one("drip", "drip", slow=True, params={"seconds": 0.2}, needs=frozenset({"body"})),
        _one("headers then silence", "silence", slow=True),
        _status("429 Retry-After 2", 429, retryAfter="2"),
        _status("429 Retry-After 86400", 429, retryAfter="86400"),
        _status("429 Retry-After date", 429, retryAfter=_later()),
        _status("429 Retry-After garbage", 429, retryAfter="soon, perhaps"),
        _one("500 burst of 30", "status", calls=list(range(1, 31)), params={"status": 500}),
        _one("503 every second call", "status", SILENT | GOOD, opens=None, params={"status": 503, "every": 2}),
        _one(
            "answer lost after the work",
            "status",
            SILENT | GOOD | {"REFUSED"},
            opens=False,
            calls=[1],
            params={"status": 504, "after": True},
        ),
        _one("malformed syntax", "malformed", SPOILED, params={"shape": "syntax"}, needs=frozenset({"body"})),
        _one("mistyped fields", "malformed", SPOILED, params={"shape": "types"}, needs=frozenset({"body"})),
        _one("missing fields", "malformed", SPOILED, params={"shape": "missing"}, needs=frozenset({"body"})),
        _one("HTML login page with 200", "html", SPOILED, needs=frozenset({"body"})),
        _one("50 MB body", "oversize", frozenset({"GARBLED"})),
        _one("gzip bomb", "oversize", frozenset({"GARBLED"}), params={"gzip": True}),
        _one("wrong signature", "signature", FORGED, opens=None, needs=frozenset({"signature"})),
        _one(
            "moved signature", "signature", FORGED, opens=None, params={"how": "moved"}, needs=frozenset({"signature"})
        ),
        _one(
            "token expired once",
            "token_expired",
            frozenset({"REFUSED"}),
            opens=False,
            calls=[1],
            needs=frozenset({"token"}),
        ),
        _one("clock 10 minutes ahead", "skew", GOOD | FORGED | {"REFUSED"}, opens=None, params={"seconds": 600}),
        _one("clock 10 minutes behind", "skew", GOOD | FORGED | {"REFUSED"}, opens=None, params={"seconds": -600}),
        _one("partial answer", "partial", GOOD | FORGED, opens=None, true=False, needs=frozenset({"parts"})),
        _one(
            "partial with next-page mark",
            "partial",
            frozenset({"GARBLED"}),
            params={"mark": True},
            needs=frozenset({"pages"}),
        ),
        _one("duplicate page", "duplicate", GOOD, opens=False, needs=frozenset({"parts"})),
        _one("another citizen's record", "foreign", FORGED, opens=None, needs=frozenset({"owner"})),
    )
