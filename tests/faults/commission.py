"""The calls of the Commission's system that the fault matrix asks."""

import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from domain.kernel import Source
from integrations.right_to_service import (
    AppealFiling,
    CaseEvent,
    NotifiedService,
    RightToService,
    RightToServiceSettings,
    client,
)
from tests.faults.base import UNSIGNED_RECORD, Adapter
from tests.faults.site import Line


class Commission(Adapter):
    """What the calls of the Commission share."""

    system, source = "right_to_service", Source.RIGHT_TO_SERVICE
    tells = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        **UNSIGNED_RECORD,
        "owner": "the answer names the key of the request alone",
    }

    def client(self, line: Line) -> RightToService:
        return RightToService(line.remote, RightToServiceSettings.from_onboarding(self.site.onboarding), line.clock)


class FileAppeal(Commission):
    name = "right_to_service.appeal"
    policies = (client.FILE_APPEAL, client.READ_CASE)

    async def ask(self, client: RightToService, number: int) -> Any:
        del number
        receipt = await client.file_appeal(filing(f"UK-{secrets.token_hex(6)}-L3-TL"))
        assert receipt.number.startswith("URTSC-")
        return "filed"


class ReadCase(Commission):
    name = "right_to_service.case"
    policies = (client.READ_CASE,)
    tells = frozenset({"body", "owner"})
    why_not: ClassVar[Mapping[str, str]] = {name: why for name, why in Commission.why_not.items() if name != "owner"}
    reference = "UK-26000000000000-L3-TL"

    async def prepare(self) -> None:
        if self.site.city.sandboxes["right_to_service"].state.get("number_of", self.reference) is None:
            async with self.line() as line:
                await self.client(line).file_appeal(filing(self.reference))

    async def ask(self, client: RightToService, number: int) -> Any:
        del number
        case = await client.case(self.reference)
        assert case is not None
        return case


class SendEvent(ReadCase):
    name = "right_to_service.event"
    policies = (client.SEND_EVENT, client.READ_CASE)
    tells = frozenset[str]()
    why_not: ClassVar[Mapping[str, str]] = {
        **Commission.why_not,
        "body": "nothing is read of the answer but its status",
    }

    async def ask(self, client: RightToService, number: int) -> Any:
        del number
        at = datetime(2026, 11, 24, tzinfo=UTC)
        await client.send_event(self.reference, CaseEvent(secrets.token_hex(8), "AMENDED", at, "COMMISSION", "Text."))
        return "told"


class PutService(SendEvent):
    name = "right_to_service.service"
    policies = (client.PUT_SERVICE,)

    async def ask(self, client: RightToService, number: int) -> Any:
        roles = {"do": "Tehsildar", "faa": None, "saa": None}
        await client.put_service(
            NotifiedService("ES09", number + 1, None, "Income", None, 15, "WORKING_DAYS", roles, None, None)
        )
        return "told"


class SendSummary(SendEvent):
    name = "right_to_service.daily_summary"
    policies = (client.SEND_SUMMARY,)

    async def ask(self, client: RightToService, number: int) -> Any:
        del number
        day = date.fromordinal(date(2020, 1, 1).toordinal() + secrets.randbelow(2000))
        await client.send_summary(day, {"date": day.isoformat(), "rows": []})
        return "told"


class PutReview(SendEvent):
    name = "right_to_service.delay_review"
    policies = (client.PUT_REVIEW,)

    async def ask(self, client: RightToService, number: int) -> Any:
        del number
        month = date(2026, 10, 1)
        await client.put_review(month, {"month": "2026-10", "rows": []})
        return "told"


def filing(reference: str) -> AppealFiling:
    """An appeal as the contract's sample has it."""
    return AppealFiling(
        reference=reference,
        application_number="26123456789012",
        service_code="REV-INC",
        district="DDN",
        tehsil="01",
        channel="CSC",
        ground="TIME_LIMIT_BREACHED",
        origin="AUTO",
        received_on=date(2026, 10, 30),
        due_on=date(2026, 11, 19),
        breached_on=date(2026, 11, 20),
        paused_days=0,
        limit_days=15,
        limit_unit="WORKING_DAYS",
        designated_id="TEH-DDN-1",
        first_id="SDM-DDN",
        second_id="DM-DDN",
        citizen_name="S. Devi",
        mobile_masked="98xxxxxx78",
        filed_at=datetime(2026, 11, 19, 18, 30, tzinfo=UTC),
        paid_on=date(2026, 10, 30),
        previous_number=None,
    )


COMMISSION: tuple[type[Adapter], ...] = (FileAppeal, SendEvent, ReadCase, PutService, SendSummary, PutReview)
"""Every call of the Commission's system."""
