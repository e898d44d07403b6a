"""The demo is seeded into the same empty catalogue that tests of verbs begin with."""

from tests.actions.conftest import catalogued

__all__ = ["catalogued"]
