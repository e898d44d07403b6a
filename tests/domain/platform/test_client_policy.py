"""Versions in the order of semantic versioning, and whether they still work."""

from datetime import UTC, datetime

import pytest

from domain.platform.client_policy import AppVersion, ClientPlatform, ClientRule, Support, support_of

ORDER = ["0.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.2", "1.0.0-beta", "1.0.0", "1.0.1", "1.2", "1.10", "2"]


def version(text: str) -> AppVersion:
    found = AppVersion.of(text)
    assert found is not None
    return found


def test_versions_are_ordered_as_semantic_versioning_says():
    assert [*map(version, ORDER)] == sorted(map(version, reversed(ORDER)))
    assert version("1.4") == version("v1.4.0") == version(" 1.4.0+build.7 ")


@pytest.mark.parametrize("text", ["", "one", "1.2.3.4.5", "1..2", "1.0.0-", "9" * 10, "१.०", "1.0.0 beta"])
def test_what_is_no_version_is_told(text: str):
    assert AppVersion.of(text) is None


@pytest.mark.parametrize(
    ("asked", "support"),
    [
        ("1.1.9", Support.UPDATE_REQUIRED),
        ("1.2.0-beta", Support.UPDATE_REQUIRED),
        ("1.2.0", Support.UPDATE_AVAILABLE),
        ("1.3.0", Support.SUPPORTED),
        ("2", Support.SUPPORTED),
    ],
)
def test_a_version_below_the_minimum_must_be_updated_and_below_the_newest_may_be(asked: str, support: Support):
    rule = ClientRule(
        "citizen_app", ClientPlatform.ANDROID, "1.2", "1.3", None, "CLI", datetime(2026, 1, 1, tzinfo=UTC)
    )

    assert support_of(rule, version(asked)) is support
    assert support_of(None, version(asked)) is Support.SUPPORTED
