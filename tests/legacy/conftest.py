"""Old applications are taken over into the small world that tests of verbs share."""

from tests.actions.conftest import old, world

__all__ = ["old", "world"]
