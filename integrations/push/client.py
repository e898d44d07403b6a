"""Sends push messages: by FCM over HTTP/1.1, by APNs over one connection of HTTP/2."""

import ssl
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from domain.identity.push_devices import PushPlatform
from domain.kernel import Source
from integrations.calling.access_tokens import AccessTokens, Token, TokenEnded
from integrations.calling.answers import Answer, refuse_status, retry_after_seconds
from integrations.calling.errors import NeverSent, NotAsked, NotLetIn, Refused, RemoteError, Unavailable, Verdict
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import Bulkhead, CallPolicy, Priority
from integrations.calling.remote import Remote
from integrations.push import wire
from integrations.push.models import PER_SECOND, ApnsSettings, FcmSettings, PushMessage, PushSettings

_NO_STATUS: frozenset[int] = frozenset()
"""Every error has a code of its own in its body, which says more than its status."""
FCM_TOKEN = CallPolicy(
    "push.fcm.token",
    Source.PUSH,
    body_limit=20_000,
    priority=Priority.FIRST,
    breaker="fcm",
    lane=Bulkhead("fcm_token", places=2),
)
FCM_SEND = CallPolicy(
    "push.fcm.send",
    Source.PUSH,
    total=10.0,
    attempt=10.0,
    repeatable=False,
    retry_statuses=_NO_STATUS,
    body_limit=20_000,
    breaker="fcm",
    lane=Bulkhead("fcm", places=20, per_second=PER_SECOND, burst=int(PER_SECOND)),
    changes=True,
)
"""Never repeated: there is no key. A project has 600,000 in a minute (docs/contracts/messages.md section 6.1)."""
APNS_SEND = replace(FCM_SEND, name="push.apns.send", breaker="apns", lane=replace(FCM_SEND.lane, name="apns"))
"""Never repeated: `apns-id` names a message and keeps none from coming twice."""
POLICIES = (FCM_TOKEN, FCM_SEND, APNS_SEND)
CODES = {code: verdict.value for code, verdict in wire.CODES.items()}
"""What the codes of FCM and APNs mean to us."""

EARLY_SECONDS = 300.0
"""An access token that ends within these is not used any more."""
QUOTA_SECONDS = 60.0
"""So long nothing goes to FCM after its quota was used up, unless it says otherwise."""
PROVIDER_TOKEN_LIFE, RENEWED_AFTER = timedelta(hours=1), timedelta(minutes=20)
"""A provider token is renewed after 40 minutes: APNs takes none older than an hour, and no new one within 20 minutes
(docs/contracts/messages.md section 6.2)."""


class DeviceGone(Refused):
    """The device takes messages no more, `since` a moment where the provider tells it: its token is to be forgotten."""

    since: datetime | None = None


class Fcm:
    """Our project at Google."""

    def __init__(self, settings: FcmSettings, remote: Remote, tokens: Remote, per_second: float = PER_SECOND) -> None:
        self._settings, self._remote = settings, remote
        self._send = FCM_SEND.at_rate(per_second)
        self._path = f"/v1/projects/{settings.project_id}/messages:send"
        self._token_remote = tokens
        self._tokens = AccessTokens(remote, self._ask_token, early_seconds=EARLY_SECONDS)
        self._held_until = remote.clock.now()

    async def send(self, token: str, message: PushMessage) -> str:
        """Send to one device; FCM's name for it. Raises as `Push.send`."""
        now = self._remote.clock.now()
        if now < self._held_until:
            raise NotAsked(Source.PUSH, "held", retry_after=(self._held_until - now).total_seconds())
        body = wire.fcm_message(token, message, now)

        async def ask(bearer: str) -> str:
            headers = {"Authorization": f"Bearer {bearer}"}
            return await self._remote.ask(self._send, "POST", self._path, _read_fcm, json=body, headers=headers)

        try:
            return await self._tokens.call_with_token(self._send, ask)
        except Unavailable as error:
            if error.code == "QUOTA_EXCEEDED":
                error.retry_after = error.retry_after or QUOTA_SECONDS
                self._held_until = now + timedelta(seconds=error.retry_after)
            raise

    async def _ask_token(self) -> Token:
        form = wire.assertion(self._settings, self._remote.clock.now())
        try:
            return await self._token_remote.ask(FCM_TOKEN, "POST", "", _read_token, form=form)
        except RemoteError as error:
            error.nothing_arrived = True
            raise


class Apns:
    """Our app at Apple."""

    def __init__(self, settings: ApnsSettings, remote: Remote, per_second: float = PER_SECOND) -> None:
        self._settings, self._remote = settings, remote
        self._send = APNS_SEND.at_rate(per_second)
        early = (PROVIDER_TOKEN_LIFE - 2 * RENEWED_AFTER).total_seconds()
        self._tokens = AccessTokens(remote, self._make_token, early_seconds=early)
        self._made: tuple[Token, datetime] | None = None

    @property
    def topic(self) -> str:
        """The app that it reaches."""
        return self._settings.topic

    async def send(self, token: str, message: PushMessage) -> str:
        """Send to one device; our name for it. Raises as `Push.send`."""
        headers, body = wire.apns_headers(self._settings, message), wire.apns_payload(message)

        async def ask(bearer: str) -> str:
            signed = {**headers, "Authorization": f"bearer {bearer}"}
            await self._remote.ask(self._send, "POST", f"/3/device/{token}", _refuse_apns, json=body, headers=signed)
            return str(message.reference)

        return await self._tokens.call_with_token(self._send, ask)

    async def _make_token(self) -> Token:
        """A new one; within 20 minutes the same again, since APNs would take neither."""
        now = self._remote.clock.now()
        if self._made is None or now - self._made[1] >= RENEWED_AFTER:
            made = wire.provider_token(self._settings, now)
            self._made = Token(made, PROVIDER_TOKEN_LIFE.total_seconds()), now
        return self._made[0]


class Push:
    """Google and Apple, of which one may be missing."""

    def __init__(self, fcm: Fcm | None, apns: Apns | None, per_second: float = PER_SECOND) -> None:
        self.per_second = per_second
        self._topic = apns.topic if apns else None
        self._senders: dict[PushPlatform, Callable[[str, PushMessage], Awaitable[str]]] = {}
        if fcm is not None:
            self._senders[PushPlatform.ANDROID] = fcm.send
        if apns is not None:
            self._senders[PushPlatform.IOS] = apns.send

    @property
    def platforms(self) -> Collection[PushPlatform]:
        """The platforms whose devices are reached."""
        return self._senders.keys()

    def reaches(self, platform: PushPlatform, app: str) -> bool:
        """Whether that app is reached there: by APNs it is one alone."""
        return platform in self._senders and (platform is not PushPlatform.IOS or app == self._topic)

    async def send(self, platform: PushPlatform, token: str, message: PushMessage) -> str:
        """Give a message for one device to its provider; the name that the message has there.

        Raises DeviceGone where the device takes none any more, Refused where this one can never arrive. Of another
        RemoteError `nothing_arrived` says that the provider does not have it.
        """
        sender = self._senders.get(platform)
        if sender is None:
            raise Refused(Source.PUSH, "not_connected")
        try:
            return await sender(token, message)
        except RemoteError as error:
            unasked = isinstance(error, NotAsked) and error.code != "timed_out"
            if unasked or isinstance(error, NeverSent | NotLetIn):
                error.nothing_arrived = True
            raise


def _read_token(answer: Answer) -> Token:
    refuse_status(Source.PUSH, answer, ours=range(201, 500))
    return wire.read_token(answer.content)


def _read_fcm(answer: Answer) -> str:
    if answer.status != 200:
        code = wire.read_fcm_error(answer.content)
        if code == "UNAUTHENTICATED":
            raise TokenEnded(Source.PUSH, code)
        _raise_meaning(answer, code)
    return wire.read_fcm(answer.content)


def _refuse_apns(answer: Answer) -> None:
    if answer.status != 200:
        code, since = wire.read_apns_error(answer.content)
        if code == "ExpiredProviderToken":
            raise TokenEnded(Source.PUSH, code)
        _raise_meaning(answer, code, since)


def _raise_meaning(answer: Answer, code: str | None, since: datetime | None = None) -> None:
    """Raise what an error means by its code; an error with a code that is known says that nothing was taken."""
    verdict = wire.CODES.get(code or "")
    if code is None or verdict is None:
        refuse_status(Source.PUSH, answer, ours=range(201, 500), code=code)
        return
    if verdict is Verdict.AGAIN:
        again = Unavailable(Source.PUSH, code, retry_after=retry_after_seconds(answer))
        again.nothing_arrived = True
        raise again
    if code in wire.DEAD:
        gone = DeviceGone(Source.PUSH, code)
        gone.since = since
        raise gone
    raise (NotLetIn if verdict is Verdict.ALARM else Refused)(Source.PUSH, code)


async def open_clients(opening: Opening) -> Clients:
    """Those of both whose keys were handed over; FCM is at the address of the settings."""
    own, fcm, apns = opening.read_onboarding(PushSettings.from_onboarding), None, None
    if own.fcm is not None:
        fcm = Fcm(own.fcm, await opening.remote(), await opening.remote(own.fcm.token_uri), own.per_second)
    if own.apns is not None:
        trusted = ssl.create_default_context(cadata=own.apns.certificate)
        apns = Apns(own.apns, await opening.remote(own.apns.url, http2=trusted), own.per_second)
    return {"push": Push(fcm, apns, own.per_second)}
