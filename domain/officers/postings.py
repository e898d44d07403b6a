"""Which posts one person may hold together, by own posting, as substitute and in charge of a vacant post."""

import re
from collections.abc import Sequence

from domain.kernel import Posting, Role

ALONE = frozenset({Role.ADMIN, Role.DEPARTMENT_ADMIN, Role.AUDITOR, Role.COMMISSION, Role.HELPLINE})
"""Roles that nobody holds together with another one: who posts, audits or reviews does not decide or pay, and who
answers at the helpline sees no case."""

WATCHED = frozenset({Role.ADMIN, Role.AUDITOR, Role.COMMISSION})
"""Roles whose posts pass to others with a second administrator only, and with an alarm; all are of the whole state."""

WHOLE_STATE = WATCHED | {Role.HELPLINE}
"""Roles that have no jurisdiction narrower than the state."""

DECIDING = frozenset({Role.OFFICER, Role.APPELLATE})
"""Roles that decide, and that nobody has who pays for the same department and place."""

NEVER_PASSED_ON = frozenset({Role.COMMISSION})
"""Roles that no transfer, leave or vacancy gives: a Commissioner is appointed."""


def service_codes(*said: str) -> tuple[str, ...]:
    """The codes that are written, also several in one text with blanks, commas or semicolons between, in order."""
    return tuple(sorted({code for text in said for code in re.split(r"[\s,;]+", text) if code}))


def may_hold(held: Sequence[Posting], more: Posting) -> bool:
    """Whether one who holds these posts may take one more from somebody else."""
    return more.role not in NEVER_PASSED_ON and all(_go_together(one, more) for one in held)


def watched_roles(postings: Sequence[Posting]) -> frozenset[Role]:
    """The roles of these posts that are watched."""
    return WATCHED & {one.role for one in postings}


def with_taken(held: Sequence[Posting], offered: Sequence[Posting]) -> tuple[Posting, ...]:
    """The posts with those of the offered ones that may be taken, in their order."""
    found = list(dict.fromkeys(held))
    for one in offered:
        if one not in found and may_hold(found, one):
            found.append(one)
    return tuple(found)


def _go_together(one: Posting, other: Posting) -> bool:
    roles = {one.role, other.role}
    if len(roles) == 2 and roles & ALONE:
        return False
    pays_and_decides = Role.FINANCE_OFFICER in roles and bool(roles & DECIDING)
    return not (pays_and_decides and _overlap(one, other))


def _overlap(one: Posting, other: Posting) -> bool:
    """Whether there is a department and place that both reach."""
    pairs = ((one.department, other.department), (one.district, other.district), (one.tehsil, other.tehsil))
    return all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)
