"""Export and erasure of a citizen's own data."""

import json
from typing import Annotated

import strawberry

from actions.privacy.personal_data import MOST_ROWS, Erasure, erase_person, export_part, parts
from schema.kernel import Info, mutation
from schema.kernel.mutations import UserError, mutation_outcome
from store.privacy.personal import Rows


@strawberry.input(description="Which part of her data a citizen asks for.")
class ExportMyDataInput:
    part: str = strawberry.field(description="One of the `parts` that every answer names, for example applications.")
    first: int = strawberry.field(default=MOST_ROWS, description="Rows of one answer, 1 to 100.")
    after: str | None = strawberry.field(default=None, description="The `after` of the answer before.")


@strawberry.input(description="A citizen's request to be erased.")
class RequestErasureInput:
    confirm: bool = strawberry.field(description="True: she has read that this cannot be undone.")


@strawberry.type(description="Some of what is kept of her.")
class ExportMyDataPayload:
    parts: list[str] = strawberry.field(description="Every part that can be asked for.")
    rows_json: list[str] = strawberry.field(description="One JSON object for each row that is kept.")
    after: str | None = strawberry.field(description="Where the next answer goes on; null where this was the last.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty when it was done.")


@strawberry.type(description="Rows of one kind.")
class ErasedRows:
    part: str = strawberry.field(description="The part.")
    rows: int = strawberry.field(description="How many rows were erased.")


@strawberry.type(description="Something that a rule keeps.")
class KeptPart:
    part: str = strawberry.field(description="The part.")
    reason: str = strawberry.field(description="The rule that keeps it.")


@strawberry.type(description="What became of a request to be erased.")
class RequestErasurePayload:
    done: bool = strawberry.field(description="Whether she is erased. Every session of hers has ended then.")
    erased: list[ErasedRows] = strawberry.field(description="What was erased.")
    kept: list[KeptPart] = strawberry.field(description="What stays, and the rule that keeps it.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty when it was done.")


@strawberry.type
class PersonalDataMutation:
    @mutation(
        description="Hand out everything that is kept of the citizen who asks, a part and a page at a time. "
        "It is a mutation because a line of the audit log is written."
    )
    async def export_my_data(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            ExportMyDataInput, strawberry.argument(description="What is asked for.")
        ],
    ) -> ExportMyDataPayload:
        environment, subject = info.context.environment, info.context.subject

        async def work() -> tuple[Rows, bool]:
            citizen_id = subject.person_id or ""
            page = await export_part(environment, subject, citizen_id, input.part, after=input.after, limit=input.first)
            return page, False

        came = await mutation_outcome(info, work)
        if isinstance(came, list):
            return ExportMyDataPayload(parts=parts(), rows_json=[], after=None, user_errors=came)
        page, _ = came
        rows = [json.dumps(row, ensure_ascii=False) for row in page.rows]
        return ExportMyDataPayload(parts=parts(), rows_json=rows, after=page.after, user_errors=[])

    @mutation(
        description="Erase the personal data of the citizen who asks, and end her sessions. Bare records that "
        "the law keeps stay without them. It cannot be undone, and repeating it changes nothing."
    )
    async def request_erasure(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            RequestErasureInput, strawberry.argument(description="The request.")
        ],
    ) -> RequestErasurePayload:
        environment, subject = info.context.environment, info.context.subject

        async def work() -> tuple[Erasure, bool]:
            return await erase_person(environment, subject, subject.person_id or "", confirmed=input.confirm), False

        came = await mutation_outcome(info, work)
        if isinstance(came, list):
            return RequestErasurePayload(done=False, erased=[], kept=[], user_errors=came)
        done, _ = came
        return RequestErasurePayload(
            done=True,
            erased=[ErasedRows(part=part, rows=many) for part, many in done.erased.items()],
            kept=[KeptPart(part=part, reason=reason) for part, reason in done.kept.items()],
            user_errors=[],
        )
