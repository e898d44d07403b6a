"""Keeps the requests of registered apps, each named by its key, in the log that its developer reads.

Nothing of the person is in it: neither variables nor the document, neither session nor address. A request without
a key, or with one that no app has, is not kept.
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from actions.kernel import Environment
from actions.platform.registered_apps import key_hash
from domain.platform.registered_apps import AppRequest
from gateway.http.calls import OperationRecord
from store.database import Transaction
from store.platform import registered_apps

KEY_HEADER = "x-app-key"
VERSION_HEADERS = ("x-client-version", "apollographql-client-version")
LOG_SECONDS = 2.0
"""How often requests are kept; those of a process that is killed in between are lost."""

MOST_WAITING, LONGEST_KEY = 1000, 64
"""Requests that wait for it at most, the oldest of which give way, and characters of a key."""

_NAME, _VERSION = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}"), re.compile(r"[0-9A-Za-z.+-]{1,40}")


class AppRequestLog:
    """The requests of this process that are still to be kept."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._waiting: deque[tuple[str, AppRequest]] = deque(maxlen=MOST_WAITING)

    def note(self, headers: Mapping[str, str], request_id: str, record: OperationRecord) -> None:
        """Remember a request that bore the key of an app."""
        key = headers.get(KEY_HEADER, "")
        if not 0 < len(key) <= LONGEST_KEY:
            return
        name = record.name or ""
        version = next((headers[one] for one in VERSION_HEADERS if one in headers), "")
        request = AppRequest(
            id=self._env.ids.key(),
            app_id="",
            request_id=request_id,
            sent_at=self._env.clock.now(),
            operation=name if _NAME.fullmatch(name) else None,
            version=version if _VERSION.fullmatch(version) else None,
            status=record.status,
            milliseconds=round(record.seconds * 1000),
            codes=tuple(dict.fromkeys(record.codes)),
        )
        self._waiting.append((key_hash(key), request))

    async def flush(self) -> None:
        """Keep what is waiting, of keys that an app has. Raises StoreError, and keeps it for the next time."""
        waiting = list(self._waiting)
        if not waiting:
            return

        async def work(tx: Transaction) -> None:
            apps = await registered_apps.of_keys(tx, sorted({key for key, _ in waiting}))
            logged = [replace(one, app_id=apps[key]) for key, one in waiting if key in apps]
            await registered_apps.log_requests(tx, logged)

        self._waiting.clear()
        try:
            await self._env.store.carry_out(work)
        except BaseException:
            self._waiting.extendleft(reversed(waiting))
            raise
