"""Scopes of sessions and partner tokens, each bound to the roles that may hold it.

A scope says which kind of thing may be tried at all; whether it may be done to one object is decided by
domain/identity/policy.py. Scopes are the words of `@requiresScopes` in the graph.
"""

from collections.abc import Mapping
from enum import StrEnum

from domain.kernel.people import Role, Subject


class Scope(StrEnum):
    """Every scope, as `area:verb`."""

    OWN = "own:write"
    ASSIST = "assist:write"
    VISITS = "visits:work"
    ROSTERS = "rosters:file"
    CASES = "cases:decide"
    APPEALS = "appeals:hear"
    COMMISSION = "commission:review"
    STAFF = "staff:manage"
    CONVERSATIONS = "conversations:answer"
    APPS = "apps:register"
    COUNTS = "counts:read"
    OPERATIONS_READ = "operations:read"
    OPERATIONS_WRITE = "operations:write"
    ENTITIES = "entities:resolve"


_COUNTED = {Scope.COUNTS}

SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.ANONYMOUS: frozenset(),
    Role.CITIZEN: frozenset({Scope.OWN}),
    Role.OPERATOR: frozenset({Scope.ASSIST}),
    Role.DOORSTEP_AGENT: frozenset({Scope.VISITS}),
    Role.PRINCIPAL: frozenset({Scope.ROSTERS}),
    Role.CAMP_OFFICER: frozenset({Scope.ROSTERS}),
    Role.OFFICER: frozenset({Scope.CASES, *_COUNTED}),
    Role.APPELLATE: frozenset({Scope.CASES, Scope.APPEALS, *_COUNTED}),
    Role.COMMISSION: frozenset({Scope.APPEALS, Scope.COMMISSION, *_COUNTED}),
    Role.DEPARTMENT_ADMIN: frozenset({Scope.STAFF, *_COUNTED}),
    Role.FINANCE_OFFICER: frozenset(_COUNTED),
    Role.AUDITOR: frozenset({Scope.OPERATIONS_READ, *_COUNTED}),
    Role.HELPLINE: frozenset({Scope.CONVERSATIONS}),
    Role.DEVELOPER: frozenset({Scope.APPS}),
    Role.ADMIN: frozenset({Scope.STAFF, Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE, *_COUNTED}),
    Role.UMANG: frozenset(),
    Role.E_TAAL: frozenset(_COUNTED),
    Role.DIGILOCKER: frozenset(),
    Role.API_SETU: frozenset(),
    Role.ROUTER: frozenset({Scope.ENTITIES}),
    Role.SYSTEM: frozenset(Scope),
}
"""The scopes of each role."""


def scopes_of(subject: Subject) -> frozenset[str]:
    """What the subject's roles are good for, and no more than its token names, where the token names any."""
    held = frozenset(scope.value for role in subject.roles for scope in SCOPES[role])
    return held & subject.scopes if subject.scopes else held
