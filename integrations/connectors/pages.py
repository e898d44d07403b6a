"""Turns the pages of a list: by page, offset, cursor or link, at most as many as the file says."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from domain.kernel import Source
from integrations.calling.errors import Garbled
from integrations.connectors.file import MOST_ROWS, Pages
from integrations.connectors.paths import compile_path
from integrations.connectors.readers import word_at
from integrations.connectors.records import Row, Rows
from integrations.connectors.requests import Prepared

Ask = Callable[[Prepared], Awaitable[tuple[Rows, Any]]]
"""Asks for one page: its rows, and what its paths begin at."""


class PageTurner:
    """Turns the pages of one list at an address."""

    def __init__(self, source: Source, pages: Pages, base_url: str, *, xml: bool) -> None:
        self._source, self._pages, self._base_url = source, pages, base_url
        self._total = None if pages.total is None else compile_path(pages.total, xml=xml)
        self._next = None if pages.next is None else compile_path(pages.next, xml=xml)

    @property
    def beginning(self) -> dict[str, str]:
        """The parameters of the first page."""
        pages = self._pages
        counted = {pages.parameter: str(pages.first)} if pages.style in ("page", "offset") else {}
        return counted | ({pages.size_parameter: str(pages.size)} if pages.size else {})

    async def read_all(self, first: Prepared, ask: Ask) -> Rows:
        """The rows of all pages; not complete where more are left. Raises as one page does."""
        found: list[Row] = []
        prepared: Prepared | None = first
        for _ in range(self._pages.most):
            if prepared is None or len(found) > MOST_ROWS:
                break
            rows, node = await ask(prepared)
            found += rows.rows
            if not rows.complete:
                break
            following = None if node is None else self._next_request(prepared, node, found, rows)
            if not rows.rows and self._total is not None and following is not None:
                break  # the system says that there are more, and gives none
            prepared = following if rows.rows else None
        return Rows(tuple(found[:MOST_ROWS]), prepared is None and len(found) <= MOST_ROWS)

    def _next_request(self, prepared: Prepared, node: Any, found: list[Row], rows: Rows) -> Prepared | None:
        """The request for the page after this one; None where it was the last."""
        pages = self._pages
        if pages.style in ("page", "offset"):
            total = None if self._total is None else _number(word_at(self._total(node)))
            if len(found) >= total if total is not None else len(rows.rows) < pages.size:
                return None
            page = _number(dict(parse_qsl(prepared.query)).get(pages.parameter, "")) or 0
            place = pages.first + len(found) if pages.style == "offset" else page + 1
            return _with_parameter(prepared, pages.parameter, str(place))
        said = "" if self._next is None else word_at(self._next(node))
        if not said:
            return None
        return (
            _with_parameter(prepared, pages.parameter, said)
            if pages.style == "cursor"
            else self._follow_link(prepared, said)
        )

    def _follow_link(self, prepared: Prepared, link: str) -> Prepared:
        """The request of a link, which leads to the same origin: our proofs go with it."""
        own = urlsplit(self._base_url)
        try:
            parts = urlsplit(urljoin(self._base_url + prepared.target, link))
        except ValueError:
            raise Garbled(self._source, "link_elsewhere") from None
        if (parts.scheme, parts.netloc) != (own.scheme, own.netloc) or not parts.path.startswith(own.path):
            raise Garbled(self._source, "link_elsewhere")
        return replace(prepared, path=parts.path.removeprefix(own.path), query=parts.query)


def _with_parameter(prepared: Prepared, name: str, value: str) -> Prepared:
    kept = [part for part in prepared.query.split("&") if part and part.partition("=")[0] != quote(name, safe="")]
    return replace(prepared, query="&".join([*kept, f"{quote(name, safe='')}={quote(value, safe='')}"]))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
