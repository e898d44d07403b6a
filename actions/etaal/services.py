"""Assigns services to e-Taal codes, and lists the assignments and the services without a code."""

import re
from dataclasses import dataclass
from datetime import date

from actions.kernel import Environment, access, run_idempotently
from domain.etaal.counting import FIRST_DAY, STATUS_LINE, Category, EnrolledService, Level
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import Bilingual, ErrorCode, Problem, Problems, Subject
from domain.kernel.messages import bilingual
from store.catalogue import catalogue
from store.database import Transaction, audit
from store.etaal import etaal, ledger

OPERATION = "mapEtaalService"
MAPPED = "etaal.service_mapped"
LONGEST_NAME = 100

STATUS_NAME = bilingual("etaal.status_enquiry")
"""What enquiries count under."""

_COUNTS = Resource(ObjectKind.COUNTS)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_OWN_LINE = "LOCAL-"


@dataclass(frozen=True, slots=True)
class MapService:
    """That a service is to count under a code of e-Taal from a day on."""

    service_code: str
    etaal_code: str
    category: Category
    level: Level
    starts_on: date
    standard_service: str | None = None

    @property
    def enrolled(self) -> EnrolledService:
        """The same as the store keeps it."""
        return EnrolledService(
            self.service_code, self.starts_on, self.etaal_code, self.category, self.level, self.standard_service
        )


@dataclass(frozen=True, slots=True)
class Mapped:
    """What came of it. `revised_days` is how many days with counts have a new revision because of it."""

    service: EnrolledService
    revised_days: int


@dataclass(frozen=True, slots=True)
class CountedService:
    """A service, or another line that counts: its codes at e-Taal, the earliest first; none where it has none yet.

    `uncoded_count` is what was counted of it under no code, since `first_uncoded_on`.
    """

    code: str
    name: Bilingual | None
    codes: tuple[EnrolledService, ...]
    uncoded_count: int = 0
    first_uncoded_on: date | None = None


async def services_page(
    env: Environment, subject: Subject, *, unmapped_only: bool, place: str | None, backward: bool, limit: int
) -> list[CountedService]:
    """A page, by code, of what counts: services, schemes, the line of enquiries, and whatever else was counted.

    Raises NOT_FOUND where the subject may not see counts, NotSignedIn where nobody is signed in.
    """
    every = await _read_services(env, subject, unmapped_only=unmapped_only)
    if backward:
        return [each for each in every if place is None or each.code < place][-limit:]
    return [each for each in every if place is None or each.code > place][:limit]


async def count_services(env: Environment, subject: Subject, *, unmapped_only: bool) -> int:
    """How many the same question lets through."""
    return len(await _read_services(env, subject, unmapped_only=unmapped_only))


async def _read_services(env: Environment, subject: Subject, *, unmapped_only: bool) -> list[CountedService]:
    async with env.store.read_transaction() as tx:
        await access.require(env, tx, subject, _COUNTS, Purpose.COUNT)
        return await list_services(tx, unmapped_only=unmapped_only)


async def list_services(tx: Transaction, *, unmapped_only: bool = False) -> list[CountedService]:
    """As `services_page`, all of them; for commands."""
    names = await _names(tx)
    codes: dict[str, list[EnrolledService]] = {}
    for each in await etaal.enrolled_services(tx):
        codes.setdefault(each.service_code, []).append(each)
    uncoded = await ledger.unmapped_services(tx)
    found = []
    for code in sorted(names.keys() | codes.keys() | uncoded.keys()):
        if unmapped_only and code in codes:
            continue
        total, since = uncoded.get(code, (0, None))
        found.append(CountedService(code, names.get(code), tuple(codes.get(code, ())), total, since))
    return found


async def map_service(
    env: Environment, subject: Subject, wanted: MapService, *, idempotency_key: str
) -> tuple[Mapped, bool]:
    """Put a service under a code for an administrator; the second value is True for a replay.

    Raises Problems: NOT_FOUND where the subject may not, and those of `change_mapping`.
    """

    async def work(tx: Transaction) -> dict[str, int]:
        await access.require(env, tx, subject, _COUNTS, Purpose.OPERATE)
        return {"days": (await change_mapping(tx, wanted, by=subject.label)).revised_days}

    body = {
        "serviceCode": wanted.service_code,
        "etaalCode": wanted.etaal_code,
        "category": wanted.category.value,
        "level": wanted.level.value,
        "startsOn": wanted.starts_on.isoformat(),
        "standardService": wanted.standard_service,
    }
    answer, replayed = await run_idempotently(env, subject, OPERATION, key=idempotency_key, body=body, work=work)
    return Mapped(wanted.enrolled, int(answer["days"])), replayed


async def change_mapping(tx: Transaction, wanted: MapService, *, by: str) -> Mapped:
    """Put a service under a code, with an audit line and a revision of every day that it changes.

    Raises Problems: BAD_INPUT for a service that is not known, a code that is none or that stands for another
    category, and for a category or day that cannot be.
    """
    await _check(tx, wanted)
    days = await etaal.enrol(tx, wanted.enrolled, by=by)
    detail = {
        "code": wanted.etaal_code,
        "category": wanted.category.value,
        "level": wanted.level.value,
        "startsOn": wanted.starts_on.isoformat(),
        "revisedDays": days,
    }
    await audit.record(tx, by, MAPPED, ObjectKind.COUNTS, wanted.service_code, Purpose.OPERATE, **detail)
    return Mapped(wanted.enrolled, days)


async def _check(tx: Transaction, wanted: MapService) -> None:
    others = [
        each for each in await etaal.under_code(tx, wanted.etaal_code) if each.service_code != wanted.service_code
    ]
    other_kind = any((each.category, each.level) != (wanted.category, wanted.level) for each in others)
    name = wanted.standard_service
    wrong = {
        "serviceCode": not await _is_known_service(tx, wanted.service_code),
        "etaalCode": not _CODE.fullmatch(wanted.etaal_code) or wanted.etaal_code.startswith(_OWN_LINE) or other_kind,
        "category": (wanted.category is Category.D) is not (wanted.service_code == STATUS_LINE),
        "startsOn": wanted.starts_on < FIRST_DAY,
        "standardService": name is not None and not 1 <= len(name.strip()) <= LONGEST_NAME,
    }
    problems = [Problem(ErrorCode.BAD_INPUT, ("input", field)) for field, is_wrong in wrong.items() if is_wrong]
    if problems:
        raise Problems(*problems)


async def _is_known_service(tx: Transaction, code: str) -> bool:
    return code in await _names(tx) or bool(await ledger.counted_services(tx, [code]))


async def _names(tx: Transaction) -> dict[str, Bilingual]:
    names = {service.code: service.name for service in await catalogue.all_services(tx)}
    names |= {scheme.code: scheme.name for scheme in (await catalogue.schemes(tx)).values()}
    return {**names, STATUS_LINE: STATUS_NAME}
