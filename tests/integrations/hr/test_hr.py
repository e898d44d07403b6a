"""The form of a message of the state's HR system, and what was agreed with it."""

import json

import pytest

from integrations.calling.errors import Unreadable
from integrations.hr import HrSettings
from integrations.hr.endpoint import read_message

ROW = {"change": "RETIRE", "email": "anita@uk.gov.example"}


def message(**more) -> bytes:
    return json.dumps({"messageId": "HR-1", "rows": [ROW], **more}).encode()


def test_a_message_has_an_id_and_rows_of_texts():
    read = read_message(message())

    assert (read.id, read.rows) == ("HR-1", [ROW])


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "body"),
        (b"[" * 50_000, "body"),
        (b"[]", "body"),
        (message(messageId=7), "messageId"),
        (message(messageId="a b"), "messageId"),
        (message(messageId="x" * 101), "messageId"),
        (message(rows={}), "rows"),
        (message(rows=[]), "rows"),
        (message(rows=[ROW] * 501), "rows"),
        (message(rows=[ROW, "RETIRE"]), "rows.2"),
        (message(rows=[{**ROW, "level": None}]), "rows.1"),
        (message(rows=[{**ROW, "successor": "\ud800"}]), "rows.1"),
        (message(rows=[{**ROW, "successor": "a\x00b"}]), "rows.1"),
        (message(rows=[{**ROW, "\ud800": "a"}]), "rows.1"),
    ],
)
def test_what_is_no_message_is_told_by_its_field(content, field):
    with pytest.raises(Unreadable) as caught:
        read_message(content)

    assert str(caught.value) == field


@pytest.mark.parametrize("secrets", [[], ["short"], ["s" * 40, "short"]])
def test_settings_without_secrets_of_full_length_are_refused(secrets):
    with pytest.raises(ValueError, match="secrets"):
        HrSettings.from_onboarding({"secrets": secrets})
