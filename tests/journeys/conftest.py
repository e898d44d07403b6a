"""All journeys go through one running demo, so they run in one process of the test run."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "journeys" in item.path.parts or "browser" in item.path.parts:
            item.add_marker(pytest.mark.integration)
            item.add_marker(pytest.mark.xdist_group("demo"))
            if item.get_closest_marker("timeout") is None:  # the demo's own start is bounded where it is waited for
                item.add_marker(pytest.mark.timeout(func_only=True))
