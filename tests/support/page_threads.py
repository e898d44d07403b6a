"""Pages that a thread of their own serves, for tests whose browser runs in this one."""

import asyncio
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class PagesThread(ABC):
    """What `_serve` serves from `start` to `end`; it sets `_up` when it is ready, and ends after `_over` is set."""

    url: str = ""
    _up: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def start(self) -> None:
        """Come back when the pages are served."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        while not self._up.wait(0.05):
            assert self._thread.is_alive()

    def end(self) -> None:
        """Nothing answers at the address after this."""
        self._over.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    @abstractmethod
    async def _serve(self) -> None: ...
