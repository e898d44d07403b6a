"""All journeys go through one running demo, as do the tests in a browser (tests/support/scheduling.py)."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "journeys" in item.path.parts or "browser" in item.path.parts:
            item.add_marker(pytest.mark.integration)
            if item.get_closest_marker("timeout") is None:  # the demo's own start is bounded where it is waited for
                item.add_marker(pytest.mark.timeout(func_only=True))
