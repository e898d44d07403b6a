"""Spoilt bodies end in the declared outcomes only (docs/connectors.md section 8, check 10)."""

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.connectors import read_connector
from tests.support.spoilt_bodies import Reader, spoilt_answers

ROOT = Path(__file__).parents[3]
FILES = sorted([*ROOT.glob("connectors/*.yaml"), *ROOT.glob("states/*/connectors/*.yaml")])
DECLARED = {"Unavailable", "Refused", "NotLetIn", "Garbled", "NoSuccess", "IntegrityFailure", "Rows", "Absent", "Waits"}
BODIES = 20_000
ROUNDS = 50
"""Seeds that Hypothesis draws for each file; each spoils as many bodies as make up BODIES over all files."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_spoilt_body_is_one_of_the_declared_outcomes(file: Path) -> None:
    connector = read_connector(file.read_bytes())
    reader, examples = Reader(connector), list(connector.examples)
    outcomes: set[str] = set()

    @settings(max_examples=ROUNDS, deadline=None, database=None)
    @given(st.integers(0, 2**32))
    def spoil(seed: int) -> None:
        for example, status, body in islice(spoilt_answers(examples, seed), BODIES // ROUNDS // len(FILES)):
            outcome = reader.read(example, status, body)
            assert outcome in DECLARED, (example.call, status, body)
            outcomes.add(outcome)

    spoil()

    assert {"Garbled", "Unavailable", "Rows"} <= outcomes  # what is spoilt reaches the reading of rows too


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_unspoilt_body_is_read(file: Path) -> None:
    connector = read_connector(file.read_bytes())
    reader = Reader(connector)

    for example in connector.examples:
        if isinstance(example.expected, list):
            assert reader.read(example, example.answer["status"], example.answer["body"].encode()) == "Rows"
