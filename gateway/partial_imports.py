"""Imports a library without those parts of it that are never used here."""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType


class _Empty(ModuleType):
    """A module of which everything is None."""

    def __getattr__(self, name: str) -> None:
        return None


def import_without(library: str, *absent: str) -> None:
    """Import a library as where the absent ones are not installed, which it would load for uses that are not ours.

    Whoever needs one of these imports it afterwards. To be called before there are other threads.
    """
    _import_beside(library, dict.fromkeys(absent))  # by None Python refuses the import


def import_without_parts(library: str, *parts: str) -> None:
    """Import a library without modules of its own, of which it loads every one; what it takes from them is None there.

    To be called as `import_without`.
    """
    _import_beside(library, {part: _Empty(part) for part in parts})


def _import_beside(library: str, others: Mapping[str, ModuleType | None]) -> None:
    hidden = {name: other for name, other in others.items() if name not in sys.modules}
    sys.modules.update(hidden)  # type: ignore[arg-type]  # Python takes None too
    try:
        import_module(library)
    finally:
        for name in hidden:
            del sys.modules[name]
