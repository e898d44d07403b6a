"""Models of UMANG's endpoint: allowed callers, the contents of a call, and the answer.

Source: docs/contracts/umang.md section 5.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from domain.kernel.state import installed_state
from integrations.calling.caller_authentication import FAILURES_A_MINUTE
from integrations.umang.models import EnvelopeKeys

READS = (
    "getServices",
    "getServiceDetail",
    "getForm",
    "getMyApplications",
    "getApplicationStatus",
    "getCertificate",
    "getBenefits",
)
WRITES = ("applyService", "attachDocument", "initiatePayment", "fileAppeal", "postFeedback")
OPERATIONS = (*READS, *WRITES)
"""Every operation. getServiceDetail, getForm, attachDocument and initiatePayment are ours, in the same envelope."""

PUBLIC = frozenset({"getServices", "getServiceDetail", "getForm"})
"""What everybody may know: it is answered without an assertion, and for an account that is not linked."""

SERVICES: Mapping[str, str] = {
    "2101": "getApplicationStatus",
    "2102": "getServices",
    "2103": "getMyApplications",
    "2104": "applyService",
    "2105": "getCertificate",
    "2106": "getBenefits",
    "2107": "fileAppeal",
    "2108": "postFeedback",
    "2109": "getServiceDetail",
    "2110": "getForm",
    "2111": "attachDocument",
    "2112": "initiatePayment",
}
"""INFERRED: which service id stands for which operation, until NeGD allots them; 2101 is the contract's own sample."""

HEADERS = ("deptid", "srvid", "subsid", "subsid2", "formtrkr")
"""The routing headers; a call that lacks one is refused."""

SIGNATURE, USER, REQUEST_ID, KEY = "x-umang-signature", "x-umang-user", "x-request-id", "x-api-key"

ASSERTION_SECONDS = 300
HANDOFF_SECONDS = 120
SKEW_SECONDS = 300
"""How old or early a signature may be."""

_DIGITS = re.compile(r"[0-9]{1,10}")
_LEAST_SECRET = 32
_LEAST_BITS = 2048


@dataclass(frozen=True, slots=True)
class UmangEndpointSettings:
    """What was agreed with NeGD. Two keys, two secrets and two assertion keys may live during a change-over.

    `user_keys` are PEM public keys by `kid`; `services` says which operation a service id stands for; `networks` are
    the caller's addresses, none for any; `envelope` is there where bodies may be encrypted, `sealed_only` where they
    must be. `daily` calls a day, `per_second` with a burst of `burst` (all INFERRED,
    docs/contracts/umang.md section 6); `failures_a_minute` is of wrong keys, by address. `targets` are the pages that a
    hand-off may lead to.
    """

    api_keys: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    user_keys: Mapping[str, str]
    deptid: str = "905"
    services: Mapping[str, str] = field(default_factory=lambda: SERVICES)
    audience: str = field(default_factory=lambda: installed_state().issuer_id)
    networks: tuple[str, ...] = ()
    envelope: EnvelopeKeys | None = None
    sealed_only: bool = False
    per_second: float = 10.0
    burst: float = 20.0
    daily: int = 1_000_000
    failures_a_minute: int = FAILURES_A_MINUTE
    body_limit: int = 100_000
    targets: tuple[str, ...] = ("/sign-in/accounts", "/sign-in/devices", "/track", "/dashboard", "/forms")

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any], times: int = 1) -> Self:
        """Read `door`; without it every call is rejected. `times` multiplies the rate limits.

        Raises KeyError or ValueError where a part is missing or unfit.
        """
        own = given.get("door")
        if own is None:
            return cls((), (), {})
        keys, secrets = (tuple(str(one) for one in own[name]) for name in ("api_keys", "secrets"))
        if not keys or not secrets or not own["user_keys"] or min(map(len, (*keys, *secrets))) < _LEAST_SECRET:
            raise ValueError("keys")
        _refuse_unfit_keys(own["user_keys"].values())
        services = {str(srvid): str(operation) for srvid, operation in own.get("services", SERVICES).items()}
        if set(services.values()) - set(OPERATIONS) or not all(map(_DIGITS.fullmatch, services)):
            raise ValueError("services")
        plain = cls(keys, secrets, {str(kid): str(key) for kid, key in own["user_keys"].items()})
        return cls(
            keys,
            secrets,
            plain.user_keys,
            deptid=str(own.get("deptid", plain.deptid)),
            services=services,
            audience=str(own.get("audience", plain.audience)),
            networks=tuple(str(one) for one in own.get("networks", ())),
            envelope=_envelope(own.get("envelope")),
            sealed_only=bool(own.get("sealed_only", False)),
            per_second=float(own.get("per_second", plain.per_second)) * times,
            burst=float(own.get("burst", plain.burst)) * times,
            daily=int(own.get("daily", plain.daily)) * times,
            failures_a_minute=FAILURES_A_MINUTE * times,
            targets=tuple(str(one) for one in own.get("targets", plain.targets)),
        )


def _refuse_unfit_keys(pems: Iterable[Any]) -> None:
    """Raise ValueError for what is no RSA public key, or one below 2048 bits."""
    for pem in pems:
        try:
            key = RSAKey.import_key(str(pem))
        except JoseError as error:
            raise ValueError("user_keys") from error
        if key.public_key.key_size < _LEAST_BITS:
            raise ValueError("user_keys")


def _envelope(given: Mapping[str, Any] | None) -> EnvelopeKeys | None:
    if given is None:
        return None
    return EnvelopeKeys(str(given["key_id"]), str(given["private_key"]), str(given["public_key"]))


@dataclass(frozen=True, slots=True)
class UserAssertion:
    """Whom UMANG vouches for, from a checked `x-umang-user`. `mobile` is ten digits, `mpid` a MeriPehchaan id."""

    subject: str = field(repr=False)
    mobile: str = field(repr=False)
    mpid: str | None = field(repr=False)
    jti: str
    until: datetime


@dataclass(frozen=True, slots=True)
class UmangCall:
    """A call that passed every check that needs no record. `body_hash` is that of what was asked, in clear."""

    operation: str
    srvid: str
    tracker: str
    language: str
    parameters: Mapping[str, Any] = field(repr=False)
    body_hash: str
    user: UserAssertion | None

    @property
    def writes(self) -> bool:
        """Whether it changes something, and is done once for its tracker."""
        return self.operation in WRITES


@dataclass(frozen=True, slots=True)
class UmangReply:
    """The four fields of an answer, and the HTTP status beside it. `wait` is in seconds, for `Retry-After`."""

    code: str
    text: str
    payload: Any = None
    success: bool = False
    status: int = 200
    wait: int | None = None


class Desk(Protocol):
    """The protocol that implements the endpoint. Both methods raise TemporarilyUnavailable."""

    async def spend(self, user: UserAssertion) -> bool:
        """Use an assertion up; False where it was used before."""

    async def answer(self, call: UmangCall) -> UmangReply:
        """Answer a call."""


Fields = Sequence[Mapping[str, str]]
"""What is wrong with which field: `field`, `code`, and `message` in the asked language."""
