"""Push URI: registers a certificate of ours in a locker (docs/contracts/digilocker.md section 4.3).

What the texts of `invalid_parameter` mean is in integrations/digilocker/issuer/inferred.py.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.identity.policy import Purpose
from integrations.calling.errors import Refused
from integrations.calling.policies import JSON_TYPES, CallPolicy
from integrations.calling.remote import Answer, Parts
from integrations.digilocker.digests import parameters_digest
from integrations.digilocker.issuer.inferred import ELSEWHERE, PUSH_TEXTS, URI_UNKNOWN
from integrations.digilocker.requester import wire
from integrations.digilocker.requester.models import DigiLockerSettings
from integrations.digilocker.requester.session import LockerSession

PATH = "/account/1/pushuri"
PUSH = CallPolicy(
    "digilocker.push_uri",
    wire.SOURCE,
    total=10.0,
    attempt=5.0,
    body_limit=64_000,
    keyed=True,
    breaker="push",
    purpose=Purpose.ISSUE_TO_LOCKER,
    accepts=JSON_TYPES | {"text/plain"},
)
"""Keyed by the URI: a second addition is answered as such and counts as done. The worker alone calls it.

No body is documented for what was taken, so a plain text is as good as none.
"""
POLICIES = (PUSH,)

NOT_TAKEN, NO_LOCKER = "invalid_parameter", "invalid_digilocker_id"
NOT_HELD = frozenset({NO_LOCKER, ELSEWHERE, URI_UNKNOWN})
"""Refusals after which the locker does not hold the certificate, however often it is asked."""


class PushAction(StrEnum):
    """What is done with the URI in the locker."""

    ADD = "A"
    UPDATE = "U"
    DELETE = "D"


@dataclass(frozen=True, slots=True)
class PushedUri:
    """A certificate as it is put into a locker. A deletion carries no contents."""

    locker_id: str = field(repr=False)
    uri: str
    description: str
    issued_on: date
    valid_until: date | None
    action: PushAction
    pdf: bytes | None = field(default=None, repr=False)
    xml: bytes | None = field(default=None, repr=False)


class UriPushing:
    """The issuer's way into lockers."""

    def __init__(self, line: LockerSession) -> None:
        self._line = line

    async def push(self, pushed: PushedUri) -> None:
        """Add a certificate of ours to a locker, update or delete it; may be repeated.

        Raises Refused: `uri_unknown` where the locker does not hold what is updated or deleted,
        `uri_in_another_account`, `invalid_digilocker_id`, or whatever else DigiLocker says.
        """
        settings, remote = self._line.settings, self._line.remote
        form = form_of(pushed, settings, remote.clock.now())
        parts = multipart_of(form) if settings.push_multipart else Parts(form=form)
        parts["judge"] = judge
        await remote.send(PUSH, "POST", settings.account_prefix + PATH, **parts)


def form_of(pushed: PushedUri, settings: DigiLockerSettings, at: datetime) -> Mapping[str, str]:
    """The fields with their digest; what is not known is left out of both. Raises Refused for a text that is no URI."""
    wire.issuer_of(pushed.uri)
    _, doctype, doc_id = pushed.uri.split("-", 2)
    values = {
        "clientid": settings.client_id,
        "digilockerid": pushed.locker_id,
        "uri": pushed.uri,
        "doctype": doctype,
        "description": pushed.description,
        "docid": doc_id,
        "issuedate": _day(pushed.issued_on),
        "validfrom": None,
        "validto": _day(pushed.valid_until),
        "action": pushed.action.value,
        "ts": str(int(at.timestamp())),
        "doccontent": _text(pushed.pdf),
        "datacontent": _text(pushed.xml),
    }
    sent = {name: value for name, value in values.items() if value is not None}
    return sent | {"hmac": parameters_digest(settings.client_secret, *values.values())}


def multipart_of(form: Mapping[str, str]) -> Parts:
    """The form as multipart/form-data (RFC 7578); the digest in the boundary makes it one that no value has."""
    boundary = f"apuni{form['hmac']}"
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in form.items()
    )
    content = "".join(parts) + f"--{boundary}--\r\n"
    return Parts(headers={"Content-Type": f"multipart/form-data; boundary={boundary}"}, content=content.encode())


def judge(answer: Answer) -> None:
    """Let what was taken pass, now or at an earlier attempt; raise the outcome of anything else."""
    if answer.status == 200:
        return
    if wire.error_code(answer) == NOT_TAKEN:
        body = json.loads(answer.content)
        words = str(body.get("error_description", "")).casefold()
        meant = [code for text, code in PUSH_TEXTS if text in words]
        if meant and meant[0] is None:
            return
        if meant and meant[0] is not None:
            raise Refused(wire.SOURCE, meant[0])
    raise wire.outcome(answer)


def _day(day: date | None) -> str | None:
    return day.strftime("%d%m%Y") if day else None


def _text(content: bytes | None) -> str | None:
    return base64.b64encode(content).decode() if content else None
