"""The incidents of the status page as an Atom feed (RFC 4287)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from lxml import etree

from domain.kernel import Language
from domain.kernel.messages import Texts, label
from domain.platform.incidents import Incident

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
_TEXTS = Texts("page.status")


def as_atom(incidents: Sequence[Incident], language: Language, url: str, now: datetime) -> bytes:
    """The feed in one language; an entry keeps its id for life, and is updated as its incident is."""
    page = f"{url}/status?language={language.value}"
    feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", language.value)
    title = label("page.status.title", language)
    updated = max((one.updated_at for one in incidents), default=now)
    _add(feed, "id", page)
    _add(feed, "title", title)
    _add(feed, "updated", _moment(updated))
    _add(_add(feed, "author"), "name", title)
    _add(feed, "link", rel="self", type="application/atom+xml", href=f"{url}/status/feed?language={language.value}")
    _add(feed, "link", rel="alternate", type="text/html", href=page)
    for one in incidents:
        _entry(feed, one, language, page)
    return etree.tostring(feed, xml_declaration=True, encoding="UTF-8")


def _entry(feed: etree._Element, one: Incident, language: Language, page: str) -> None:
    about = label(f"source.{one.source.value}", language) if one.source else label("page.status.portal", language)
    state = _TEXTS.over if one.ended_at else _TEXTS.lasts
    meanwhile = f"{_TEXTS.meanwhile.in_language(language)} {one.meanwhile.in_language(language)}"
    entry = _add(feed, "entry")
    _add(entry, "id", f"urn:uuid:{one.id}")
    _add(entry, "title", f"{about}: {one.title.in_language(language)} ({state.in_language(language)})")
    _add(entry, "published", _moment(one.began_at))
    _add(entry, "updated", _moment(one.updated_at))
    _add(entry, "link", rel="alternate", type="text/html", href=f"{page}#incident-{one.id}")
    _add(entry, "content", f"{one.text.in_language(language)} {meanwhile}", type="text")


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    made = etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    made.text = text
    return made


def _moment(moment: datetime) -> str:
    """A date construct (RFC 4287 section 3.3)."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
