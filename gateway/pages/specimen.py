"""Marks the pages of staging by a banner that leads to the exercises, and every answer by a header (ADR 0036)."""

import gzip

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.kernel import Language, state_language
from domain.kernel.messages import label

HEADER = ("x-specimen", "staging")
_BODY = b"<body>\n"


class SpecimenPages:
    """Puts the banner, in both languages, at the top of each HTML page."""

    def __init__(self, app: ASGIApp) -> None:
        languages = (state_language(), Language.EN)
        words = ((each.value, label("specimen.page", each), label("page.training.title", each)) for each in languages)
        self._banner = "".join(
            f'<p role="note" lang="{code}"><strong>{text}</strong> <a href="/training">{title}</a></p>\n'
            for code, text, title in words
        )
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page: Message | None = None

        async def send_marked(message: Message) -> None:
            nonlocal page
            if message["type"] == "http.response.start" and _is_page(message):
                page = message
                return
            if page is not None:
                headers, body = MutableHeaders(raw=page["headers"]), message.get("body", b"")
                if body:  # an answer to HEAD has none
                    if headers.get("content-encoding") == "gzip":
                        body = gzip.decompress(body)
                        del headers["content-encoding"]
                    body = body.replace(_BODY, _BODY + self._banner.encode(), 1)
                    headers["content-length"] = str(len(body))
                await send(page)
                message, page = {**message, "body": body}, None
            await send(message)

        await self._app(scope, receive, send_marked)


def _is_page(start: Message) -> bool:
    return MutableHeaders(raw=start["headers"]).get("content-type", "").startswith("text/html")
