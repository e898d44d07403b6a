"""Imports the identity strength that services require; a service that the file omits gets the default."""

from collections.abc import Mapping, Sequence

from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, Assurance, ErrorCode, Needed, Problem, Problems
from store.catalogue import catalogue
from store.database import Store, Transaction, audit
from store.identity import strengths

COLUMNS = ("service_code", "own", "assisted")

Row = Mapping[str, str | None]


async def import_strengths(store: Store, rows: Sequence[Row], *, by: str = SYSTEM.label) -> int:
    """Replace the whole table by a file; returns how many services ask for something of their own.

    Raises Problems(BAD_INPUT), one for each row that is wrong: `row` is its line in the file.
    """

    async def work(tx: Transaction) -> int:
        known = await catalogue.services_by_codes(tx, {(row.get("service_code") or "").strip() for row in rows})
        given: dict[str, Needed] = {}
        wrong: list[Problem] = []
        for line, row in enumerate(rows, start=2):
            values = {name: (row.get(name) or "").strip() for name in COLUMNS}
            code, levels = values["service_code"], {one.value for one in Assurance}
            if code not in known or code in given or not {values["own"], values["assisted"]} <= levels:
                wrong.append(Problem(ErrorCode.BAD_INPUT, ("row", str(line)), params={"row": str(line)}))
                continue
            given[code] = Needed(Assurance(values["own"]), Assurance(values["assisted"]))
        if wrong:
            raise Problems(*wrong)
        await strengths.replace_all(tx, given)
        detail = {"services": len(given)}
        line_of_audit = audit.AuditLine(by, "strengths.import", "CATALOGUE", None, Purpose.OPERATE.value, detail)
        await audit.append(tx, line_of_audit)
        return len(given)

    return await store.carry_out(work)
