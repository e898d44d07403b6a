"""The rules for a connector's file that no schema can say: about personal data, secrets, holes, effects and kinds."""

import re
from collections.abc import Iterator, Mapping
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
    Body,
    Connector,
    ConnectorCall,
    Field,
    Input,
    Outcome,
    Personal,
    templates_in,
)
from integrations.connectors.forms import parse_form
from integrations.connectors.paths import Every, Path
from integrations.connectors.templates import Template

STATUSES = frozenset({"RECEIVED", "IN_PROCESS", "NEEDS_CITIZEN", "APPROVED", "REJECTED", "CLOSED", "UNKNOWN"})
CLEARANCES = frozenset({"GRANTED", "REFUSED", "ASKED"})
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
    yield from _system_rules(connector)
    yield from _hidden_values(content, ())
    for call in connector.calls.values():
        place: Place = ("calls", call.name)
        yield from _shape_rules(connector, call, place)
        yield from _input_rules(call, place)
        yield from _hole_rules(call, place)
        for name, one in call.fields.items():
            yield from _field_rules(call, one, (*place, "fields", name))
        yield from _personal_rules(connector, call, place)
        yield from _effect_rules(connector, call, place)
        yield from _list_rules(call, place)
    for number, example in enumerate(connector.examples):
        if example.call not in connector.calls:
            yield ("examples", number, "call"), _unknown("call", example.call)


def _unknown(kind: str, name: str) -> RuleBroken:
    return RuleBroken(f"there is no {kind} `{name[:40]}`", f"Name one of this file's, or declare the {kind}.")


def _system_rules(connector: Connector) -> Found:
    if (connector.source.value == "DEPARTMENTS") != (connector.department is not None):
        yield (
            ("department",),
            RuleBroken(
                "a department's system names its department, and no other system does",
                "Write `department:` with the source DEPARTMENTS alone.",
            ),
        )
    for number, one in enumerate(connector.authentication):
        yield from _authentication_rules(connector, one, ("auth", number))


def _authentication_rules(connector: Connector, one: Authentication, place: Place) -> Found:
    for name in one.only - connector.calls.keys():
        yield (*place, "only"), _unknown("call", name)
    if one.type in ("hmac", "ws_security") and connector.wire.is_soap != (one.type == "ws_security"):
        yield place, RuleBroken("ws_security is for SOAP alone, and hmac for all but SOAP", "Use another type.")
    calls = [call for name, call in connector.calls.items() if not one.only or name in one.only]
    if one.body_field is not None and not all(isinstance(call.body, dict) for call in calls):
        rule = RuleBroken("the key's field has a call without a body", "Name the calls that have one in `only`.")
        yield (*place, "field"), rule
    for part in {"timestamp", "nonce"} & {*one.options.get("parts", ())}:
        if f"{part}_header" not in one.options:
            yield place, RuleBroken(f"`{part}` is signed and not sent", f"Name its header by `{part}_header`.")


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
    if connector.wire.is_soap != (call.operation is not None):
        yield place, RuleBroken("a SOAP call has an `operation`, any other one `send`", "Write the one for the wire.")
    if not connector.wire.is_soap:
        yield from _request_rules(connector, call, place)
    for name in call.headers:
        if name.lower() in _OWN_HEADERS:
            yield (*place, "headers"), RuleBroken(f"the header {name} is not the file's", "Remove it; see `auth`.")
    if call.serves and not any(one.kind == "clearance" for one in call.fields.values()):
        yield (*place, "serves"), RuleBroken("a clearance has no field that answers it", "Add one `as: clearance`.")
    if call.decides and not call.serves:
        yield (*place, "decides"), RuleBroken("only what serves a clearance decides", "Add `serves: clearance`.")
    if call.fields and not call.kind:
        yield (*place, "fields"), RuleBroken("the fields have no kind", "Write `gives: {kind: name}`.")


def _request_rules(connector: Connector, call: ConnectorCall, place: Place) -> Found:
    if not call.path.text.startswith("/") or call.path.text.startswith("//"):
        yield (*place, "send"), RuleBroken("the path does not begin with one slash", "Begin it so.")
    elif re.search(r"[?#\\\s]|/\.\.?(?:/|$)", call.path.text):
        yield (*place, "send"), RuleBroken("the path has more than segments", "Use `query` for parameters.")
    if call.method == "GET" and call.body is not None:
        yield (*place, "body"), RuleBroken("a GET has no body", "Use `query`, or send it by POST.")
    if connector.wire.request in (Body.FORM, Body.XML) and not isinstance(call.body, dict | None):
        yield (*place, "body"), RuleBroken("the body is a list", "Write its fields as a mapping.")


def _input_rules(call: ConnectorCall, place: Place) -> Found:
    for name, one in call.takes.items():
        at = (*place, "takes", name)
        if one.pattern is not None and (reason := unsafe(one.pattern)):
            yield (*at, "pattern"), RuleBroken(f"the pattern is {reason}", "Bound it by ^ and $, without nesting.")
        if one.kind in ("texts", "status", "clearance", "link"):
            yield (*at, "as"), RuleBroken(f"nothing is taken as {one.kind}", "Take it as text, id or enum.")
        yield from _kind_rules(one, at)


def _kind_rules(one: Input | Field, at: Place) -> Found:
    if one.kind in ("date", "instant") and not one.forms:
        yield at, RuleBroken(f"a {one.kind} has no forms", "List them, such as `forms: [iso, dd-MM-yyyy]`.")
    for form in one.forms:
        try:
            parse_form(form, instant=one.kind == "instant")
        except RuleBroken as broken:
            yield (*at, "forms"), broken
    if one.kind == "paise" and one.unit is None:
        yield at, RuleBroken("an amount has no unit", "Add `unit: rupees` or `unit: paise`.")
    if one.kind == "enum" and not one.map:
        yield at, RuleBroken("an enum has no map", "List its values by `map`.")
    if one.kind == "mobile" and one.personal is None:
        yield at, RuleBroken("a mobile number has no class of personal data", "Add `pii: contact`.")


def _field_rules(call: ConnectorCall, one: Field, at: Place) -> Found:
    yield from _kind_rules(one, at)
    known = {"status": STATUSES, "clearance": CLEARANCES}.get(one.kind)
    if known is not None:
        values = {*one.map.values(), *([one.other] if one.other else [])}
        if not one.map or not values <= known:
            yield at, RuleBroken(f"a {one.kind} has no map to ours", f"Map to {', '.join(sorted(known))}.")
    if one.kind == "point" and one.order is None:
        yield at, RuleBroken("a point has no order", "Add `order: lat_long` or `order: long_lat`.")
    if one.path.is_list != (one.kind == "texts"):
        yield (*at, "from"), RuleBroken("only texts are many values", "Use `[]` with `as: texts` alone.")
    if one.echo is not None and one.echo not in call.takes:
        yield (*at, "echo"), _unknown("input", one.echo)


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
    if call.consent is not None and (call.consent.why if call.consent.basis == "asked" else call.consent.rule) is None:
        yield (
            (*place, "consent"),
            RuleBroken("the consent lacks its reason", "Add `why` in both languages to `asked`, `rule` to `law`."),
        )


def _effect_rules(connector: Connector, call: ConnectorCall, place: Place) -> Found:
    repeat = call.repeat
    if call.effect is not Effect.READ and call.method == "GET":
        yield (*place, "send"), RuleBroken("a write goes by GET", "Use POST, PUT or PATCH, or the effect READ.")
    if call.effect is not Effect.READ and (call.pages or call.batch or call.policy.kept_seconds):
        yield place, RuleBroken("a write has pages, a batch or is kept", "Remove these keys.")
    if (call.effect is Effect.KEYED_WRITE) != (repeat is not None):
        yield place, RuleBroken("a keyed write, and no other call, says how it repeats", "Add or remove `repeat`.")
    if repeat is not None:
        yield from _repeat_rules(connector, call, (*place, "repeat"))
    for rule in call.outcomes:
        at = (*place, "outcomes")
        if rule.outcome is Outcome.WAITING and (rule.ask is None or rule.when.has is None):
            yield at, RuleBroken("what is waited for is not asked for", "Add `has` with the ticket, and `ask`.")
        if rule.ask is not None and rule.ask not in connector.calls:
            yield at, _unknown("call", rule.ask)


def _repeat_rules(connector: Connector, call: ConnectorCall, at: Place) -> Found:
    repeat = call.repeat
    if repeat is None:
        return
    by_search = repeat.at is not None and (repeat.ends is None) != (repeat.equals is None)
    if repeat.by_key == (repeat.enquire is not None) or (repeat.enquire is not None) != by_search:
        yield at, RuleBroken("the enquiry is not whole", "Write `enquire`, `at` and `ends` or `equals`; or `by_key`.")
    templates = [*call.headers.values(), *call.query.values(), *templates_in(call.body)]
    if not any("key" in one.holes for one in templates):
        yield at, RuleBroken("the request does not carry its key", "Put `{key}` into a header or the body.")
    if repeat.enquire is not None:
        other = connector.calls.get(repeat.enquire)
        if other is None:
            yield (*at, "enquire"), _unknown("call", repeat.enquire)
        elif other.effect is not Effect.READ:
            yield (*at, "enquire"), RuleBroken("the enquiry writes", "Name a call with the effect READ.")


def _list_rules(call: ConnectorCall, place: Place) -> Found:
    pages, batch, watch = call.pages, call.batch, call.watch
    if call.each is not None and Every() not in call.each.steps:
        yield (*place, "gives", "each"), RuleBroken("the rows are no list", "End the list's path with `[]`.")
    if pages is not None:
        wanted: Path | str | None = pages.next if pages.style in ("cursor", "next_link") else pages.parameter
        if not wanted or (pages.style == "cursor" and not pages.parameter):
            yield (*place, "pages"), RuleBroken("the pages cannot be turned", "Add `number`, `next` or both.")
    if batch is not None and batch.over not in {*call.takes, *RESERVED_HOLES}:
        yield (*place, "batch", "over"), _unknown("input", batch.over)
    if batch is not None and pages is not None:
        yield (*place, "batch"), RuleBroken("a batch has pages", "Ask for fewer at once by `most`.")
    for name in watch.open_while if watch else ():
        if name not in call.fields:
            yield (*place, "watch", "while"), _unknown("field", name)
