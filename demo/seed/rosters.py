"""Seeds a school and a camp with one filed roster each by the ordinary actions."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from actions.kernel import Environment, UnitOfWork
from actions.rosters.adding import AddRows, add_rows
from actions.rosters.hand_over import RecordRowFee, record_row_fee
from actions.rosters.roster_filing import ask, file_row, go_on
from actions.rosters.rosters import OpenRoster, open_roster, taken_up
from actions.uploads.uploads import take_in
from demo.seed.forms import filled_in
from demo.seed.papers import demo_paper
from domain.catalogue.catalogue import Service
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.catalogue.forms import Form
from domain.kernel import Bilingual, Operator, PersonKind, Subject, ist_date
from domain.rosters.rosters import FILED_AT_ONCE, KEEPERS, Roster, RosterState
from domain.rosters.rows import RawRow
from store.catalogue import catalogue, centres, forms
from store.database import Transaction
from store.identity import people
from store.platform import seeds
from store.rosters import roster_rows

CAMP_DAYS = timedelta(days=3)
"""The camp of the demo began so long before it is sown, and ends so long after."""

_FROM_THE_ROW = ("applicant_name", "father_name", "mother_name", "date_of_birth", "mobile")

Entry = Mapping[str, Any]


async def seed_rosters(env: Environment, demo: Mapping[str, Any]) -> bool:
    """Enter the school and the camp and file their rosters; False where it was done already.

    What was cut off continues where it stopped: every step has a key of its own.
    """
    part = f"{demo['histories']['seed_id']}:rosters"
    async with env.store.read_transaction() as tx:
        if await seeds.is_seeded(tx, part) or "rosters" not in demo:
            return False
    keepers = {entry["key"]: await enter_centre(env, entry) for entry in demo["rosters"]["keepers"]}
    for entry in demo["rosters"]["rosters"]:
        await _file_roster(env, keepers[entry["by"]], entry, f"{part}:{entry['by']}")
    async with env.store.write_transaction() as tx:
        await seeds.mark(tx, part)
    return True


async def enter_centre(env: Environment, entry: Entry) -> Subject:
    """The school or camp and who works there, entered as an import does it."""
    kind, name = CentreKind(entry["kind"]), Bilingual(entry["centre_hi"], entry["centre_en"])
    today = ist_date(env.clock.now())
    days = (today - CAMP_DAYS, today + CAMP_DAYS) if kind is CentreKind.CAMP else (None, None)
    centre = Centre(entry["code"], kind, name, entry["district"], entry["tehsil"], True, *days)

    async def work(tx: Transaction) -> str:
        present = await people.operator_by_csc_id(tx, entry["csc_id"])
        operator = Operator(
            present.id if present else env.ids.key(),
            Bilingual(entry["name_hi"], entry["name_en"]),
            entry["csc_id"],
            name,
            entry["district"],
            entry["tehsil"],
        )
        await centres.save_centres(tx, [centre])
        await people.save_operator(tx, operator)
        await centres.bind(tx, [Binding(operator.id, centre.code, entry["email"])])
        return operator.id

    operator_id = await env.store.carry_out(work)
    places = frozenset({centre.code})
    roles = frozenset({KEEPERS[kind]})
    return Subject(roles, PersonKind.OPERATOR, operator_id, district=centre.district, places=places)


async def _file_at_once(env: Environment, subject: Subject, number: str) -> None:
    """Have a roster filed and wait for it, without the worker. One that was filed stays as it is."""

    async def begin(tx: Transaction) -> Roster:
        acting = UnitOfWork(env, tx, subject)
        roster = await taken_up(acting, number)
        return await ask(acting, number, by_worker=False) if roster.state is RosterState.DRAFT else roster

    roster = await env.store.carry_out(begin)
    while roster.state is RosterState.FILING:
        async with env.store.read_transaction() as tx:
            rows = await roster_rows.next_ready(tx, roster.id, FILED_AT_ONCE)
        for row in rows:
            await file_row(env, roster, row)
        if not rows:
            await env.store.carry_out(partial(go_on, env, roster=roster, after="nothing"))
            return


async def _file_roster(env: Environment, keeper: Subject, entry: Entry, key: str) -> None:
    """One roster: opened, filled, filed at once, and its fees taken."""
    roster, _ = await open_roster(env, keeper, OpenRoster(entry["service"], f"{key}:open"))
    consent = (await take_in(env, keeper, demo_paper("consent-of-the-guardians"))).reference
    paper = (await take_in(env, keeper, demo_paper("papers-of-the-roster"))).reference
    async with env.store.read_transaction() as tx:
        service = (await catalogue.services_by_codes(tx, [entry["service"]]))[entry["service"]]
        form = (await forms.of_services(tx, [service.code])).get(service.code)
    today = ist_date(env.clock.now())
    rows = tuple(_row(row, service, form, today, paper, consent) for row in entry["rows"])
    results, _ = await add_rows(env, keeper, AddRows(roster.number, rows, f"{key}:rows"))
    refused = [problem for result in results for problem in result.problems]
    if refused:
        raise ValueError(f"the demo does not fit the catalogue: {refused[0].code.value} {'.'.join(refused[0].path)}")
    await _file_at_once(env, keeper, roster.number)
    async with env.store.read_transaction() as tx:
        filed = await roster_rows.rows_of_roster(roster.id).page(tx, limit=len(rows))
    for row in filed if service.fee_paise else ():
        if row.application_id is not None:
            fee = RecordRowFee(row.id, f"D-{row.reference}", service.fee_paise or 0, f"{key}:fee:{row.reference}")
            await record_row_fee(env, keeper, fee)


def _row(entry: Entry, service: Service, form: Form | None, today: date, paper: str, consent: str) -> RawRow:
    born_on = date(today.year - int(entry["age"]), 1, 15)
    answers = {name: text for name, text in filled_in(form, {}, today).items() if name not in _FROM_THE_ROW}
    return RawRow(
        reference=entry["reference"],
        name=entry["name"],
        born_on=born_on.isoformat(),
        guardian=entry["guardian"],
        relation=entry["relation"],
        mobile=entry["mobile"],
        name_hi=entry["name_hi"],
        answers=_with_father(answers, form, entry),
        documents={one.key: paper for one in service.documents if one.required},
        consent_paper=None if entry.get("unsigned") else consent,
    )


def _with_father(answers: Mapping[str, str], form: Form | None, entry: Entry) -> dict[str, str]:
    """A father's name, which the row itself gives only where he is the guardian."""
    if form is None or form.question("father_name") is None or entry["relation"] == "FATHER":
        return dict(answers)
    return {**answers, "father_name": "Bachan Lal"}
