"""The examples of a connector's file as raw requests and answers, read by code of their own.

Nothing here knows how the gateway maps a request or an answer: a request is compared with what the example says was
sent, and with the templates of the call, filled by plain replacement (docs/connectors.md section 6).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml
from lxml import etree

from integrations.calling.safe_xml import UnsafeXml, parse

METHODS = ("GET", "POST", "PUT", "PATCH")
_HOLE = re.compile(r"\{([a-z][a-z0-9_.]*)\}")
_ANY = re.compile(r".*", re.DOTALL)
_FORMATTED = frozenset({"date", "instant", "paise", "decimal", "point", "flag"})
"""Kinds that each system writes in its own way; without `sent` any text stands for them."""


@dataclass(frozen=True)
class Received:
    """A request without its authentication."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class File:
    """What a file says, every value of it as text."""

    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the system."""
        return str(self.content["name"])

    @property
    def prefix(self) -> str:
        """The path that all calls begin with."""
        return str(self.content["address"].get("path", ""))

    @property
    def wire(self) -> str:
        """How requests are written: json, form, xml or soap."""
        wire = self.content["wire"]
        return str(wire if isinstance(wire, str) else next(key for key in ("soap", "form") if key in wire))

    def calls(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The calls by name."""
        for name, call in self.content["calls"].items():
            yield name, {**call, "name": name}

    def examples(self, call: str) -> list[Mapping[str, Any]]:
        """The examples of a call, in their order."""
        return [one for one in self.content.get("examples", ()) if one["call"] == call]


def read_file(path: Path) -> File:
    """A file, read by PyYAML's loader that makes texts of all scalars."""
    return File(yaml.load(path.read_bytes(), Loader=yaml.BaseLoader))  # noqa: S506 - builds no objects


def find_example(file: File, request: Received) -> Mapping[str, Any] | None:
    """The example whose request this is: the one that says most of it, the first of equals; None where none fits."""
    best: tuple[int, Mapping[str, Any]] | None = None
    for name, call in file.calls():
        if not _is_call(file, call, request):
            continue
        for example in file.examples(name):
            known = example.get("sent", {})
            fits = _was_sent(file, known, request) and _fits_templates(file, call, example, request)
            said = 1000 * bool(known) + len(json.dumps(example.get("with", {})))
            if fits and (best is None or said > best[0]):
                best = (said, example)
    return best[1] if best else None


def routes(file: File) -> list[tuple[str, str]]:
    """Method and path of each call, below the root of the system; a path may have holes."""
    found = []
    for _, call in file.calls():
        method, path = next(iter(call["send"].items())) if "send" in call else ("POST", "")
        found.append((method, file.prefix + path))
    return list(dict.fromkeys(found))


def _is_call(file: File, call: Mapping[str, Any], request: Received) -> bool:
    if "operation" in call:
        root = _xml(request.body)
        body = next((part for part in root if _local(part) == "Body"), None) if root is not None else None
        return body is not None and any(_local(part) == call["operation"] for part in body)
    method, path = next(iter(call["send"].items()))
    pattern = _HOLE.sub("\x00", file.prefix + path)
    pattern = re.escape(pattern).replace(re.escape("\x00"), "[^/]+")
    return request.method == method and re.fullmatch(pattern, request.path) is not None


def _was_sent(file: File, known: Mapping[str, Any], request: Received) -> bool:
    """Whether this is the request that the example says was sent."""
    line = next(((method, known[method]) for method in METHODS if method in known), None)
    if line is not None:
        parts = urlsplit(line[1])
        query = parse_qsl(parts.query, keep_blank_values=True)
        same = sorted(query) == sorted(request.query) and request.path == file.prefix + unquote(parts.path)
        if line[0] != request.method or not same:
            return False
    if "body" in known and not _is_same_body(known["body"], request.text):
        return False
    headers = known.get("headers", {})
    if any(request.headers.get(name.lower()) != value for name, value in headers.items()):
        return False
    return all(part in request.text for part in known.get("contains", ()))


def _is_same_body(known: str, text: str) -> bool:
    try:
        return bool(json.loads(known) == json.loads(text))
    except ValueError:
        return known.strip() == text.strip() or sorted(parse_qsl(known)) == sorted(parse_qsl(text) or [("", text)])


def _fits_templates(file: File, call: Mapping[str, Any], example: Mapping[str, Any], request: Received) -> bool:
    """Whether the templates of the call, filled with the example's inputs, are this request."""
    inputs = _flat(example.get("with", {}))
    asked_first = [one for _, one in file.calls() if call["name"] in _follow_ups(one)]
    takes = {name: kind for one in (*asked_first, call) for name, kind in one.get("takes", {}).items()}
    pages = {call.get("pages", {}).get("number"), *call.get("pages", {}).get("size", {})}
    query = [(name, value) for name, value in request.query if name not in pages]
    patterns = [(name, _pattern(template, inputs, takes)) for name, template in call.get("query", {}).items()]
    wanted = [(name, pattern) for name, pattern in patterns if pattern is not None]
    if sorted(name for name, _ in wanted) != sorted(name for name, _ in query):
        return False
    if not all(any(name == key and pattern.fullmatch(value) for key, value in query) for name, pattern in wanted):
        return False
    path = next(iter(call["send"].values())) if "send" in call else ""
    if path and (pattern := _pattern(file.prefix + path, inputs, takes)) and not pattern.fullmatch(request.path):
        return False
    sent = list(_leaves(file, request))
    return all(
        any(pattern.fullmatch(value) for key, value in sent if key == name)
        for name, template in _body_leaves(call.get("body", {}))
        if (pattern := _pattern(template, inputs, takes)) is not None
    )


def _follow_ups(call: Mapping[str, Any]) -> set[str]:
    """The calls that see the inputs of this one."""
    asked = {rule["ask"] for rule in call.get("outcomes", ()) if "ask" in rule}
    return asked | {call.get("repeat", {}).get("enquire", "")}


def _pattern(template: str, inputs: Mapping[str, str], takes: Mapping[str, Any]) -> re.Pattern[str] | None:
    """What a filled template looks like; None for a hole of an input that the example leaves out."""
    parts = _HOLE.split(template)
    pattern = ""
    for place, part in enumerate(parts):
        if place % 2 == 0:
            pattern += re.escape(part)
            continue
        kind = takes.get(part.split(".")[0], {})
        if part in inputs and kind.get("as") not in _FORMATTED:
            pattern += re.escape(kind.get("map", {}).get(inputs[part], inputs[part]))
        elif part in takes and part not in inputs:
            return None
        else:
            pattern += _ANY.pattern
    return re.compile(pattern, re.DOTALL)


def _flat(inputs: Mapping[str, Any], before: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in inputs.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        elif isinstance(value, str):
            found[before + name] = value
    return found


def _body_leaves(body: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(body, Mapping):
        for key, value in body.items():
            yield from _body_leaves(value, key)
    elif isinstance(body, list):
        for value in body:
            yield from _body_leaves(value, name)
    else:
        yield name, str(body)


def _leaves(file: File, request: Received) -> Iterator[tuple[str, str]]:
    """The names and texts of a body's leaves."""
    if file.wire == "form":
        yield from parse_qsl(request.text, keep_blank_values=True)
    elif file.wire == "json":
        try:
            yield from _body_leaves(json.loads(request.body or b"{}"))
        except ValueError:
            return
    else:
        root = _xml(request.body)
        for element in root.iter() if root is not None else ():
            if isinstance(element.tag, str) and not len(element):
                yield _local(element), element.text or ""


def _xml(body: bytes) -> etree._Element | None:
    try:
        return parse(body)
    except UnsafeXml:
        return None


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
