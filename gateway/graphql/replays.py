"""Idempotent replay: the same request and key get the same response bytes (docs/reliability.md section 5.5).

What a verb did is kept by `actions/kernel/idempotency.py` with the verb. Here the whole answer is stored too, for
the same caller, document, variables and language: encrypted, for as long as the key. An answer of which nothing is kept
(the process died before it was sent, so nobody saw it) is made anew from what the verb kept.
"""

import json
from typing import cast

import structlog
from graphql import ExecutionResult, FieldNode, OperationType

from actions.kernel import ANSWERS, completed, hash_of
from domain.kernel import Clock
from gateway.http.calls import ReadyOperation, RequestContext
from schema.kernel import Context
from store.database import Store, StoreError, Transaction, idempotency

SELF_TELLING = "replayed"
"""A field that says whether the answer is a replay: with it two answers cannot be equal, and none is kept."""

_log = structlog.get_logger(__name__)


class StoredReplays:
    """Answers in the store's idempotency records, under a scope of their own for each caller."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def find(self, ready: ReadyOperation, context: RequestContext) -> ExecutionResult | None:
        """The kept answer; None also where the store does not answer, as the verb then says so itself."""
        asked = cast("Context", context)
        completed.set([])
        if not _may_be_kept(ready, asked):
            return None
        scope, key = _scope_and_key(ready, asked)
        try:
            async with self._store.read_transaction() as tx:
                kept = await idempotency.find_answer(tx, scope, key, self._clock.now())
        except StoreError:
            return None
        if kept is None:
            return None
        asked.signals.replayed = True
        return _decode_result(kept["answer"])

    async def keep(self, ready: ReadyOperation, context: RequestContext, result: ExecutionResult) -> ExecutionResult:
        """Keep an answer of which every part was done under a key; a store that fails now is no reason to fail."""
        asked = cast("Context", context)
        fields = len(ready.operation.selection_set.selections)
        if not _may_be_kept(ready, asked) or result.errors or len(completed.get() or ()) != fields:
            return result
        scope, key = _scope_and_key(ready, asked)
        text = json.dumps({"data": result.data, "extensions": result.extensions}, ensure_ascii=False)

        async def work(tx: Transaction) -> str:
            begun = await idempotency.begin(tx, scope, key, ANSWERS, self._clock.now())
            if isinstance(begun, idempotency.Replay):
                return str(begun.answer["answer"])
            await idempotency.complete(tx, scope, key, {"answer": text})
            return text

        try:
            return _decode_result(await self._store.carry_out(work))
        except StoreError as error:
            _log.warning("answer_not_kept", kind=type(error).__name__)
            return result


def _may_be_kept(ready: ReadyOperation, context: Context) -> bool:
    plain = all(isinstance(selection, FieldNode) for selection in ready.operation.selection_set.selections)
    mutation = ready.type is OperationType.MUTATION
    return plain and mutation and context.subject.signed_in and SELF_TELLING not in ready.resolved.query


def _scope_and_key(ready: ReadyOperation, context: Context) -> tuple[str, str]:
    body = {
        "query": ready.resolved.query,
        "operation": ready.parameters.operation_name,
        "variables": ready.parameters.variables,
        "language": context.language.value,
        "key": context.idempotency_key,
    }
    return idempotency.scope_of(context.subject.label, ANSWERS), hash_of(body)


def _decode_result(text: str) -> ExecutionResult:
    kept = json.loads(text)
    return ExecutionResult(data=kept["data"], extensions=kept["extensions"])
