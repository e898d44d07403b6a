"""The file exchange with PFMS over REST, by the project's one caller (integrations/calling/remote.py).

The same promises as over SFTP: a file is looked for before it is sent, and again before any repeat; its name is the
key of the write; nothing is written over. What is said of paths and shapes is INFERRED (rest_wire.py).
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import structlog

from domain.kernel import Source
from integrations.calling.access_tokens import AccessTokens, Token, TokenEnded
from integrations.calling.answers import Answer
from integrations.calling.errors import Foreign, Garbled, NotLetIn, Refused, RemoteError, Unavailable, Unreadable
from integrations.calling.policies import XML_TYPES, Bulkhead, CallPolicy
from integrations.calling.remote import Remote
from integrations.dbt_finance.pfms import rest_wire as wire
from integrations.dbt_finance.pfms.exchange import (
    LARGEST_FILE,
    MOST_LISTED,
    IncomingFile,
    NameTaken,
    check_place,
    for_size,
)
from integrations.dbt_finance.pfms.models import INCOMING, OUTGOING, SELDOM, FileKind
from integrations.dbt_finance.pfms.names import is_safe
from integrations.dbt_finance.pfms.settings import RestSettings

T = TypeVar("T")
log = structlog.get_logger(__name__)

LANE = Bulkhead(places=4)
"""One bulkhead for all calls of the exchange, as over SFTP."""
GROUP = "rest"
"""A breaker of their own: while files go by both ways, one that is away does not stop the other."""
TOKEN = CallPolicy("pfms.rest_token", Source.PFMS, body_limit=16_000, breaker=GROUP, lane=LANE)
"""A token that was asked for twice does no harm: the first one ends by itself."""
SEND = CallPolicy(
    "pfms.rest_send", Source.PFMS, total=120.0, attempt=60.0, body_limit=64_000, keyed=True, breaker=GROUP, lane=LANE
)
"""Repeatable because the name of the file is its key; it is looked for before it is sent.

The size of the file gives it more time (pfms_exchange.for_size), as it does to FETCH.
"""
SENT = CallPolicy("pfms.rest_sent", Source.PFMS, body_limit=64_000, breaker=GROUP, lane=LANE)
LIST = CallPolicy("pfms.rest_list", Source.PFMS, total=30.0, attempt=15.0, breaker=GROUP, lane=LANE)
FETCH = CallPolicy(
    "pfms.rest_fetch",
    Source.PFMS,
    total=120.0,
    attempt=60.0,
    body_limit=LARGEST_FILE,
    breaker=GROUP,
    lane=LANE,
    accepts=XML_TYPES | {"text/plain"},
)
"""A return file of APBS is plain text."""
MOVE = CallPolicy("pfms.rest_move", Source.PFMS, body_limit=64_000, changes=True, breaker=GROUP, lane=LANE)
"""A file that was read, to the archive or, with its reason, aside. A second time changes nothing."""
POLICIES = (TOKEN, SEND, SENT, LIST, FETCH, MOVE)


class RestExchange:
    """A FileExchange over REST."""

    def __init__(self, remote: Remote, settings: RestSettings) -> None:
        self._remote = remote
        self._settings = settings
        self._tokens = AccessTokens(remote, self._request_token, early_seconds=30.0)
        self._sending = asyncio.Lock()

    async def send(self, kind: FileKind, name: str, content: bytes) -> None:
        check_place(kind, name, OUTGOING)
        if len(content) > LARGEST_FILE:
            raise ValueError("a file is too large to be sent")
        begun: list[bool] = []
        try:
            async with self._sending:  # one after the other: files that shared a slow line would all come too late
                await self._tokens.call_with_token(SEND, lambda token: self._put(token, kind, name, content, begun))
        except RemoteError as error:
            error.nothing_arrived = not begun
            raise

    async def is_sent(self, kind: FileKind, name: str) -> bool:
        check_place(kind, name, OUTGOING)
        return await self._tokens.call_with_token(SENT, lambda token: self._find_receipt(token, kind, name)) is not None

    async def is_taken(self, kind: FileKind, name: str) -> bool:
        check_place(kind, name, OUTGOING)
        found = await self._tokens.call_with_token(SENT, lambda token: self._find_receipt(token, kind, name))
        return found is not None and found.state == wire.RequestState.TAKEN.value

    async def list_incoming(self) -> list[IncomingFile]:
        async def list_all_kinds(token: str) -> list[IncomingFile]:
            return [each for kind in INCOMING for each in await self._ready(token, kind)]

        return await self._tokens.call_with_token(LIST, list_all_kinds)

    async def fetch(self, kind: FileKind, name: str, size: int = 0) -> bytes:
        check_place(kind, name, INCOMING)
        path, policy = wire.answer_path(kind, name), for_size(FETCH, size)
        return await self._tokens.call_with_token(policy, lambda token: self._ask(policy, "GET", path, _content, token))

    async def archive(self, kind: FileKind, name: str) -> None:
        check_place(kind, name, INCOMING)
        await self._move_answer(kind, name, wire.archive_path(kind, name), wire.Put.ARCHIVED, {})

    async def refuse(self, kind: FileKind, name: str, reason: str) -> None:
        check_place(kind, name, INCOMING)
        await self._move_answer(kind, name, wire.failed_path(kind, name), wire.Put.FAILED, {"reason": reason})

    async def aclose(self) -> None:
        """Nothing is held: the line belongs to whoever opened it."""

    async def _put(self, token: str, kind: FileKind, name: str, content: bytes, begun: list[bool]) -> None:
        """Put a file there; `begun` is filled before the first of its bytes may go."""
        digest = wire.digest_of(content)

        async def has_arrived() -> bool:
            return await self._same_is_there(token, kind, name, digest)

        def check_receipt(answer: Answer) -> None:
            receipt = _receipt_reader(kind, name)(answer)
            if receipt.digest != digest:  # what lies there is looked at before anything is believed
                raise Unreadable("other_digest")

        if await has_arrived():
            return
        begun.append(True)
        try:
            await self._remote.ask_once(
                for_size(SEND, len(content)),
                "PUT",
                wire.request_path(kind, name),
                check_receipt,
                confirm=has_arrived,
                headers={**wire.bearer(token), **wire.upload_headers(content)},
                content=content,
            )
        except NameTaken:  # since we looked, by us or by somebody else: what lies there says
            if not await has_arrived():
                raise Unavailable(Source.PFMS, "not_found_under_its_name") from None

    async def _same_is_there(self, token: str, kind: FileKind, name: str, digest: str) -> bool:
        found = await self._find_receipt(token, kind, name)
        if found is not None and found.digest != digest:
            raise NameTaken(Source.PFMS, wire.NAME_TAKEN)
        return found is not None

    async def _find_receipt(self, token: str, kind: FileKind, name: str) -> wire.Receipt | None:
        """Where a request is stored; None where PFMS has none of that name."""
        try:
            return await self._ask(SENT, "GET", wire.request_path(kind, name), _receipt_reader(kind, name), token)
        except Refused as error:
            if error.code == wire.NO_SUCH_FILE:
                return None
            raise

    async def _ready(self, token: str, kind: FileKind) -> list[IncomingFile]:
        """The files of a kind; none where PFMS has no folder for a kind that it need not have."""
        try:
            return await self._list_files(token, kind)
        except Refused as error:
            if kind in SELDOM and error.code in {wire.NO_SUCH_PLACE, wire.NO_SUCH_FILE}:
                return []
            raise

    async def _list_files(self, token: str, kind: FileKind) -> list[IncomingFile]:
        found: dict[str, int] = {}
        after, marks, odd = None, set[str](), 0

        def read(answer: Answer) -> wire.Page:
            _admit(answer)
            page = wire.page_of(answer)
            if page.following is not None and (page.following in marks or not page.files):  # it would never end
                raise Unreadable("page_mark")
            return page

        for _ in range(MOST_LISTED // wire.PAGE):
            params = wire.page_params(after)
            page = await self._ask(LIST, "GET", wire.inbox_path(kind), read, token, params=params)
            found |= {name: size for name, size in page.files if is_safe(name)}
            odd += sum(not is_safe(name) for name, _ in page.files)
            after = page.following
            if after is None:
                break
            marks.add(after)
        if odd:
            log.warning("pfms_files_with_odd_names", kind=kind.value, count=odd)
        return [IncomingFile(kind, name, found[name]) for name in sorted(found)]

    async def _move_answer(self, kind: FileKind, name: str, path: str, state: wire.Put, body: dict[str, str]) -> None:
        def read(answer: Answer) -> None:
            _admit(answer)
            receipt = wire.put_of(answer)
            if (receipt.kind, receipt.name, receipt.state) != (kind.value, name, state.value):
                raise Foreign("other_file")

        await self._tokens.call_with_token(MOVE, lambda token: self._ask(MOVE, "POST", path, read, token, json=body))

    async def _ask(
        self, policy: CallPolicy, method: str, path: str, read: Callable[[Answer], T], token: str, **parts: Any
    ) -> T:
        return await self._remote.ask(policy, method, path, read, headers=wire.bearer(token), **parts)

    async def _request_token(self) -> Token:
        own = self._settings
        headers = wire.basic(own.client_id, own.client_secret)
        return await self._remote.ask(TOKEN, "POST", wire.TOKEN_PATH, _read_token, headers=headers, form=wire.GRANT)


def _read_token(answer: Answer) -> Token:
    """RFC 6749 section 5.2 declines with 400 or 401, whichever of our credentials is wrong."""
    if answer.status >= 500:
        raise Unavailable(Source.PFMS, f"http_{answer.status}")
    if answer.status >= 400:
        raise NotLetIn(Source.PFMS, "login_refused")
    return wire.token_of(answer)


def _admit(answer: Answer) -> None:
    """Raise what an answer means that is no good one."""
    if answer.status < 300:
        return
    if answer.status == 401:
        raise TokenEnded(Source.PFMS, "token_refused")
    if answer.status == 403:
        raise NotLetIn(Source.PFMS, "permission")
    if answer.status >= 500:
        raise Unavailable(Source.PFMS, f"http_{answer.status}")
    code = wire.problem_of(answer)
    if code is None:  # a host that does not know us knows nothing of our files either
        raise Garbled(Source.PFMS, f"http_{answer.status}")
    if code == wire.NAME_TAKEN:
        raise NameTaken(Source.PFMS, code)
    raise Refused(Source.PFMS, code)


def _receipt_reader(kind: FileKind, name: str) -> Callable[[Answer], wire.Receipt]:
    def read(answer: Answer) -> wire.Receipt:
        _admit(answer)
        told = wire.standing_of(answer)
        if (told.kind, told.name) != (kind.value, name):
            raise Foreign("other_file")
        return told

    return read


def _content(answer: Answer) -> bytes:
    """The bytes of a file that are what their digest says."""
    _admit(answer)
    if wire.told_digest(answer) != wire.digest_of(answer.content):
        raise Foreign("content_digest")
    return answer.content


__all__ = ["FETCH", "LIST", "MOVE", "POLICIES", "SEND", "SENT", "TOKEN", "RestExchange"]
