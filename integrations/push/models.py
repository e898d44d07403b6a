"""What a push message is, and what Google and Apple handed over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from integrations.calling.onboarding import read_settings

PER_SECOND = 100.0


@dataclass(frozen=True, slots=True)
class PushMessage:
    """What a device shows on its lock screen, and by `notice` which message of the graph the app fetches then.

    `title` and `body` stand there as they are; `until` is when it is worth nothing any more. A later message of the
    same notice takes the place of an earlier one. `reference` names the attempt.
    """

    notice: str
    title: str
    body: str = field(repr=False)
    is_urgent: bool
    until: datetime
    reference: UUID


@dataclass(frozen=True, slots=True)
class FcmSettings:
    """Google's service account, by the names of its file of keys: `token_uri` gives tokens for it."""

    project_id: str
    client_email: str
    private_key_id: str
    private_key: RSAKey = field(repr=False)
    token_uri: str


@dataclass(frozen=True, slots=True)
class ApnsSettings:
    """Our key at Apple. `topic` is the app's bundle id, `url` the address of production or of development.

    `certificate` is the only authority, in PEM, that the server's certificate may come from; None for the usual ones.
    """

    team_id: str
    key_id: str
    topic: str
    url: str
    private_key: ECKey = field(repr=False)
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class PushSettings:
    """How devices are reached: by FCM, by APNs, or by both."""

    fcm: FcmSettings | None
    apns: ApnsSettings | None
    per_second: float = PER_SECOND
    """So many messages are given to each of both in a second, at most."""

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read what was handed over; raises KeyError or ValueError for what is missing or spoilt."""
        fcm, apns = given.get("service_account"), given.get("apns")
        if fcm is None and apns is None:
            raise KeyError("service_account or apns")
        google = apple = None
        try:
            if fcm is not None:
                google = read_settings(FcmSettings, fcm, private_key=RSAKey.import_key(str(fcm["private_key"])))
            if apns is not None:
                apple = read_settings(ApnsSettings, apns, private_key=ECKey.import_key(str(apns["private_key"])))
        except JoseError as error:
            raise ValueError("a private key") from error
        if apple is not None and apple.private_key.curve_name != "P-256":
            raise ValueError("the key of apns")
        per_second = float(given.get("per_second") or PER_SECOND)
        if not 0 < per_second <= 10_000:
            raise ValueError("per_second")
        return cls(google, apple, per_second)
