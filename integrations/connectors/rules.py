"""The rules for a connector's file that no schema can say: about personal data, secrets, holes, effects and kinds."""

import re
from collections.abc import Container, Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from domain.catalogue.form_patterns import unsafe
from domain.kernel import holds_aadhaar
from integrations.calling.policies import Effect
from integrations.calling.ssrf_guard import is_public
from integrations.connectors.documents import Place
from integrations.connectors.faults import RuleBroken
from integrations.connectors.file import (
    Authentication,
    Connector,
    ConnectorCall,
    Field,
    Input,
    Personal,
    templates_in,
)
from integrations.connectors.forms import parse_form
from integrations.connectors.paths import Every
from integrations.connectors.templates import Template

RESERVED_HOLES = frozenset({"key", "since", "number", "ticket", "consent.id"})
"""What calls are given without taking it: a write's key, and what follow-up calls see (docs/connectors.md section 2).
"""

_OWN_HEADERS = frozenset(
    {"authorization", "cookie", "host", "content-length", "content-type", "transfer-encoding", "connection"}
)

Found = Iterator[tuple[Place, RuleBroken]]

_AADHAAR = re.compile(r"a+dh?a+r|uidai|(?:^|[^a-z])uid(?:$|[^a-z])", re.IGNORECASE)
_SECRET_NAME = re.compile(r"pass(?:word|wd)?$|pwd|secret|token|api[_-]?key|^key$|client[_-]?id|authoriz", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"(?=[A-Za-z+_=-]*[0-9])(?=[0-9+_=-]*[A-Za-z])[A-Za-z0-9+_=-]{24,}|-----BEGIN|Bearer ")
_PRIVATE_NAMES = ("localhost", ".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet")


def require_public_origin(origin: str) -> None:
    """Raise RuleBroken where an address of the file is not `https://` and a public host, and nothing more."""
    remedy = "Write `https://` and the host's public name; another address is an operator's setting."
    try:
        parts = urlsplit(origin)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise RuleBroken("the address is none", remedy) from None
    if parts.username is not None or parts.password is not None:
        raise RuleBroken("the address carries a name or a password", "Use `auth` and a secret's name.")
    if parts.scheme != "https" or parts.path not in ("", "/") or parts.query or parts.fragment or "{" in origin:
        raise RuleBroken("the address is not an https origin", f"{remedy} The path has a key of its own.")
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host, re.ASCII) or _is_private(host):
        raise RuleBroken("the host is private or no public name", remedy)


def _is_private(host: str) -> bool:
    try:
        return not is_public(str(ip_address(host)))
    except ValueError:
        numeric = host.rpartition(".")[2].isdigit()
        return numeric or any(host == name or (name[0] == "." and host.endswith(name)) for name in _PRIVATE_NAMES)


def broken_rules(connector: Connector, content: Mapping[str, Any]) -> Found:
    """Every rule that is broken, with the place in the file."""
    for number, way in enumerate(connector.authentication):
        yield from _authentication_rules(connector, way, ("auth", number))
    yield from _hidden_values(content, ())
    for call in connector.calls.values():
        place: Place = ("calls", call.name)
        yield from _shape_rules(connector, call, place)
        yield from _input_rules(call, place)
        yield from _hole_rules(call, place)
        for name, one in call.fields.items():
            yield from _field_rules(one, (*place, "fields", name))
        yield from _personal_rules(connector, call, place)
        yield from _repeat_rules(connector, call, (*place, "repeat"))
        yield from _name_rules(connector, call, place)
    for number, example in enumerate(connector.examples):
        if example.call not in connector.calls:
            yield ("examples", number, "call"), _unknown("call", example.call)


def _unknown(kind: str, name: str) -> RuleBroken:
    return RuleBroken(f"there is no {kind} `{name[:40]}`", f"Name one of this file's, or declare the {kind}.")


def _authentication_rules(connector: Connector, one: Authentication, place: Place) -> Found:
    for name in one.only - connector.calls.keys():
        yield (*place, "only"), _unknown("call", name)
    calls = [call for name, call in connector.calls.items() if not one.only or name in one.only]
    if one.body_field is not None and not all(isinstance(call.body, dict) for call in calls):
        rule = RuleBroken("the key's field has a call without a body", "Name the calls that have one in `only`.")
        yield (*place, "field"), rule


def _hidden_values(value: Any, place: Place) -> Found:
    """Aadhaar anywhere in the file, and secrets outside of examples."""
    if isinstance(value, dict):
        for key, one in value.items():
            if _AADHAAR.search(key):
                yield (*place, key), _no_aadhaar()
            yield from _hidden_values(one, (*place, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _hidden_values(one, (*place, number))
    elif isinstance(value, str):
        yield from _hidden_in_text(value, place)


def _hidden_in_text(text: str, place: Place) -> Found:
    name = next(part for part in reversed(place) if isinstance(part, str))
    if holds_aadhaar(text) or (name == "from" and _AADHAAR.search(text)):
        yield place, _no_aadhaar()
    if place[0] != "examples" and _is_secret(text, name, place):
        yield (
            place,
            RuleBroken(
                "a secret, or what looks like one, stands in the file",
                "Write `{secret.name}` in a header or the body, and give its value to the operator.",
            ),
        )


def _no_aadhaar() -> RuleBroken:
    return RuleBroken("Aadhaar numbers go to no connector", "Use another number; these stay in the vault.")


def _is_secret(text: str, name: str, place: Place) -> bool:
    in_request = len(place) > 3 and place[0] == "calls" and place[2] in ("query", "headers", "body")
    if in_request and "{" not in text and _SECRET_NAME.search(name):
        return True
    return place[-1] not in ("pattern", "from", "namespace", "action") and _SECRET_TEXT.search(text) is not None


def _shape_rules(connector: Connector, call: ConnectorCall, place: Place) -> Found:
    if not connector.wire.is_soap:
        yield from _path_rules(call, (*place, "send"))
    for name in call.headers:
        if name.lower() in _OWN_HEADERS:
            yield (*place, "headers"), RuleBroken(f"the header {name} is not the file's", "Remove it; see `auth`.")
    if call.serves and not any(one.kind == "clearance" for one in call.fields.values()):
        yield (*place, "serves"), RuleBroken("a clearance has no field that answers it", "Add one `as: clearance`.")
    if call.each is not None and Every() not in call.each.steps:
        yield (*place, "gives", "each"), RuleBroken("the rows are no list", "End the list's path with `[]`.")


def _path_rules(call: ConnectorCall, at: Place) -> Found:
    if not call.path.text.startswith("/") or call.path.text.startswith("//"):
        yield at, RuleBroken("the path does not begin with one slash", "Begin it so.")
    elif re.search(r"[?#\\\s]|/\.\.?(?:/|$)", call.path.text):
        yield at, RuleBroken("the path has more than segments", "Use `query` for parameters.")


def _input_rules(call: ConnectorCall, place: Place) -> Found:
    for name, one in call.takes.items():
        at = (*place, "takes", name)
        if one.pattern is not None and (reason := unsafe(one.pattern)):
            yield (*at, "pattern"), RuleBroken(f"the pattern is {reason}", "Bound it by ^ and $, without nesting.")
        yield from _form_rules(one, at)


def _form_rules(one: Input | Field, at: Place) -> Found:
    for form in one.forms:
        try:
            parse_form(form, instant=one.kind == "instant")
        except RuleBroken as broken:
            yield (*at, "forms"), broken


def _field_rules(one: Field, at: Place) -> Found:
    yield from _form_rules(one, at)
    if one.path.is_list != (one.kind == "texts"):
        yield (*at, "from"), RuleBroken("only texts are many values", "Use `[]` with `as: texts` alone.")


def _hole_rules(call: ConnectorCall, place: Place) -> Found:
    known = {*call.takes, *RESERVED_HOLES}
    known |= {f"{name}.{part}" for name, one in call.takes.items() if one.kind == "point" for part in ("lat", "long")}
    address: list[tuple[Place, Template]] = [
        (("send",), call.path),
        *((("query", key), one) for key, one in call.query.items()),
    ]
    others: list[tuple[Place, Template]] = [(("headers", key), one) for key, one in call.headers.items()]
    others += [(("body",), one) for one in templates_in(call.body)]
    if call.repeat:
        others += [(("repeat",), one) for one in (call.repeat.ends, call.repeat.equals) if one is not None]
    for tail, template in [*address, *others]:
        at: Place = (*place, *tail)
        for hole in template.holes:
            if hole.startswith("secret."):
                if (tail, template) in address:
                    yield at, RuleBroken("a secret stands in the address", "Send it in a header or the body.")
            elif hole not in known:
                yield at, _unknown("input", hole)
    for tail, template in address:
        yield from _address_rules(call, template, (*place, *tail))


def _address_rules(call: ConnectorCall, template: Template, at: Place) -> Found:
    """Personal data stand in no URL: those are in the logs of every server on the way."""
    for hole in template.holes:
        one = call.takes.get(hole.partition(".")[0])
        if one is not None and one.personal is not None and not one.in_url:
            yield (
                at,
                RuleBroken(
                    f"the personal input `{hole}` stands in the address",
                    "Send it in the body; where the system wants it so, say why by `in_url` at the input.",
                ),
            )


def _personal_rules(connector: Connector, call: ConnectorCall, place: Place) -> Found:
    parts: list[Input | Field] = [*call.takes.values(), *call.fields.values()]
    personal: set[Personal] = {one.personal for one in parts if one.personal is not None}
    if personal and call.is_public:
        yield (*place, "keep"), RuleBroken("personal data are kept for all", "Use `scope: CITIZEN`.")
    if personal and call.effect is Effect.READ and call.consent is None and call.name not in connector.follow_ups:
        yield place, RuleBroken("personal data are asked for without a basis", "Add `consent` with `asked` or `law`.")


def _repeat_rules(connector: Connector, call: ConnectorCall, at: Place) -> Found:
    if call.repeat is None:
        return
    templates = [*call.headers.values(), *call.query.values(), *templates_in(call.body)]
    if not any("key" in one.holes for one in templates):
        yield at, RuleBroken("the request does not carry its key", "Put `{key}` into a header or the body.")
    enquiry = connector.calls.get(call.repeat.enquire or "")
    if enquiry is not None and enquiry.effect is not Effect.READ:
        yield (*at, "enquire"), RuleBroken("the enquiry writes", "Name a call with the effect READ.")
    if enquiry is not None and enquiry.pages is not None:  # what stands on a later page would be made twice
        yield (*at, "enquire"), RuleBroken("the enquiry has pages", "Name a call whose answer is one list.")


def _name_rules(connector: Connector, call: ConnectorCall, place: Place) -> Found:
    """The names of calls, inputs and fields that the file does not have."""
    inputs = {*call.takes, *RESERVED_HOLES}
    named: list[tuple[Place, str | None, str, Container[str]]] = [
        (("repeat", "enquire"), call.repeat.enquire if call.repeat else None, "call", connector.calls),
        (("batch", "over"), call.batch.over if call.batch else None, "input", inputs),
        *((("outcomes",), rule.ask, "call", connector.calls) for rule in call.outcomes),
        *((("watch", "while"), name, "field", call.fields) for name in (call.watch.open_while if call.watch else ())),
        *((("fields", name, "echo"), one.echo, "input", call.takes) for name, one in call.fields.items()),
    ]
    for tail, name, kind, known in named:
        if name is not None and name not in known:
            yield (*place, *tail), _unknown(kind, name)
