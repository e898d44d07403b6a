"""The contract of every file in the repository: it is read, says itself in both languages, and has examples."""

import re
from pathlib import Path

import pytest

from integrations.calling.policies import Effect
from integrations.connectors.loader import read_connector
from tests.support.connecting import FILES, SPECIMEN

HINDI = re.compile(r"[\u0900-\u097f]")
ALL = [pytest.param(file, id=file.stem) for file in (*FILES, SPECIMEN)]


def test_the_files_are_those_of_the_two_folders():
    assert {file.stem for file in FILES} == {"ncs", "smart_city", "transport", "land"}


@pytest.mark.parametrize("file", ALL)
def test_a_file_is_read_under_its_own_name(file: Path):
    assert read_connector(file.read_bytes()).name == file.stem


@pytest.mark.parametrize("file", ALL)
def test_whatever_people_see_of_a_system_is_in_both_languages(file: Path):
    connector = read_connector(file.read_bytes())
    labels = [connector.label, *(one.consent.why for one in connector.calls.values() if one.consent)]
    labels += [one.label for call in connector.calls.values() if call.label for one in (call, *call.fields.values())]

    assert [one for one in labels if one is not None and not (HINDI.search(one.hi) and one.en.isascii())] == []


@pytest.mark.parametrize("file", ALL)
def test_each_call_that_people_use_has_an_example_of_success_and_one_of_failure(file: Path):
    connector = read_connector(file.read_bytes())
    shown = {(one.call, isinstance(one.expected, list)) for one in connector.examples}
    used = [name for name, one in connector.calls.items() if one.label and (one.kind or one.effect is not Effect.READ)]

    assert [(name, way) for name in used for way in (True, False) if (name, way) not in shown] == []
