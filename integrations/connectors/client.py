"""The client of every system that joined by a file: reads, writes and enquiries as the file says."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast

from domain.kernel import Ids, Source
from integrations.calling.answers import Answer
from integrations.calling.cache import Codec
from integrations.calling.errors import Foreign, Garbled, NotLetIn, Refused, Unavailable, Unreadable
from integrations.calling.guarded_calls import Confirm
from integrations.calling.policies import Effect, Scope
from integrations.calling.remote import Parts, Remote, never_arrived
from integrations.connectors.authentication import Authenticator, Secrets, ask_with_token, refuse_ended_token
from integrations.connectors.file import Batch, Connector, ConnectorCall, secret_holes
from integrations.connectors.outcomes import Absent, Judge, NoSuccess, Waits
from integrations.connectors.pages import PageTurner
from integrations.connectors.paths import compile_path
from integrations.connectors.readers import word_at
from integrations.connectors.records import Records, Row, RowReader, Rows, codec_of
from integrations.connectors.requests import InputRefused, Prepared, RequestWriter, Unfit, write_content
from integrations.connectors.soap import write_envelope

T = TypeVar("T")
HOLD_SECONDS = 60.0
"""How long a call is not made again after the system said that we may not: that does not heal by being asked."""
MARGIN = timedelta(minutes=5)
"""How far before a write its enquiry begins to look: clocks differ."""


class Waiting(Unavailable):
    """The system took a write and gives its number later. `ticket` is what it is asked by.

    It must not be sent again: `enquire` with the input `ticket` asks for it.
    """

    def __init__(self, source: Source, code: str, ticket: str) -> None:
        super().__init__(source, code)
        self.ticket = ticket


class Uncertain(Unavailable):
    """Nobody can tell whether a write arrived, so nothing may be repeated: somebody asks the department."""

    retryable = False


@dataclass(frozen=True, slots=True)
class _Ready:
    """What one call is made with, compiled once."""

    call: ConnectorCall
    writer: RequestWriter
    judge: Judge
    rows: RowReader
    codec: Codec[Rows]
    secrets: Mapping[str, str]


class ConnectorClient:
    """The calls of one connector. Raises SecretUnfit where the operator's secrets do not serve."""

    def __init__(self, connector: Connector, remote: Remote, secrets: Secrets, ids: Ids) -> None:
        self._connector, self._remote = connector, remote
        proofs = Authenticator(connector, remote, secrets, ids)
        self._proofs = {call.name: proofs.proofs_of(call) for call in connector.calls.values()}
        self._ready = {call.name: self._prepare(call, proofs.secret) for call in connector.calls.values()}
        self._held: dict[str, tuple[str, float]] = {}

    def _prepare(self, call: ConnectorCall, secret: Callable[[str], str]) -> _Ready:
        connector = self._connector
        judge = Judge(connector.source, call, connector.wire)
        writer = RequestWriter(call, connector.wire, connector.address.path, connector.source)
        secrets = {f"secret.{name}": secret(name) for name in secret_holes(call)}
        return _Ready(call, writer, judge, RowReader(call, xml=judge.xml), codec_of(call), secrets)

    async def read(
        self,
        call: ConnectorCall,
        inputs: Mapping[str, Any],
        *,
        citizen_id: str | None = None,
        consent_id: str | None = None,
    ) -> Records:
        """The records that a call gives for its inputs, kept as the file says; none where the system has none.

        `citizen_id` is whom they are of; a call that is not PUBLIC needs it where answers are kept. The input of a
        batch may be a list. Raises InputRefused, Unavailable, Refused, NotLetIn, Garbled and IntegrityFailure.
        """
        ready = self._ready[call.name]
        if call.effect is not Effect.READ:
            raise ValueError(f"{call.policy.name} writes")
        if citizen_id is None and call.policy.scope is not Scope.PUBLIC and call.policy.kept_seconds:
            raise ValueError(f"{call.policy.name} keeps answers by citizen")
        values = ready.writer.values({**inputs, **({"consent.id": consent_id} if consent_id else {})})
        key = (citizen_id or "", json.dumps(values, sort_keys=True, ensure_ascii=False))
        load = partial(self._load, ready, values)
        found = await self._remote.fetch_cached(call.policy, key, load, ready.codec, lambda rows: rows.complete)
        return Records(found.value.rows, found.value.complete, found.state, found.as_of)

    async def write(
        self, call: ConnectorCall, inputs: Mapping[str, Any], key: str, *, since: datetime | None = None
    ) -> Row:
        """Make a write once, by its key; gives the record that the system made of it.

        A lost answer is enquired before anything is repeated. `since` is when the first attempt was made. Raises
        Waiting where the record comes later, and as `read` does.
        """
        ready = self._ready[call.name]
        values = ready.writer.values(self._with_key(inputs, key, since))
        answered: list[Row] = []

        async def has_arrived() -> bool:
            found = await self._enquire(ready, values)
            if found is not None:
                answered.append(found)
            return found is not None

        confirm = never_arrived if call.repeat is None or call.repeat.by_key else has_arrived

        def read(node: Any) -> Row | Waits:
            return node if isinstance(node, Waits) else self._record(ready, node, values)

        prepared = ready.writer.prepare({**values, **ready.secrets})
        if call.effect is Effect.KEYED_WRITE:
            found = await self._ask(ready, prepared, read, key, confirm)
        else:
            found = await self._ask(ready, prepared, read, key)
        if isinstance(found, Waits):
            return await self._by_ticket(self._ready[found.ask], {**values, "ticket": found.ticket})
        return answered[-1] if found is None else found

    async def enquire(
        self, call: ConnectorCall, inputs: Mapping[str, Any], key: str, *, since: datetime | None = None
    ) -> Row | None:
        """The record of a write that may have arrived; None where it has not, so that it may be sent again.

        Raises Uncertain where the answer cannot tell, such as a list that was cut; Waiting as `write` does.
        """
        ready = self._ready[call.name]
        values = ready.writer.values(self._with_key(inputs, key, since))
        if "ticket" in inputs:
            asks = [rule.ask for rule in call.outcomes if rule.ask is not None]
            return await self._by_ticket(self._ready[asks[0]], {**values, "ticket": str(inputs["ticket"])})
        if call.repeat is not None and call.repeat.by_key:
            return None  # the system takes one key once: to send it again is the enquiry
        try:
            return await self._enquire(ready, values)
        except NoSuccess as error:
            raise Uncertain(error.source, error.code) from error

    def _with_key(self, inputs: Mapping[str, Any], key: str, since: datetime | None) -> dict[str, Any]:
        begun = (since or self._remote.clock.now()) - MARGIN
        return {**inputs, "key": key, "since": begun.isoformat(timespec="seconds")}

    async def _by_ticket(self, ready: _Ready, values: Mapping[str, Any]) -> Row:
        """The record that a ticket stands for. Raises Waiting while there is none."""
        source, ticket = self._connector.source, values["ticket"]

        def read(node: Any) -> Row | None:
            return None if isinstance(node, Absent) or node is None else self._record(ready, node, values)

        try:
            prepared = ready.writer.prepare({**values, **ready.secrets})
            found = await self._ask(ready, prepared, read, unready=True)
        except (Unavailable, Garbled) as error:
            raise Waiting(source, error.code, ticket) from error
        if found is None:
            raise Waiting(source, "not_ready", ticket)
        return found

    async def _enquire(self, ready: _Ready, values: Mapping[str, Any]) -> Row | None:
        """Look for the write in what its enquiry lists. Raises NoSuccess for a list that is cut."""
        repeat = ready.call.repeat
        if repeat is None or repeat.enquire is None or repeat.at is None:
            raise Uncertain(self._connector.source, "no_enquiry")
        other = self._ready[repeat.enquire]
        find = compile_path(repeat.at, xml=other.judge.xml)
        template = repeat.ends or repeat.equals
        wanted = template.fill(values, str) if template else None
        if not wanted:
            raise Uncertain(self._connector.source, "no_enquiry")

        def fits(text: str) -> bool:
            return text.endswith(wanted) if repeat.ends else text == wanted

        def read(node: Any) -> Row | None:
            if isinstance(node, Absent | Waits):
                return None
            found = next((one for one in other.rows.nodes(node) if fits(word_at(find(one)))), None)
            return None if found is None else other.rows.row(found)

        prepared = other.writer.prepare({**values, **other.secrets})
        return await self._ask(other, prepared, read)

    async def _load(self, ready: _Ready, values: Mapping[str, Any]) -> Rows:
        call = ready.call
        if call.batch is not None and values.get(call.batch.over) is not None:
            return await self._batches(ready, call.batch, values)
        filled = {**values, **ready.secrets}
        if call.pages is None:
            return (await self._page(ready, ready.writer.prepare(filled), values))[0]
        turner = PageTurner(self._connector.source, call.pages, self._remote.base_url, xml=ready.judge.xml)
        first = ready.writer.prepare(filled, turner.beginning)
        return await turner.read_all(first, lambda prepared: self._page(ready, prepared, values))

    async def _batches(self, ready: _Ready, batch: Batch, values: Mapping[str, Any]) -> Rows:
        asked: Sequence[Any] = values[batch.over] if isinstance(values[batch.over], list) else [values[batch.over]]
        match = compile_path(batch.match, xml=ready.judge.xml)
        found: list[Row] = []
        complete = True
        for begin in range(0, len(asked), batch.most):
            some = list(asked[begin : begin + batch.most])
            known = {str(one) for one in some}

            def check(node: Any, known: set[str] = known) -> None:
                if any(word_at(match(one)) not in known for one in ready.rows.nodes(node)):
                    raise Foreign("foreign_record")

            filled = {**values, **ready.secrets, batch.over: some}
            rows, _ = await self._page(ready, ready.writer.prepare(filled), values, check)
            found += rows.rows
            complete = complete and rows.complete
        return Rows(tuple(found), complete)

    async def _page(
        self,
        ready: _Ready,
        prepared: Prepared,
        values: Mapping[str, Any],
        check: Callable[[Any], None] | None = None,
    ) -> tuple[Rows, Any]:
        """The rows of one answer, and what its paths begin at; None where the system has no such record."""

        def read(node: Any) -> tuple[Rows, Any]:
            if isinstance(node, Waits):
                raise Unreadable("waiting")
            if isinstance(node, Absent):
                return Rows(()), None
            if check is not None:
                check(node)
            return ready.rows.read(node, values), node

        return await self._ask(ready, prepared, read)

    def _record(self, ready: _Ready, node: Any, values: Mapping[str, Any]) -> Row:
        """The one record of a write's answer. Raises Refused where it was about something that is not there."""
        if isinstance(node, Absent):
            raise Refused(self._connector.source, node.code)
        if isinstance(node, Waits):
            raise Unreadable("no_record")
        rows = ready.rows.read(node, values).rows if ready.call.fields else ({},)
        if len(rows) != 1:
            raise Unreadable("not_one_record")
        return rows[0]

    async def _ask(
        self,
        ready: _Ready,
        prepared: Prepared,
        read: Callable[[Any], T],
        key: str = "",
        confirm: Confirm | None = None,
        *,
        unready: bool = False,
    ) -> T:
        """Make one call; what `read` makes of its answer. With `confirm` None where an earlier attempt had arrived.

        Where it may be `unready`, an answer without success is read as None.
        """
        call, proofs = ready.call, self._proofs[ready.call.name]
        self._refuse_held(call.name)

        read_answer = _judge_and_read(ready, read, with_token=proofs.tokens is not None, unready=unready)

        async def ask(token: str | None) -> Any:
            parts = self._parts(ready, prepared, key, token)
            method, target = prepared.method, prepared.target
            if confirm is None:
                return await self._remote.ask(call.policy, method, target, read_answer, **parts)
            return await self._remote.ask_once(call.policy, method, target, read_answer, confirm=confirm, **parts)

        try:
            return cast("T", await ask_with_token(proofs, call.policy, ask))
        except NotLetIn as error:
            self._held[call.name] = (error.code, self._remote.clock.monotonic() + HOLD_SECONDS)
            raise

    def _refuse_held(self, name: str) -> None:
        """Raise NotLetIn with the code of the last refusal, which was counted, while a call is held."""
        code, ends_at = self._held.get(name, ("", 0.0))
        if code and self._remote.clock.monotonic() < ends_at:
            held = NotLetIn(self._connector.source, code)
            held.alarmed = True
            raise held
        self._held.pop(name, None)

    def _parts(self, ready: _Ready, prepared: Prepared, key: str, token: str | None) -> Parts:
        """Headers and body, which are made anew for each attempt where they carry a nonce."""
        proofs, wire = self._proofs[ready.call.name], self._connector.wire
        try:
            if wire.is_soap:
                envelope = partial(write_envelope, wire, str(ready.call.operation), prepared.body, proofs.secure)
                content: bytes | None = None if proofs.secure else envelope()
            else:
                body = prepared.body if not proofs.fields else {**(prepared.body or {}), **proofs.fields}
                envelope, content = None, write_content(body, wire.request)
        except Unfit as error:
            raise InputRefused(self._connector.source, "", str(error)) from None
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}

        def headers() -> dict[str, str]:
            return {**prepared.headers, **bearer, **proofs.headers_of(prepared, content or b"", key)}

        return {"headers": headers, "content": content if envelope is None or content is not None else envelope}


def _judge_and_read(
    ready: _Ready, read: Callable[[Any], T], *, with_token: bool, unready: bool
) -> Callable[[Answer], T]:
    """What judges an answer and reads it."""

    def read_answer(answer: Answer) -> T:
        try:
            node = ready.judge.judge(answer)
        except NoSuccess:
            if not unready:
                raise
            node = None
        except NotLetIn as error:
            if with_token:
                refuse_ended_token(answer, error)
            raise
        return read(node)

    return read_answer
