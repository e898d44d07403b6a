"""Handles a call of UMANG's API: identifies the user, replays earlier answers, and runs the graph."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, get_type_hints

import structlog

from actions.kernel import Environment
from actions.umang import umang_users
from domain.kernel import ANONYMOUS, ErrorCode, Language, Subject, TemporarilyUnavailable
from gateway.operations.published import PublishedOperations
from gateway.umang import reads, writes
from gateway.umang.failures import PASSING, CallFailed, failure_of_code
from gateway.umang.reading import read_parameters
from gateway.umang.running import READ_SECONDS, WRITE_SECONDS, Caller, MakeContext, Operations
from integrations.calling.answers import BodyModel
from integrations.umang import PUBLIC, UmangCall, UmangReply, UserAssertion
from integrations.umang.door_answers import DUPLICATE, NOT_LINKED, SOURCE_AWAY, TEXTS, failure, success
from store import umang
from store.database import StoreError
from store.umang import Request

Work = Callable[[Operations, Any], Awaitable[Mapping[str, Any]]]

WORK: Mapping[str, Work] = {
    "getServices": reads.get_services,
    "getServiceDetail": reads.get_service_detail,
    "getForm": reads.get_form,
    "getMyApplications": reads.get_my_applications,
    "getApplicationStatus": reads.get_application_status,
    "getCertificate": reads.get_certificate,
    "getBenefits": reads.get_benefits,
    "applyService": writes.apply_service,
    "attachDocument": writes.attach_document,
    "initiatePayment": writes.initiate_payment,
    "fileAppeal": writes.file_appeal,
    "postFeedback": writes.post_feedback,
}
"""What is done for each operation."""

PARAMETERS: Mapping[str, type[BodyModel]] = {name: get_type_hints(work)["given"] for name, work in WORK.items()}
"""What each of them takes."""

_log = structlog.get_logger(__name__)


class UmangCallHandler:
    """The Desk of UMANG's API: actions and published operations, as for the apps."""

    def __init__(self, env: Environment, documents: PublishedOperations, make_context: MakeContext) -> None:
        self._env = env
        self._documents = documents
        self._make_context = make_context

    async def spend(self, user: UserAssertion) -> bool:
        """Use an assertion up; False where it was used before. Raises TemporarilyUnavailable."""
        try:
            return await umang_users.use_assertion(self._env, user)
        except StoreError as error:
            raise TemporarilyUnavailable from error

    async def answer(self, call: UmangCall) -> UmangReply:
        """Answer a call. Raises TemporarilyUnavailable."""
        try:
            subject = await umang_users.subject_of(self._env, call.user) if call.user else None
            if subject is None and call.operation not in PUBLIC:
                return await self._not_linked(call)
            if call.writes and subject is not None:
                return await self._answer_once(call, subject)
            return await self._run_operation(call, subject or ANONYMOUS, READ_SECONDS)
        except StoreError as error:
            raise TemporarilyUnavailable from error

    async def _not_linked(self, call: UmangCall) -> UmangReply:
        if call.user is None:
            raise TemporarilyUnavailable  # every call that gets here carries an assertion
        address = await umang_users.ask_link(self._env, call.user)
        return failure(NOT_LINKED, Language(call.language), payload={"linkUrl": address})

    async def _answer_once(self, call: UmangCall, subject: Subject) -> UmangReply:
        """A write: the first answer to its tracker, or 0409 where something else was asked under it."""
        request = Request(call.tracker, call.operation, call.srvid, subject.person_id or "", call.body_hash)
        known = await self._env.store.carry_out(lambda tx: umang.begin(tx, request))
        if known is not None and known.body_hash != request.body_hash:
            return failure(DUPLICATE, Language(call.language))
        if known is not None and known.answer is not None:
            return _decode_answer(known.answer)
        answer = await self._run_operation(call, replace(subject, partner_request=request.record), WRITE_SECONDS)
        if answer.code in PASSING:
            return answer
        try:
            sealed, code = _encode_answer(answer), answer.code
            kept = await self._env.store.carry_out(lambda tx: umang.keep_answer(tx, request.record, sealed, code))
        except StoreError as error:
            _log.warning("umang_answer_not_kept", kind=type(error).__name__)
            return answer
        return _decode_answer(kept)

    async def _run_operation(self, call: UmangCall, subject: Subject, seconds: float) -> UmangReply:
        language = Language(call.language)
        caller = Caller(subject, language, f"umang:{call.operation}:{call.tracker}")
        graph = Operations(self._documents, self._make_context, caller, self._env.clock, seconds)
        try:
            given = read_parameters(PARAMETERS[call.operation], call.parameters, language)
            payload = await WORK[call.operation](graph, given)
        except CallFailed as told:
            return told.answer
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - a partner never sees a stack trace
            _log.error("umang_fault", operation=call.operation, exception=type(error).__name__)
            return failure_of_code(ErrorCode.INTERNAL, language).answer
        if payload.get("partial"):
            return replace(success(payload, language), code=SOURCE_AWAY, text=TEXTS[SOURCE_AWAY].in_language(language))
        return success(payload, language)


def _encode_answer(answer: UmangReply) -> dict[str, Any]:
    """The answer to keep: its payload as text, so that the same bytes are written again."""
    return {
        "code": answer.code,
        "text": answer.text,
        "payload": json.dumps(answer.payload, ensure_ascii=False),
        "success": answer.success,
    }


def _decode_answer(kept: Mapping[str, Any]) -> UmangReply:
    return UmangReply(kept["code"], kept["text"], json.loads(kept["payload"]), success=kept["success"])
