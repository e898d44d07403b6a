"""Who runs a command: the account of this machine, by its number, since its name may be a person's."""

import os
from dataclasses import replace

from domain.people import SYSTEM, Subject


def account() -> str:
    """What audit lines and rows say of who ran a command."""
    return f"CLI:{os.getuid()}"


def commanding() -> Subject:
    """The gateway itself, at the word of that account."""
    return replace(SYSTEM, account=account())
