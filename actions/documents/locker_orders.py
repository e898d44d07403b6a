"""Changes a citizen's locker on request: uploads a file, or pulls a document from its issuer.

An order is kept with its outbox message first and tried at once; while the locker does not answer it waits, and the
outbox tries again. It is carried out by one at a time. A file is sent once: where an answer was lost, its folder is
looked at before it is sent again. A pull requested twice is answered by its issuer that the document is there already.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from actions.consents.recorded_consents import require_consent
from actions.documents import locker
from actions.kernel import Environment, UnitOfWork, hash_of, leave_receipt, of_citizen, require, run_idempotently
from actions.uploads.uploads import require_upload, use
from domain.consents.consents import ConsentPurpose
from domain.documents.locker import OrderKind, OrderState
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import PersonKind, Source, Subject, not_found
from integrations.calling.errors import Garbled, IntegrityFailure, NotAsked, Refused, RemoteError, Unavailable
from integrations.digilocker import PullState, check_upload
from store.database import NotThere, StoreError, Transaction, audit, leases, require_there
from store.documents import locker_orders
from store.documents.locker_orders import LockerOrder
from store.platform import outbox
from store.uploads import uploads

ORDER = "locker.order"
"""The outbox topic of an order."""

FIRST_TRY = timedelta(seconds=30)
"""The outbox waits so long for the try that is made at once."""

ORDER_SECONDS = 25.0
_STATES = {
    PullState.PULLED: OrderState.DONE,
    PullState.ALREADY_THERE: OrderState.ALREADY_THERE,
    PullState.PENDING: OrderState.PENDING,
}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PutFile:
    """A file that the citizen handed in (its reference) and where in her locker it goes: folder and file name."""

    reference: str
    path: str = field(repr=False)
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class PullDocument:
    """The issuer's organisation, the doctype, and what the issuer wants to know to find the document."""

    org_id: str
    doctype: str
    parameters: Mapping[str, str] = field(repr=False)
    idempotency_key: str


async def put_file(env: Environment, subject: Subject, request: PutFile) -> tuple[LockerOrder, bool]:
    """Put a file into her locker. True where it is a replay; the order then stands as it now does.

    Raises Problems: CONSENT_REQUIRED, NOT_FOUND for others, UPLOAD_UNKNOWN; Refused with DigiLocker's code for what
    it would refuse. A refusal that comes with the try itself is in the order.
    """
    citizen_id = await _require_citizen(env, subject)

    async def work(tx: Transaction) -> dict[str, Any]:
        await require(env, tx, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), Purpose.APPLY)
        file = await require_upload(env, tx, subject, request.reference, path=("input", "file"))
        check_upload(request.path, file.size, file.media_type.value)
        acting = UnitOfWork(env, tx, subject)
        order = _new(acting, citizen_id, OrderKind.UPLOAD, {"upload": file.id, "path": request.path})
        await use(acting, file, Resource(ObjectKind.DOCUMENT, order.id, citizen_id))
        return await _save_order(acting, order)

    body = {"file": request.reference, "path": hash_of({"path": request.path})}
    return await _place_order(env, subject, "putIntoLocker", request.idempotency_key, body, work)


async def pull_document(env: Environment, subject: Subject, request: PullDocument) -> tuple[LockerOrder, bool]:
    """Have an issuer put a document into her locker. Raises and replays as `put_file`."""
    citizen_id = await _require_citizen(env, subject)
    asked = {"org": request.org_id, "doctype": request.doctype.upper(), "parameters": dict(request.parameters)}

    async def work(tx: Transaction) -> dict[str, Any]:
        await require(env, tx, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), Purpose.APPLY)
        acting = UnitOfWork(env, tx, subject)
        return await _save_order(acting, _new(acting, citizen_id, OrderKind.PULL, asked))

    return await _place_order(env, subject, "pullDocument", request.idempotency_key, {"asked": hash_of(asked)}, work)


async def orders_of(env: Environment, subject: Subject, citizen_id: str, limit: int) -> list[LockerOrder]:
    """Her latest orders; raises NOT_FOUND where the subject may not see them."""
    async with env.store.read_transaction() as tx:
        await require(env, tx, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), Purpose.VIEW)
        return await locker_orders.of_citizen(tx, citizen_id, limit)


async def carry_out_order(env: Environment, order_id: str) -> None:
    """Try an order that waits; may be run again. Raises Unavailable while the locker does not answer."""
    async with _order_lease(env, order_id):
        order = await env.store.read(lambda tx: locker_orders.get(tx, order_id))
        if order is None or order.state is not OrderState.WAITING:
            return
        await env.store.carry_out(lambda tx: locker_orders.mark_sent(tx, order_id))
        try:
            state, uri = await (_put(env, order) if order.kind is OrderKind.UPLOAD else _pull(env, order))
        except IntegrityFailure as error:
            await _settle(env, order, OrderState.REFUSED, code=error.code)
        except Unavailable:
            raise
        except Garbled as error:  # it may have arrived: looked at again before it is sent again
            raise Unavailable(error.source, error.code) from error
        except RemoteError as error:
            await _settle(env, order, OrderState.REFUSED, code=error.code)
        else:
            await _settle(env, order, state, uri=uri)


async def _put(env: Environment, order: LockerOrder) -> tuple[OrderState, str | None]:
    file = await env.store.read(lambda tx: uploads.get(tx, order.asked["upload"]))
    content = await env.objects.get(file.sha256) if file else None
    if file is None or content is None:
        raise NotThere("the file of an order")
    path = str(order.asked["path"])
    if order.sent_at is None or not await _has_arrived(env, order.citizen_id, path, len(content)):
        drive, media_type = env.partners.digilocker.drive, file.media_type.value
        await locker.ask(env, order.citizen_id, lambda grant: drive.upload(grant, path, content, media_type))
    return OrderState.DONE, None


async def _has_arrived(env: Environment, citizen_id: str, path: str, size: int) -> bool:
    """Whether a file of that name and size is where it was sent to, asked anew."""
    *folders, name = path.removeprefix("/").split("/")
    folder_id = ""
    for wanted in folders:
        await locker.forget_folder(env, citizen_id, folder_id)
        listed = (await locker.folder(env, citizen_id, folder_id)).value.entries
        found = next((entry for entry in listed if entry.is_folder and entry.name == wanted), None)
        if found is None:
            return False
        folder_id = found.id
    await locker.forget_folder(env, citizen_id, folder_id)
    entries = (await locker.folder(env, citizen_id, folder_id)).value.entries
    return any(not entry.is_folder and entry.name == name and entry.size_bytes == size for entry in entries)


async def _pull(env: Environment, order: LockerOrder) -> tuple[OrderState, str | None]:
    asked, pulling = order.asked, env.partners.digilocker.pulling
    named = (asked["org"], asked["doctype"], asked["parameters"])
    pulled = await locker.ask(env, order.citizen_id, lambda grant: pulling.pull(grant, *named))
    return _STATES[pulled.state], pulled.uri


async def _require_citizen(env: Environment, subject: Subject) -> str:
    """The citizen herself, while her consent for the locker holds."""
    if subject.kind is not PersonKind.CITIZEN or subject.person_id is None:
        raise not_found("input")
    await require_consent(env, subject, subject.person_id, ConsentPurpose.LOCKER_DOCUMENTS)
    return subject.person_id


def _new(acting: UnitOfWork, citizen_id: str, kind: OrderKind, asked: Mapping[str, Any]) -> LockerOrder:
    return LockerOrder(acting.env.ids.key(), citizen_id, kind, OrderState.WAITING, asked, acting.now)


async def _save_order(acting: UnitOfWork, order: LockerOrder) -> dict[str, Any]:
    """The order, the message that carries it out, the receipt of what goes outside, and the audit line."""
    await locker_orders.add(acting.tx, order)
    await outbox.add(acting.tx, ORDER, order.id, {"order_id": order.id}, due_at=acting.now + FIRST_TRY)
    resource = of_citizen(order.citizen_id, ObjectKind.DOCUMENT)
    await leave_receipt(acting, resource, Purpose.APPLY, Source.DIGILOCKER)
    await _note(acting.tx, acting.subject.label, order, "locker.ordered", {"kind": order.kind.value})
    return {"order": order.id}


async def _place_order(
    env: Environment, subject: Subject, operation: str, key: str, body: Mapping[str, Any], work: Any
) -> tuple[LockerOrder, bool]:
    answer, replayed = await run_idempotently(env, subject, operation, key=key, body=body, work=work)
    if not replayed:
        with suppress(Unavailable, StoreError, NotThere):  # then the outbox does it
            await carry_out_order(env, answer["order"])
    order = require_there(await env.store.read(lambda tx: locker_orders.get(tx, answer["order"])), "the order")
    return order, replayed


async def _settle(
    env: Environment, order: LockerOrder, state: OrderState, *, uri: str | None = None, code: str | None = None
) -> None:
    async def work(tx: Transaction) -> None:
        if await locker_orders.settle(tx, order.id, state, uri=uri, code=code):
            detail = {"kind": order.kind.value, "state": state.value} | ({"code": code} if code else {})
            await _note(tx, "SYSTEM", order, "locker.settled", detail)

    await env.store.carry_out(work)
    _log.info("locker_order", kind=order.kind.value, state=state.value, code=code)


async def _note(tx: Transaction, actor: str, order: LockerOrder, action: str, detail: Mapping[str, str]) -> None:
    await audit.record(tx, actor, action, ObjectKind.DOCUMENT, order.id, Purpose.APPLY, **detail)


@asynccontextmanager
async def _order_lease(env: Environment, order_id: str) -> AsyncIterator[None]:
    """One at a time: the try that is made at once, and the outbox. Raises NotAsked where another is at it."""
    name, holder = f"locker-order:{order_id}", env.ids.key()
    lease = await env.store.carry_out(lambda tx: leases.acquire(tx, name, holder, ORDER_SECONDS))
    if lease is None:
        raise NotAsked(Source.STORE, "held")
    try:
        yield
    finally:
        with suppress(StoreError):  # it then runs out by itself
            await env.store.carry_out(lambda tx: leases.drop(tx, lease))


def refusal_of(order: LockerOrder) -> Refused | None:
    """The partner's refusal of an order, as its adapter raised it; None where it was not refused."""
    return Refused(Source.DIGILOCKER, order.code or "") if order.state is OrderState.REFUSED else None
