"""The check for breaking changes: a field goes only after the date that its deprecation named."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from schema.compatibility import breaking_changes, deprecations, removed_on
from schema.kernel.fields import deprecation_reason
from schema.printing import printed_schema

TODAY = date(2026, 11, 25)
PAST = deprecation_reason(added="1.0", use="Thing.label", removed_on=TODAY - timedelta(days=1))
FUTURE = deprecation_reason(added="1.0", use="Thing.label", removed_on=TODAY + timedelta(days=1))
RELEASED = Path(__file__).parents[2] / "schema" / "released.graphql"


def sdl(fields: str, values: str = "OLD NEW", more: str = "") -> str:
    roots = "type Query { thing: Thing @authenticated }"
    return f"{roots} type Thing {{ label: String {fields} }} {more} enum E {{ {values} }}"


@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        ("name: String", "name: String", 0),
        ("", "name: String", 0),
        ("name: String", "", 1),
        (f'name: String @deprecated(reason: "{FUTURE}")', "", 1),
        ('name: String @deprecated(reason: "old")', "", 1),
        (f'name: String @deprecated(reason: "{PAST}")', "", 0),
        ("name: String!", "name: String", 1),
        ("name: String", "name: String!", 0),
        ("name: String", "name(first: Int!): String", 1),
        ("name: String", "name(first: Int): String", 0),
    ],
)
def test_what_breaks_is_told_unless_its_date_has_come(before, after, broken):
    assert len(breaking_changes(sdl(before), sdl(after), TODAY)) == broken


def test_a_value_goes_after_its_date():
    for reason, broken in ((PAST, 0), (FUTURE, 1)):
        before = sdl("", f'OLD @deprecated(reason: "{reason}") NEW')
        assert len(breaking_changes(before, sdl("", "NEW"), TODAY)) == broken


@pytest.mark.parametrize(("reason", "broken"), [(PAST, 0), (FUTURE, 1), ("old", 1)])
def test_an_argument_and_a_field_of_an_input_go_after_their_date(reason: str, broken: int):
    old = f'@deprecated(reason: "{reason}")'
    argument = (sdl(f"name(old: Int {old}, new: Int): String"), sdl("name(new: Int): String"))
    field = (sdl("", more=f"input I {{ old: Int {old} new: Int }}"), sdl("", more="input I { new: Int }"))

    assert [len(breaking_changes(*pair, TODAY)) for pair in (argument, field)] == [broken, broken]


def test_a_type_goes_with_the_last_field_that_gave_it():
    before = sdl(f'part: Part @deprecated(reason: "{PAST}")', more="type Part { name: String }")
    still = sdl(f'part: Part @deprecated(reason: "{PAST}") other: Part', more="type Part { name: String }")

    assert breaking_changes(before, sdl(""), TODAY) == []
    assert len(breaking_changes(still, sdl(""), TODAY)) == 2


def test_a_line_says_what_breaks():
    assert breaking_changes(sdl("name: String"), sdl(""), TODAY) == ["FIELD_REMOVED: Field Thing.name was removed."]


def test_the_reason_of_a_deprecation_is_written_and_read():
    assert PAST == "Added in 1.0; use Thing.label; removed on 2026-11-24."
    assert removed_on(PAST) == date(2026, 11, 24)
    assert removed_on("No longer supported") is None


def test_every_deprecation_of_the_graph_says_since_when_what_instead_and_until_when(graph):
    for kind in graph._schema.type_map.values():
        for name, reason in deprecations(kind):
            if reason is not None:
                assert removed_on(reason), f"{kind.name}.{name}"


def test_nothing_breaks_for_clients_of_the_released_graph():
    assert breaking_changes(RELEASED.read_text(encoding="utf-8"), printed_schema(), TODAY) == []
