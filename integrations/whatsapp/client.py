"""Sends messages and files by WhatsApp's Cloud API, and fetches what people sent."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import httpx

from domain.feedback.whatsapp import TemplateState
from domain.kernel import Clock, Source
from integrations.calling.answers import Answer, read_as, refuse_status
from integrations.calling.errors import (
    Foreign,
    NeverSent,
    NotAsked,
    NotLetIn,
    Refused,
    RemoteError,
    Unavailable,
    Verdict,
)
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import PICTURE_TYPES, Bulkhead, CallPolicy, Priority
from integrations.calling.remote import Remote
from integrations.whatsapp import wire
from integrations.whatsapp.models import PER_SECOND, Content, Media, Template, WhatsAppSettings

_NO_STATUS: frozenset[int] = frozenset()
"""Every error has a code of its own in its body, which says more than its status."""
SEND = CallPolicy(
    "whatsapp.send",
    Source.WHATSAPP,
    total=10.0,
    attempt=10.0,
    repeatable=False,
    retry_statuses=_NO_STATUS,
    body_limit=20_000,
    priority=Priority.FIRST,
    breaker="send",
    lane=Bulkhead("send", per_second=50.0, burst=50),
    changes=True,
)
"""Never repeated: there is no key. 80 in a second may go and come (docs/contracts/whatsapp.md section 7)."""
NOTICE = replace(
    SEND, name="whatsapp.notice", lane=Bulkhead("notices", places=30, per_second=PER_SECOND, burst=int(PER_SECOND))
)
"""Templates, which carry notices, have places of their own, so that conversations wait behind none. The rate is that
of the onboarding, where it says one."""
FIND_MEDIA = CallPolicy(
    "whatsapp.media",
    Source.WHATSAPP,
    retry_statuses=_NO_STATUS,
    body_limit=20_000,
    breaker="media",
    lane=Bulkhead("media", places=4),
)
UPLOAD = replace(FIND_MEDIA, name="whatsapp.upload", total=40.0, attempt=20.0, changes=True)
"""May be repeated: a file that nothing names is forgotten there after 30 days."""
FETCH_MEDIA = CallPolicy(
    "whatsapp.media_file",
    Source.WHATSAPP,
    total=40.0,
    attempt=20.0,
    body_limit=16_000_000,
    breaker="media_host",
    lane=Bulkhead("media_host", places=4),
    accepts=PICTURE_TYPES,
)
LIST_TEMPLATES = CallPolicy(
    "whatsapp.templates",
    Source.WHATSAPP,
    total=30.0,
    attempt=10.0,
    retry_statuses=_NO_STATUS,
    body_limit=1_000_000,
    breaker="templates",
    lane=Bulkhead("templates", places=1),
)
FIND_NUMBER = replace(LIST_TEMPLATES, name="whatsapp.number", body_limit=20_000)
POLICIES = (SEND, NOTICE, UPLOAD, FIND_MEDIA, FETCH_MEDIA, LIST_TEMPLATES, FIND_NUMBER)
CODES = {code: verdict.value for code, verdict in wire.CODES.items()}
"""What WhatsApp's codes mean to us."""

PAIR_SECONDS, PAIR_BURST = 6.0, 10
"""One message in six seconds to one reader, of which so many may go at once (docs/contracts/whatsapp.md section 7)."""
LONGEST_PAIR_WAIT = timedelta(minutes=5)
MOST_PAIRS = 5_000
MOST_PAGES = 60
"""A business has 6,000 templates at most (docs/contracts/whatsapp.md section 7)."""
MEDIA_TYPE, TOO_LARGE = "MEDIA_TYPE", "TOO_LARGE"
"""Why a file is not fetched."""
HELD_AFTER = timedelta(minutes=5)
"""So long nothing goes after WhatsApp said that it takes none of ours."""


@dataclass(slots=True)
class _Pair:
    """What went to one reader: when the next message would go at an even rate, and until when none goes."""

    even_at: datetime
    held_until: datetime
    refusals: int = 0


class WhatsApp:
    """Our number. Readers are ten digits in India."""

    def __init__(self, settings: WhatsAppSettings, remote: Remote, media: Remote, media_origin: str) -> None:
        self._settings, self._remote, self._media = settings, remote, media
        self._notice = NOTICE.at_rate(settings.per_second)
        self._origin = media_origin.rstrip("/")
        self._pairs = _Pairs(remote.clock)
        self._held_until = remote.clock.now()

    @property
    def per_second(self) -> float:
        """So many notices go in a second beside conversations."""
        return self._settings.per_second

    async def send(self, to: str, content: Content, tag: str | None = None) -> str:
        """Send something to a reader; its id, by which its state is reported under `tag`.

        Raises Refused where it can never arrive, with code 131026 where the number is not on WhatsApp. Of another
        RemoteError `nothing_arrived` says that WhatsApp does not have it.
        """
        now = self._remote.clock.now()
        wait = max((self._held_until - now).total_seconds(), self._pairs.wait_seconds(to))
        if wait > 0:
            raise _unsent(NotAsked(Source.WHATSAPP, "held", retry_after=wait))
        try:
            body = wire.message(to, content, tag)
            policy = self._notice if isinstance(content, Template) else SEND
            sent = await self._remote.ask(
                policy, "POST", self._path("messages"), _read_sent, json=body, headers=self._bearer
            )
        except RemoteError as error:
            self._note(to, error)
            raise
        self._pairs.count(to)
        return sent

    async def upload(self, content: bytes, media_type: str, name: str) -> str:
        """Bring a file to WhatsApp; its id, by which it can be sent for 30 days. Raises RemoteError."""
        form = {"messaging_product": "whatsapp", "type": media_type}
        parts = httpx.Request("POST", "/", data=form, files={"file": (name, content, media_type)})
        headers = {**self._bearer, "Content-Type": parts.headers["content-type"]}
        return await self._remote.ask(
            UPLOAD, "POST", self._path("media"), _read_uploaded_id, content=parts.read(), headers=headers
        )

    async def download(self, media_id: str) -> Media:
        """A file that somebody sent. Raises RemoteError; Garbled where it is not the one that WhatsApp described.

        What is no picture or PDF, or is too large, is Refused without being fetched, with MEDIA_TYPE or TOO_LARGE.
        """
        query = {"phone_number_id": self._settings.phone_number_id}
        path = f"/{self._settings.version}/{media_id}"
        url, sha256, media_type = await self._remote.ask(
            FIND_MEDIA, "GET", path, self._media_place, params=query, headers=self._bearer
        )
        found = await self._media.send(FETCH_MEDIA, "GET", url, headers=self._bearer, judge=_refuse_status)
        return read_as(Source.WHATSAPP, lambda body: wire.check_media(body, media_type, sha256), found.content)

    async def templates(self) -> list[TemplateState]:
        """The registered texts of our account as they are now. Raises RemoteError."""
        path, after, states = f"/{self._settings.version}/{self._settings.account_id}/message_templates", "", []
        for _ in range(MOST_PAGES):
            query = {
                "fields": "name,language,status,quality_score",
                "limit": "100",
                **({"after": after} if after else {}),
            }
            found, after = await self._remote.ask(
                LIST_TEMPLATES, "GET", path, self._read_templates, params=query, headers=self._bearer
            )
            states += found
            if not after:
                break
        return states

    async def state(self) -> TemplateState:
        """Our number as it is now. Raises RemoteError."""
        query = {"fields": "display_phone_number,quality_rating,status"}
        return await self._remote.ask(
            FIND_NUMBER, "GET", self._path("").rstrip("/"), self._read_number, params=query, headers=self._bearer
        )

    def _read_number(self, answer: Answer) -> TemplateState:
        _refuse_error(answer)
        return wire.read_number(answer.content, self._remote.clock.now())

    def _read_templates(self, answer: Answer) -> tuple[list[TemplateState], str]:
        _refuse_error(answer)
        return wire.read_templates(answer.content, self._remote.clock.now())

    @property
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._settings.access_token}"}

    def _path(self, name: str) -> str:
        return f"/{self._settings.version}/{self._settings.phone_number_id}/{name}"

    def _media_place(self, answer: Answer) -> tuple[str, str, str]:
        """Path, SHA-256 and media type of a file; Foreign where it does not lie where files are agreed to."""
        _refuse_error(answer)
        url, sha256, media_type, size = wire.read_media(answer.content)
        if media_type not in FETCH_MEDIA.accepts:
            raise Refused(Source.WHATSAPP, MEDIA_TYPE)
        if size > FETCH_MEDIA.body_limit:
            raise Refused(Source.WHATSAPP, TOO_LARGE)
        if not url.startswith(f"{self._origin}/"):
            raise Foreign("url")
        return url.removeprefix(self._origin), sha256, media_type

    def _note(self, to: str, error: RemoteError) -> None:
        """What came of a try: whether WhatsApp surely has nothing, and who is to wait."""
        if isinstance(error, NeverSent) or (isinstance(error, NotAsked) and error.code != "timed_out"):
            _unsent(error)
        if error.code == wire.PAIR_FULL:
            error.retry_after = self._pairs.hold(to)
        elif error.code in wire.HOLDING:
            self._held_until = self._remote.clock.now() + HELD_AFTER
            error.retry_after = HELD_AFTER.total_seconds()


class _Pairs:
    """The rate of each reader in this process; who was written to longest ago is forgotten first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[str, _Pair] = OrderedDict()

    def wait_seconds(self, to: str) -> float:
        """How long the next message to a reader has to wait; 0 or less for not at all."""
        pair, now = self._known.get(to), self._clock.now()
        if pair is None:
            return 0.0
        ahead = timedelta(seconds=PAIR_SECONDS * (PAIR_BURST - 1))
        return max((pair.even_at - ahead - now).total_seconds(), (pair.held_until - now).total_seconds())

    def count(self, to: str) -> None:
        """Note that a message went."""
        pair = self._pair(to)
        pair.even_at = max(pair.even_at, self._clock.now()) + timedelta(seconds=PAIR_SECONDS)
        pair.refusals = 0

    def hold(self, to: str) -> float:
        """Let nothing go to a reader for a while, longer each time; the seconds."""
        pair = self._pair(to)
        wait = min(timedelta(seconds=PAIR_SECONDS * 2.0**pair.refusals), LONGEST_PAIR_WAIT)
        pair.refusals = min(pair.refusals + 1, 10)
        pair.held_until = self._clock.now() + wait
        return wait.total_seconds()

    def _pair(self, to: str) -> _Pair:
        now = self._clock.now()
        pair = self._known.setdefault(to, _Pair(now, now))
        self._known.move_to_end(to)
        if len(self._known) > MOST_PAIRS:
            self._known.popitem(last=False)
        return pair


_refuse_status = partial(refuse_status, Source.WHATSAPP)


def _unsent(error: RemoteError) -> RemoteError:
    error.nothing_arrived = True
    return error


def _refuse_error(answer: Answer) -> None:
    """Raise what an error means by its code; an error says that nothing was taken."""
    code = wire.read_error(answer.content) if answer.status >= 300 else None
    if code is None:
        _refuse_status(answer)
        return
    verdict = wire.verdict_of(code)
    if verdict is Verdict.AGAIN:
        raise _unsent(Unavailable(Source.WHATSAPP, code))
    if verdict is Verdict.ALARM:
        raise _unsent(NotLetIn(Source.WHATSAPP, code))
    if verdict is None and answer.status >= 500:
        raise Unavailable(Source.WHATSAPP, code)
    raise Refused(Source.WHATSAPP, code)


def _read_sent(answer: Answer) -> str:
    _refuse_error(answer)
    return wire.read_sent(answer.content)


def _read_uploaded_id(answer: Answer) -> str:
    _refuse_error(answer)
    return wire.read_media_id(answer.content)


async def open_clients(opening: Opening) -> Clients:
    """Our number; files are fetched from the address `media_url` of the onboarding."""
    settings = opening.read_onboarding(WhatsAppSettings.from_onboarding)
    origin = opening.read_onboarding(lambda given: str(given["media_url"]))
    return {"whatsapp": WhatsApp(settings, await opening.remote(), await opening.remote(origin), origin)}
