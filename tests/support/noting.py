"""A way to PFMS that notes what it is asked, and loses what it is told to."""

from typing import Any

from domain.kernel import Source
from integrations.calling.errors import Unavailable
from integrations.dbt_finance.pfms.models import FileKind


class Noting:
    """`loses` names what is lost: the `file`, the `answer` that it came, `all` that is fetched; None for nothing."""

    def __init__(self, inner: Any, loses: str | None = None) -> None:
        self.inner = inner
        self.asked: list[str] = []
        self.loses = loses

    async def send(self, kind: FileKind, name: str, content: bytes) -> None:
        self.asked.append("send")
        if self.loses == "file":
            raise Unavailable(Source.PFMS, "unreachable")
        await self.inner.send(kind, name, content)
        if self.loses == "answer":
            raise Unavailable(Source.PFMS, "timed_out")

    async def is_sent(self, kind: FileKind, name: str) -> bool:
        self.asked.append("sent")
        return bool(await self.inner.is_sent(kind, name))

    async def list_incoming(self) -> Any:
        if self.loses == "all":
            raise Unavailable(Source.PFMS, "unreachable")
        return await self.inner.list_incoming()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
