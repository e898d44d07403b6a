"""Makes docs/access.md: the access table as domain/identity/policy.py holds it, and which doors ask it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.identity.policy import TABLE, ObjectKind, Purpose, Relation
from domain.kernel import Role

PARTNERS = frozenset({Role.UMANG, Role.E_TAAL, Role.DIGILOCKER, Role.API_SETU, Role.ROUTER})
"""Roles that belong to systems and not to people."""


@dataclass(frozen=True, slots=True)
class Door:
    """A way to data that is no field of the graph, and the cell of the table that it asks; None for what is public."""

    path: str
    cell: tuple[Role, ObjectKind, Purpose] | None
    asked_in: str


DOORS = (
    Door(
        "`/digilocker/pulluri`, `/digilocker/pulldoc`",
        (Role.DIGILOCKER, ObjectKind.CERTIFICATE, Purpose.ISSUE_TO_LOCKER),
        "actions/certificates/issuer.py",
    ),
    Door(
        "Push URI to DigiLocker (outbox)",
        (Role.DIGILOCKER, ObjectKind.CERTIFICATE, Purpose.ISSUE_TO_LOCKER),
        "actions/documents/locker_push.py",
    ),
    Door(
        "`/apisetu/…`",
        (Role.API_SETU, ObjectKind.CERTIFICATE, Purpose.SHARE_WITH_CONSENT),
        "actions/certificates/published.py",
    ),
    Door(
        "`/apisetu/verify`",
        None,
        "actions/certificates/verification.py: by the key of a consumer; what /verify tells anybody, signed",
    ),
    Door("`/etaal/…`", (Role.E_TAAL, ObjectKind.COUNTS, Purpose.COUNT), "actions/etaal/counts.py"),
    Door(
        "`/umang/ws1/…`, `/umang/handoff`",
        None,
        "gateway/umang/: as the citizen who linked the account; then the graph asks, as for the apps",
    ),
    Door("`/sign-in/umang`", (Role.CITIZEN, ObjectKind.ACCOUNT, Purpose.APPLY), "actions/umang/umang_users.py"),
    Door(
        "`/hooks/rts…`", (Role.COMMISSION, ObjectKind.APPEAL, Purpose.HEAR_APPEAL), "actions/appeals/commission_hook.py"
    ),
    Door(
        "`/hr/staff-changes`",
        None,
        "actions/officers/staff_feed.py: signed rows become a batch of the register, which an administrator confirms "
        "where the installation does not say otherwise",
    ),
    Door(
        "`/sms/<secret>`",
        None,
        "actions/conversations/sms_commands.py: what Mobile Seva passes on; of an application is told to the telephone "
        "of its applicant alone, which also appeals by a code that only it was sent",
    ),
    Door(
        "`/hooks/whatsapp`",
        None,
        "actions/conversations/: signed notices are kept and worked on later; who writes is the one citizen whose "
        "number it is, and the actions of the graph ask the table for her (ADR 0038)",
    ),
    Door(
        "`/events/…`, and messages to receivers of events",
        None,
        "actions/platform/events.py: of the cases of the receiver's own department, or handed in by UMANG, what "
        "happened and the number to ask by; e-Taal is told no number. "
        "actions/platform/own_receivers.py: the receivers of the owner whose secret signed (ADR 0039)",
    ),
    Door(
        "`/hooks/connector/<name>`",
        None,
        "actions/connectors/watching.py: a signed notice only has the system asked about a case that is followed",
    ),
    Door(
        "`/hooks/treasury`, `/hooks/csc`",
        None,
        "actions/fees/returns.py: sealed words are kept; the source is asked before anything is marked",
    ),
    Door(
        "`/fees/…`", None, "actions/fees/fees.py: a signed link to one payment, good for an hour; nothing of the person"
    ),
    Door(
        "`exportMyData`, `/my/data.json`",
        (Role.CITIZEN, ObjectKind.CITIZEN, Purpose.VIEW),
        "actions/privacy/personal_data.py",
    ),
    Door("`/uploads`", (Role.CITIZEN, ObjectKind.UPLOAD, Purpose.APPLY), "actions/uploads/uploads.py"),
    Door(
        "`/files/<sha256>`",
        None,
        "actions/documents/file_links.py: a signed link, good for minutes, made for who may read the file or a thing "
        "that names it",
    ),
    Door(
        "`/documents/<address>`",
        None,
        "actions/documents/document_links.py: a signed link, good for minutes, made for the citizen herself",
    ),
    Door(
        "`/my/applications/<number>/<paper>.pdf`",
        (Role.CITIZEN, ObjectKind.APPLICATION, Purpose.VIEW),
        "actions/certificates/papers.py",
    ),
    Door(
        "`/hearings.ics`", (Role.APPELLATE, ObjectKind.APPEAL, Purpose.HEAR_APPEAL), "actions/appeals/hearing_lists.py"
    ),
    Door("`/figures/…`", (Role.OFFICER, ObjectKind.CASE_LIST, Purpose.SUPERVISE), "actions/officers/dashboards.py"),
    Door(
        "`/finance/statement.csv`",
        (Role.FINANCE_OFFICER, ObjectKind.FINANCE_BOOK, Purpose.PAY_BENEFIT),
        "actions/reconciliation/finance_desk.py",
    ),
    Door("`/sign-in/devices`", (Role.CITIZEN, ObjectKind.DEVICE, Purpose.VIEW), "actions/identity/devices.py"),
    Door(
        "`/sign-in/accounts…`", (Role.CITIZEN, ObjectKind.ACCOUNT, Purpose.APPLY), "actions/identity/account_links.py"
    ),
    Door("`/sign-in…`, `/sign-out`", None, "gateway/sign_in/: makes, renews and ends sessions"),
    Door(
        "`/dashboard`, `/nesda`, figures of the state in `/figures/…`",
        None,
        "actions/statistics/figures.py: small numbers are left out but for who may COUNT",
    ),
    Door(
        "`/forms…`, `/notified-services…`, `/status…`, `/status-lists…`, `/fonts/…`, `/health/…`, `/metrics`, "
        "`/.well-known/…`, `/docs/…`",
        None,
        "gateway/: nothing of a person; `/metrics` at a port of its own where that is set",
    ),
    Door("`/rosters/<number>/rows`", (Role.PRINCIPAL, ObjectKind.ROSTER, Purpose.APPLY), "actions/rosters/rosters.py"),
    Door(
        "`/rosters/<number>/list.csv`",
        (Role.PRINCIPAL, ObjectKind.ROSTER_ROW, Purpose.VIEW),
        "actions/rosters/rosters.py",
    ),
    Door(
        "`/u/<name>`, `apuni email bounce`",
        None,
        "actions/feedback/mail_returns.py: a name that we made of one mail; it ends mails to its reader, or says what "
        "came back",
    ),
    Door(
        "`/home`, `/emblem`, `/scripts/…`, `/verify-worker.js`, `/privacy`, `/terms`, `/contact`, `/help`",
        None,
        "gateway/pages/portal.py: nothing of a person; any other page is an operation of the graph, run as its reader",
    ),
    Door(
        "`/verify/<number>`, `/track`",
        None,
        "actions/feedback/tracking.py: `/track` wants a second factor; both are counted by address",
    ),
    Door(
        "`/credentials…`, `/credential-offers/<address>`",
        None,
        "actions/certificates/credentials.py: to the wallet of the holder, who opened the offer and was sent its code; "
        "once each, and audited",
    ),
    Door("`_entities`, `_service`", None, "schema/kernel/guards.py: the router's secret, then the subject's own cells"),
)
"""UMANG has no cell: its door asks as the citizen who linked her account with it."""

RELATIONS: Mapping[Relation, str] = MappingProxyType(
    {
        Relation.ANY: "any",
        Relation.OWN: "her own",
        Relation.ASSISTED: "of whom he serves, while her consent holds",
        Relation.ASSIGNED: "given to this person",
        Relation.JURISDICTION: "in the jurisdiction",
        Relation.HELD: "in the jurisdiction, and held by name",
        Relation.APPEALED: "an appeal about it reached the Commission, or an inquiry was stated",
        Relation.PLACED: "of the school or camp in which she works",
    }
)

_ACCESS = """\
<!-- Made by `python -m tools.reference print` from domain/identity/policy.py. Do not edit. -->
# Who may do what

One table decides every field, mutation, edge, `node`, `_entities`, subscription, door of a partner and export:
role × kind of object × purpose, with the relation that must hold between the one who asks and the object. A cell that
is not here is denied, and denied looks like absent. `domain/identity/policy.py` holds the table and decides;
`actions/kernel/access.py` is the one place that asks it and leaves the receipt of a read. The gateway itself (`SYSTEM`:
worker, clock, seeding, commands on the host) may do everything and is left out; a post that a command gives waits
for an administrator all the same, but for `apuni admin recover`. Where no single thing was asked for, the answer names
the roles that may.

What narrows a cell further: a draft is the citizen's and her operator's alone; a consent at a centre may be for one
service, and by a signed paper it opens nothing that was begun before; a colleague's case is read for a stated
purpose; the Commission acts on appeals of its own level.

Which rule each field of the graph goes by is in `tests/authz/fields.json`, and who sees which thing in
`tests/authz/rows.py`: a field, thing or mutation without an entry fails the tests. `make authz` asks for everything as
everybody, by `node`, `nodes`, `_entities`, root fields, edges, lists, mutations and subscriptions.

| Relation | Means |
| --- | --- |
{relations}

## The table

| Object | Purpose | Role | Relation |
| --- | --- | --- | --- |
{cells}

## Doors beside the graph

Of the cells that a door asks one stands for the others: who has another role with that object and purpose comes in too.

| Door | Role | Object | Purpose | Asked in |
| --- | --- | --- | --- | --- |
{doors}
"""


def access() -> str:
    """The access table in words."""
    return _ACCESS.format(
        relations="\n".join(f"| {relation.value} | {words} |" for relation, words in RELATIONS.items()),
        cells="\n".join(_cells()),
        doors="\n".join(_door(door) for door in DOORS),
    )


def _cells() -> Iterator[str]:
    for kind in ObjectKind:
        for purpose in Purpose:
            held: dict[Relation, list[str]] = {}
            for (role, of_kind, for_purpose), relation in TABLE.items():
                if (of_kind, for_purpose) == (kind, purpose) and role is not Role.SYSTEM:
                    held.setdefault(relation, []).append(role.value)
            for relation in sorted(held):
                roles = ", ".join(sorted(held[relation]))
                yield f"| {kind.value} | {purpose.value} | {roles} | {relation.value} |"


def _door(door: Door) -> str:
    role, kind, purpose = ("–", "–", "public, bounded") if door.cell is None else (one.value for one in door.cell)
    return f"| {door.path} | {role} | {kind} | {purpose} | {door.asked_in} |"
