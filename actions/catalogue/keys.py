"""Derives stable keys for catalogue entries that have none, the same in every installation."""

import hashlib
import re
import uuid
from collections.abc import Iterable
from dataclasses import replace

from actions.catalogue.cells import FileRow, cell
from domain.catalogue.catalogue import RequiredDocument

_NAMESPACE = uuid.UUID("6f0b8a6e-2f0c-5d0e-9a54-6170756e6973")

LONGEST_DOCUMENT_KEY = 100
"""Characters; a longer one would not fit the uploads endpoint."""


def service_code(row: FileRow) -> str:
    """The portal's code, or a local one made from the English name; empty where the row has neither."""
    name = cell(row, "name_en")
    return cell(row, "service_code") or (name and f"UKX-{letters(name)}")


def letters(content: str) -> str:
    """Six capital letters of a hash of a text."""
    value = int(hashlib.sha256(content.encode()).hexdigest(), 16)
    return "".join(chr(ord("A") + value // 26**place % 26) for place in range(6))


def document_key(name: str) -> str:
    """A stable key for a required document: the words of its name; letters of a hash where it has no Latin ones."""
    key = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if key and len(key) <= LONGEST_DOCUMENT_KEY:
        return key
    return _told_apart(key, name)


def papers_of(said: Iterable[tuple[str, bool]], held: Iterable[RequiredDocument] = ()) -> tuple[RequiredDocument, ...]:
    """The papers of a service by name, and whether each is needed; one that is named twice is needed where either says.

    A paper that was held by the same name keeps its key, which applications name it by. Names whose keys would be the
    same, such as "ID Proof" and "ID-proof", get keys of their own.
    """
    known = {paper.name: paper.key for paper in held}
    asked = list(said)
    taken = {known[name] for name, _ in asked if name in known}
    papers: dict[str, RequiredDocument] = {}
    for name, required in asked:
        if name in papers:
            papers[name] = replace(papers[name], required=papers[name].required or required)
            continue
        key = known.get(name) or document_key(name)
        if name not in known and key in taken:
            key = _told_apart(key, name)
        taken.add(key)
        papers[name] = RequiredDocument(key, name, required)
    return tuple(papers.values())


def row_id(kind: str, key: str) -> str:
    """The same identifier for the same row in every installation (UUIDv5)."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}:{key}"))


def _told_apart(key: str, name: str) -> str:
    """The key with letters of the whole name, within the bound."""
    mark = letters(name).lower()
    return f"{key[: LONGEST_DOCUMENT_KEY - len(mark) - 1]}-{mark}".lstrip("-")
