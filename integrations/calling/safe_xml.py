"""The one XML parser for partners' documents: no DTD, no entities, no network, a size limit.

lxml refuses external entities by itself but still expands internal ones, so a document that brings a
DOCTYPE is refused before it is parsed (docs/libraries.md).
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml has no public name for it

LARGEST = 10_000_000
"""Bytes; the body cap of the largest document that a partner may send."""

_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_SAFE_ENCODINGS = frozenset({"UTF-8", "UTF8", "US-ASCII", "ASCII", "ISO-8859-1"})


class UnsafeXml(ValueError):
    """The text is not well-formed XML, or it brings what no partner has reason to send."""


def parse(content: bytes, *, limit: int = LARGEST, most_markup: int | None = None) -> Element:
    """The root element; raises UnsafeXml for malformed, oversized or DOCTYPE-carrying documents.

    `most_markup` bounds tags and attributes together; they are counted before anything is built of them.
    """
    if len(content) > limit:
        raise UnsafeXml("too large")
    if most_markup is not None and content.count(b"<") + content.count(b"=") > most_markup:
        raise UnsafeXml("too many tags and attributes")
    if b"\x00" in content or _DECLARATION.search(content):
        raise UnsafeXml("a document type or a wide encoding is not allowed")
    try:
        root = etree.fromstring(content, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnsafeXml("not well-formed") from error
    document = root.getroottree().docinfo
    if document.doctype or (document.encoding or "UTF-8").upper() not in _SAFE_ENCODINGS:
        raise UnsafeXml("a document type or an unusual encoding is not allowed")
    return root


def local_name(element: Element) -> str:
    """The name without its namespace; empty for comments and processing instructions."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def children(element: Element) -> Iterator[Element]:
    """Child elements, without comments and processing instructions."""
    return (child for child in element if isinstance(child.tag, str))


def child(element: Element, name: str) -> Element | None:
    """The first child with that local name, whatever its namespace or letter case."""
    return next((each for each in children(element) if local_name(each).casefold() == name.casefold()), None)


def child_text(element: Element, name: str) -> str | None:
    """The trimmed text of such a child; None where it is missing or empty."""
    found = child(element, name)
    return text_of(found) if found is not None else None


def text_of(element: Element) -> str | None:
    """All text within the element, so that a comment cannot cut a value short; None where empty."""
    return "".join(str(part) for part in element.itertext()).strip() or None


def attribute(element: Element, name: str) -> str | None:
    """The trimmed attribute, whatever its letter case; None where it is missing or empty."""
    for key, value in element.attrib.items():
        if str(key).casefold() == name.casefold():
            return str(value).strip() or None
    return None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
