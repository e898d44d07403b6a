"""Makes docs/policies.md: how every call to an outside system behaves, and what the partners' codes mean."""

from collections.abc import Iterable

from domain.kernel import Source
from integrations.calling.policies import CallPolicy
from integrations.registry import OUTSIDE_SYSTEMS

CALL = (
    "source", "call", "effect", "priority", "total_seconds", "attempt_seconds", "attempts", "repeats",
    "body_bytes", "accepts",
)  # fmt: skip
SHARED = ("call", "breaker", "traffic", "places", "places_of_group", "per_second")
KEPT = ("call", "fresh_seconds", "stale_while_revalidate_seconds", "stale_if_error_seconds", "scope", "purpose")

_POLICIES = """\
<!-- Made by `python -m tools.reference print` from integrations/registry.py. Do not edit. -->
# Call policies

How each call to an outside system behaves. The policies are declared next to the client method that makes the
call; the metric `apuni_source_policy` carries the same table as labels, and `@source` in the graph its part
for the fields that are read from a source.

## One call

*Total* bounds all attempts together. A request with a deadline (`x-deadline-ms`, or the limits of the edge)
gives a call a share of the time that is left, after a reserve of {reserve} s for our own store: {shares}.
A `READ` may be repeated. A `KEYED_WRITE` may be repeated once the partner was asked whether the first attempt
had arrived. What happens `ONCE` is repeated only where the connection was never made. Repeats wait with full
jitter, honour `Retry-After` up to 5 s, and are a share of all calls at most. What an app is told to wait is a
partner's `Retry-After` too, but never more than 300 s, as long as a breaker stays open at most.

*Accepts* is checked before a byte of a good answer is read; another type is garbled. An answer without a body has
no type. An HTML page with status 200 is a portal that is down or asks somebody to sign in: `Unavailable` with the
code `html_page` (docs/contracts/umang.md section 4 says so; the other contracts say nothing).

{calls}

## What calls share

Calls go by one breaker for each system and group; in angle brackets is what each call names. `BUSY` opens at
50 % failures of the last 20 calls, at least 10; `LOW` at five of five. Open time is 15 s, doubling to 300 s;
three good probes close, one at a time. The state is each process's own. With a shared cache (`APUNI_CACHE_URL`) an
open breaker is told to the other processes as a hint: they then let one call of the group through at a time, until
one succeeds, and open at the first that fails. *Places* are calls at a time in one process, *per second* their rate.

{shared}

## What is kept

A fresh answer is given without asking. After that it is given at once while it is asked for again, and then
only where the system does not answer or what it sends cannot be read. Such answers say STALE with their age.
Errors and partial answers are not kept; a refusal or a forged answer drops what was kept. The key of an entry
holds whom it is of and what it was asked for. In a shared cache entries are sealed (AES-256-GCM by the keyring of
fields, bound to their name).

What is not in this table is never kept: files and XML of a locker are large and checked by their HMAC each time,
tokens and identities are good once, and a payment's state is never shown old.

{kept}

## Codes of the partners

The outcome decides what the caller does: `Unavailable` may be asked again, `Refused` may not. A code that is
not listed goes by the status. Codes of reasons for returned payments are in
integrations/dbt_finance/jit/return_codes.py.

{codes}
"""


def policies() -> str:
    """The policies of all calls, and the code tables of all partners."""
    from integrations.calling.deadline import RESERVE_SECONDS, SHARES

    return _POLICIES.format(
        reserve=f"{RESERVE_SECONDS:g}",
        shares=", ".join(f"`{priority}` {share:.0%}" for priority, share in SHARES.items()),
        calls=_table(CALL, (_row(policy, CALL) for policy in OUTSIDE_SYSTEMS.policies)),
        shared=_table(SHARED, (_row(policy, SHARED) for policy in OUTSIDE_SYSTEMS.policies)),
        kept=_table(KEPT, (_row(policy, KEPT) for policy in OUTSIDE_SYSTEMS.policies if policy.kept_seconds)),
        codes=_table(("source", "code", "outcome"), _codes()),
    )


def _row(policy: CallPolicy, columns: tuple[str, ...]) -> tuple[str, ...]:
    described = policy.as_labels()
    return tuple(described[column] for column in columns)


def _codes() -> Iterable[tuple[str, ...]]:
    for source in Source:
        for code, outcome in OUTSIDE_SYSTEMS.codes.get(source, {}).items():
            yield source.value, code, outcome


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    header = tuple(column.replace("_", " ").capitalize() for column in columns)
    lines = [header, ("---",) * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
