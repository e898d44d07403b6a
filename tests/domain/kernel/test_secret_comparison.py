"""Secrets and digests are compared in constant time, in one place of the house."""

from pathlib import Path

import pytest

from domain.kernel.secret_comparison import is_any_secret, is_same_secret

ROOT = Path(__file__).parents[3]
FLOORS = ("actions", "domain", "gateway", "integrations", "schema", "states", "store")


@pytest.mark.parametrize(
    ("given", "expected", "same"),
    [
        ("a", "a", True),
        ("a", b"a", True),
        ("a", "ab", False),
        ("", "a", False),
        ("é", "e", False),
        ("\ud800", "a", False),
    ],
)
def test_texts_and_octets_are_the_same_where_they_are_equal(given, expected, same):
    assert is_same_secret(given, expected) is same


def test_one_of_several_is_enough_and_none_is_not():
    assert is_any_secret("b", ["a", "b"])
    assert not is_any_secret("c", ["a", "b"])
    assert not is_any_secret("", [])


def test_nothing_else_compares_secrets_by_hand():
    found = [
        str(path.relative_to(ROOT))
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*.py")
        if "compare_digest" in path.read_text(encoding="utf-8")
    ]
    assert found == ["domain/kernel/secret_comparison.py"], "use is_same_secret or is_any_secret"
