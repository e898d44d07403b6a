"""Imports a library without those optional parts of it that are never used here."""

import sys
from importlib import import_module


def import_without(library: str, *absent: str) -> None:
    """Import a library as where the absent ones are not installed, which it would load for uses that are not ours.

    Whoever needs one of these imports it afterwards. To be called before there are other threads.
    """
    hidden = [name for name in absent if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # by None Python refuses the import
    try:
        import_module(library)
    finally:
        for name in hidden:
            del sys.modules[name]
