"""Values of each kind: what is read, what is nothing, and what is Garbled (docs/connectors.md section 2)."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from integrations.calling.errors import Unreadable
from integrations.connectors.bodies import read_json, read_xml
from integrations.connectors.faults import RuleBroken
from integrations.connectors.file import Field
from integrations.connectors.forms import parse_form
from integrations.connectors.paths import MISSING, compile_path, parse_path
from integrations.connectors.readers import field_reader

IST = timezone(timedelta(hours=5, minutes=30))


def read(kind: str, found: Any, **more: Any) -> Any:
    return field_reader("f", Field(parse_path("v"), kind, **more), xml=False)({"v": found})


@pytest.mark.parametrize(
    ("kind", "found", "value", "more"),
    [
        ("text", "  आशा ", "आशा", {}),
        ("text", "क\u093c", "क\u093c", {}),  # the composed letter is excluded from NFC (Unicode, CompositionExclusions)
        ("text", "e\u0301", "é", {}),
        ("text", "a\u202eb", "ab", {}),
        ("text", " ", None, {}),
        ("text", None, None, {}),
        ("text", "no. 2341 2341 2346", "no. XXXX XXXX 2346", {}),
        ("id", 17, "17", {}),
        ("id", "UK/२०२६/७", "UK/2026/7", {}),
        ("lgd", "०५६", "056", {}),
        ("int", "१२", 12, {}),
        ("int", Decimal("12.0"), 12, {}),
        ("decimal", Decimal("1.50"), Decimal("1.50"), {}),
        ("paise", Decimal("18000.50"), 1800050, {"unit": "rupees"}),
        ("paise", "१८०००", 1800000, {"unit": "rupees"}),
        ("paise", 7, 7, {"unit": "paise"}),
        ("date", "31-12-2026", date(2026, 12, 31), {"forms": ("iso", "dd-MM-yyyy")}),
        ("date", "०५/११/२०२५", date(2025, 11, 5), {"forms": ("dd/MM/yyyy",)}),
        ("date", "05-Nov-2025", date(2025, 11, 5), {"forms": ("dd-MMM-yyyy",)}),
        ("date", 20251105, date(2025, 11, 5), {"forms": ("yyyyMMdd",)}),
        ("date", "01/01/1900", None, {"forms": ("dd/MM/yyyy",), "empty": ("", "01/01/1900")}),
        ("instant", "2026-11-24T12:00:00", datetime(2026, 11, 24, 12, tzinfo=IST), {"forms": ("iso",)}),
        ("instant", 1764000000, datetime(2025, 11, 24, 16, tzinfo=UTC), {"forms": ("epoch",)}),
        ("flag", True, True, {}),
        ("flag", "Y", True, {"map": {"Y": "true", "N": "false"}}),
        ("status", "open", "IN_PROCESS", {"map": {"open": "IN_PROCESS"}}),
        ("status", "odd", "UNKNOWN", {"map": {"open": "IN_PROCESS"}, "other": "UNKNOWN"}),
        ("enum", 7, "ROAD", {"map": {"7": "ROAD"}}),
        ("mobile", "+91 98000-00001", "9800000001", {"personal": "contact"}),
        (
            "point",
            [Decimal("78.0"), Decimal("30.3")],
            {"lat": Decimal("30.3"), "long": Decimal("78.0")},
            {"order": "long_lat"},
        ),
        ("point", "30.3, 78", {"lat": Decimal("30.3"), "long": Decimal(78)}, {"order": "lat_long"}),
        ("link", "https://x.example/a", "https://x.example/a", {}),
    ],
)
def test_a_value_is_read(kind: str, found: Any, value: Any, more: dict[str, Any]) -> None:
    assert read(kind, found, **more) == value


@pytest.mark.parametrize(
    ("kind", "found", "more"),
    [
        ("text", 7, {}),
        ("text", "a\x00b", {}),
        ("text", "\ud800", {}),
        ("text", "x" * 4001, {}),
        ("text", ["a"], {}),
        ("id", True, {}),
        ("id", Decimal("1.5"), {}),
        ("lgd", "56a", {}),
        ("int", "1,200", {}),
        ("int", Decimal("1.5"), {}),
        ("int", 2**53, {}),
        ("int", True, {}),
        ("paise", Decimal("1.005"), {"unit": "rupees"}),
        ("paise", "1e19", {"unit": "rupees"}),
        ("date", "12-31-2026", {"forms": ("dd-MM-yyyy",)}),
        ("date", "30-02-2026", {"forms": ("dd-MM-yyyy",)}),
        ("date", "31-12-26", {"forms": ("dd-MM-yyyy",)}),
        ("date", "01-01-0001", {"forms": ("dd-MM-yyyy",)}),
        ("date", "", {"forms": ("iso",)}),
        ("instant", "10" * 6, {"forms": ("epoch",)}),
        ("flag", "yes", {}),
        ("status", "odd", {"map": {"open": "IN_PROCESS"}}),
        ("status", {"a": 1}, {"map": {"open": "IN_PROCESS"}, "other": "UNKNOWN"}),
        ("mobile", "12345", {"personal": "contact"}),
        ("point", [Decimal(91), Decimal(78)], {"order": "lat_long"}),
        ("point", [Decimal(30)], {"order": "lat_long"}),
        ("link", "javascript:alert(1)", {}),
        ("link", "https://u:p@x.example/", {}),
    ],
)
def test_another_value_is_not_read(kind: str, found: Any, more: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match=r"^f$"):
        read(kind, found, **more)


def test_a_needed_field_that_is_missing_or_null_is_not_read() -> None:
    reader = field_reader("f", Field(parse_path("v"), "text", needed=True), xml=False)

    for row in ({}, {"v": None}, {"v": " "}):
        with pytest.raises(Unreadable):
            reader(row)


def test_a_path_through_a_text_is_not_the_same_as_a_missing_member() -> None:
    reader = field_reader("f", Field(parse_path("a.b"), "text"), xml=False)

    assert reader({"a": None}) is None
    with pytest.raises(Unreadable):
        reader({"a": "text"})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", 1),
        ('"odd name"', 2),
        ("l[1].n", 4),
        ("l[].n", [3, 4]),
        ("l[k=y].n", 4),
        ("l[9]", MISSING),
        ("a.c", MISSING),
        ("", {"a": {"b": 1}, "odd name": 2, "l": [{"k": "x", "n": 3}, {"k": "y", "n": 4}]}),
    ],
)
def test_a_path_finds_its_part_of_json(path: str, found: Any) -> None:
    node = {"a": {"b": 1}, "odd name": 2, "l": [{"k": "x", "n": 3}, {"k": "y", "n": 4}]}

    assert compile_path(parse_path(path))(node) == found


@pytest.mark.parametrize(
    ("path", "text"),
    [("B.C", "1"), ("A.B.C", "1"), ("B[1].C", "2"), ("B[K=y].C", "2"), ("@id", "7"), ("D.@x", "3")],
)
def test_a_path_finds_its_part_of_xml_by_local_names(path: str, text: str) -> None:
    root = read_xml(
        b'<n:A xmlns:n="urn:x" id="7"><n:B><C>1</C></n:B><n:B><K>y</K><C>2</C></n:B><D x="3"/></n:A>', limit=9999
    )

    found = compile_path(parse_path(path), xml=True)(root)

    assert (found if isinstance(found, str) else found.text) == text


def test_one_element_reads_as_a_list_of_one() -> None:
    root = read_xml(b"<A><B><C>1</C></B></A>", limit=9999)

    assert [one.text for one in compile_path(parse_path("B[].C"), xml=True)(root)] == ["1"]


def test_a_comment_does_not_cut_a_value_of_xml_short() -> None:
    reader = field_reader("f", Field(parse_path("C"), "text"), xml=True)

    assert reader(read_xml(b"<A><C>re<!-- x -->ad</C></A>", limit=9999)) == "read"


@pytest.mark.parametrize("text", ["a..b", "a[", "a[b", "@a.b", "a b", "a//b", "*", "$.a", "a[?(@.b)]", ".a", "a."])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(RuleBroken):
        parse_path(text)


@pytest.mark.parametrize("form", ["", "dd-MM", "MM/dd", "dd-mm-yyyy", "yyyy-MM-dd-dd", "%Y-%m-%d", "dd-MM-yyyy HH:mm"])
def test_what_is_no_form_of_a_day_is_refused(form: str) -> None:
    with pytest.raises(RuleBroken):
        parse_form(form, instant=False)


def test_numbers_of_json_keep_every_digit() -> None:
    assert read_json(b'{"a": 0.1, "b": 18000.50}') == {"a": Decimal("0.1"), "b": Decimal("18000.50")}


@pytest.mark.parametrize("body", [b"<!DOCTYPE a><a/>", b"<a>", b"\x00", b"<a " + b'b="c" ' * 60_000 + b"/>"])
def test_xml_that_no_partner_has_reason_to_send_is_not_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_xml(body, limit=10_000_000)
