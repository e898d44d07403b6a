"""Follows cases at departments' systems by asking again and again; a signed notice of a system only has us ask now."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from actions.clearances.clearances import AnswerClearance, give_answer
from actions.connectors.inputs import Known, inputs_of
from actions.connectors.reads import client_of, may_ask, record_of_citizen
from actions.connectors.sending import following_call, with_row
from actions.connectors.versions import connectors_in_force, scope_of
from actions.kernel import BATCH, Environment, UnitOfWork, read_at_sources
from domain.clearances import Clearance, ClearanceState
from domain.connectors import DepartmentCase, DepartmentCaseState
from domain.kernel import SYSTEM, Language, Problems
from domain.kernel.messages import label
from integrations.calling.errors import Refused, RemoteError
from integrations.connectors import Connector, ConnectorCall, Connectors, Hook
from store import clearances
from store.applications import applications
from store.connectors import cases
from store.database import Transaction
from store.identity import people

HELD = timedelta(minutes=2)
"""For so long one process alone asks about a case."""
NO_LADDER = (3600.0,)
"""Seconds between enquiries about a clearance of whose call the file says no more, and while no file is in force."""


async def ask_about_cases(env: Environment) -> int:
    """Ask about every case whose time has come; gives how many. What a system says about one never stops the others."""
    await _take_up_clearances(env)
    due = await env.store.read(lambda tx: cases.to_be_asked(tx, env.clock.now(), BATCH))
    for case in due:
        until = env.clock.now() + HELD
        if await env.store.carry_out(partial(cases.claim, case=case, until=until)):
            await _ask_about(env, case)
    return len(due)


class ConnectorNotices:
    """Implements the endpoint of integrations/connectors: a notice has the system asked, and is not believed."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def hook(self, name: str) -> tuple[Hook, str] | None:
        """The hook of a system in force, and its secret; None where it has none."""
        connector = (await self._env.store.read(connectors_in_force)).get(name)
        watches = (one.watch for one in connector.calls.values()) if connector else ()
        hook = next((one.hook for one in watches if one and one.hook), None)
        clients = self._env.partners.find(Connectors)
        secret = clients.secret(connector, hook.secret) if hook and connector and clients else None
        return (hook, secret) if hook and secret else None

    async def take(self, name: str, event: str, number: str) -> bool:
        """Have the system asked now about a case that is followed; False where the event was there before."""

        async def note(tx: Transaction) -> bool:
            if not await cases.note_event(tx, name, event):
                return False
            await cases.ask_now(tx, name, number)
            return True

        return await self._env.store.carry_out(note)


def clearance_call(connector: Connector) -> ConnectorCall | None:
    """The call by which a system answers a clearance."""
    return next((one for one in connector.calls.values() if one.serves == "clearance"), None)


async def _take_up_clearances(env: Environment) -> None:
    """Begin to ask the systems of departments that owe a clearance."""
    async with env.store.read_transaction() as tx:
        answering = {one.department: one for one in (await connectors_in_force(tx)).values() if clearance_call(one)}
        departments = {one for one in answering if one}
        owed = await cases.clearances_without_case(tx, departments, BATCH) if departments else []
    for clearance in owed:
        connector = answering[clearance.department]
        await env.store.carry_out(partial(_take_up, env, clearance=clearance, connector=connector))


async def _take_up(env: Environment, tx: Transaction, clearance: Clearance, connector: Connector) -> None:
    call = clearance_call(connector)
    application = await applications.get(tx, clearance.application_id)
    citizen = (await people.citizens(tx, [clearance.citizen_id])).get(clearance.citizen_id)
    if call is None:
        return
    now, problem, values = env.clock.now(), None, {}
    try:
        values = inputs_of(call, Known(citizen, application), {})
    except Problems as refused:  # the form does not say what the system wants to know: officers answer by hand
        problem = refused.code.value
    ladder = timedelta(seconds=call.watch.at_most) if call.watch else clearance.due_at - now
    await cases.add(
        tx,
        DepartmentCase(
            id=env.ids.key(),
            citizen_id=clearance.citizen_id,
            application_id=clearance.application_id,
            clearance_id=clearance.id,
            system=connector.name,
            call=call.name,
            kind=call.kind,
            state=DepartmentCaseState.REFUSED if problem else DepartmentCaseState.SENT,
            inputs=values,
            created_at=now,
            next_at=None if problem else now,
            ends_at=now + ladder,
            problem=problem,
        ),
    )


async def _ask_about(env: Environment, case: DepartmentCase) -> None:
    """Ask once about a case, and write down what was said and when it is asked about again."""
    async with env.store.read_transaction() as tx:
        connector = (await connectors_in_force(tx)).get(case.system)
        call = None if connector is None else _call_about(connector, case)
        may_ask = connector is None or (call is not None and await _may_ask(tx, case, connector, call))
    if connector is None or call is None or not may_ask:
        later = env.clock.now() + timedelta(seconds=NO_LADDER[0])
        await _note(env, replace(case, next_at=later if may_ask and _is_in_time(case, later) else None))
        return
    resource = record_of_citizen(case.citizen_id, scope_of(connector, call))
    await read_at_sources(env, SYSTEM, resource, [connector.source])
    values = {**case.inputs, **({"number": case.number} if case.number else {})}
    try:
        found = await client_of(env, connector).read(call, values, citizen_id=case.citizen_id)
        asked = with_row(env, call, case, found.rows[0]) if found.rows else case
    except Refused as error:
        asked = replace(case, problem=error.code)
    except RemoteError:
        asked = case
    await _note(env, _with_next_enquiry(env, call, asked), connector)


async def _may_ask(tx: Transaction, case: DepartmentCase, connector: Connector, call: ConnectorCall) -> bool:
    """Whether the citizen's consent still holds where one is needed, and the clearance is still owed."""
    if not await may_ask(tx, case.citizen_id, connector, call):
        return False
    clearance = await clearances.get(tx, case.clearance_id) if case.clearance_id else None
    return clearance is None or clearance.state is ClearanceState.ASKED


def _call_about(connector: Connector, case: DepartmentCase) -> ConnectorCall | None:
    return connector.calls.get(case.call) if case.clearance_id else following_call(connector, case.kind)


def _with_next_enquiry(env: Environment, call: ConnectorCall, case: DepartmentCase) -> DepartmentCase:
    """The case with its next enquiry: as long as the file's `while` fits, by its ladder, until its end."""
    watch, record = call.watch, case.record
    answers = (name for name, one in call.fields.items() if one.kind == "clearance")
    still = watch.open_while if watch else dict.fromkeys(answers, ("ASKED",))
    ladder = watch.poll if watch else NO_LADDER
    goes_on = record is None or all(record.get(name) in values for name, values in still.items())
    at = env.clock.now() + timedelta(seconds=ladder[min(case.polls, len(ladder) - 1)])
    return replace(case, polls=case.polls + 1, next_at=at if goes_on and _is_in_time(case, at) else None)


def _is_in_time(case: DepartmentCase, at: datetime) -> bool:
    return case.ends_at is None or at <= case.ends_at


async def _note(env: Environment, case: DepartmentCase, connector: Connector | None = None) -> None:
    async def note(tx: Transaction) -> None:
        await cases.save(tx, case, DepartmentCaseState.SENT)
        if connector is not None and case.clearance_id:
            await _settle_clearance(UnitOfWork(env, tx, SYSTEM), connector, case)

    await env.store.carry_out(note)


async def _settle_clearance(acting: UnitOfWork, connector: Connector, case: DepartmentCase) -> None:
    """Answer the clearance by what the system says, where the department's administrator let it decide."""
    call, record = connector.calls[case.call], case.record or {}
    said = next((record.get(name) for name, one in call.fields.items() if one.kind == "clearance"), None)
    clearance = await clearances.get(acting.tx, case.clearance_id or "")
    if not call.decides or said not in ("GRANTED", "REFUSED") or clearance is None:
        return
    if clearance.state is ClearanceState.ASKED:
        text = label("connector.answered", Language.EN).format(system=connector.label.en)
        hindi = label("connector.answered", Language.HI).format(system=connector.label.hi)
        await give_answer(acting, AnswerClearance(clearance.id, said == "GRANTED", f"{hindi}\n{text}", ""))
