"""The client of the state treasury's e-Challan: payment form, enquiries, and the daily scroll."""

from datetime import date
from functools import partial

from domain.fees.fees import FeeNews, ReportedState, ScrollLine
from domain.kernel import Source
from integrations.browser_returns import PaymentForm
from integrations.calling.answers import read_as, refuse_status
from integrations.calling.errors import Foreign, NotLetIn, Refused, Unavailable
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import Bulkhead, CallPolicy, Priority
from integrations.calling.remote import Answer, Remote
from integrations.treasury import wire
from integrations.treasury.models import Challan, TreasurySettings

VERIFY = CallPolicy(
    "treasury.verify",
    Source.TREASURY,
    total=20.0,
    attempt=20.0,
    repeatable=False,
    body_limit=64_000,
    priority=Priority.FIRST,
    breaker="verify",
    lane=Bulkhead("verify", places=8),
)
"""Twenty seconds (docs/contracts/other_systems.md section 7). Never repeated at once: one enquiry about an order in ten
seconds."""
SCROLL = CallPolicy(
    "treasury.scroll",
    Source.TREASURY,
    total=60.0,
    attempt=20.0,
    body_limit=20_000_000,
    priority=Priority.LAST,
    breaker="scroll",
    lane=Bulkhead("scroll", places=1),
    accepts=frozenset({"text/csv"}),
)
POLICIES = (VERIFY, SCROLL)

CODES = {
    code: (
        "Unavailable"
        if code in {wire.CLOSED, wire.INTERNAL}
        else "Refused, and somebody must look"
        if code in wire.NOT_LET_IN
        else "the order is not there yet"
        if code == wire.UNKNOWN
        else "Refused"
    )
    for code in wire.CODES
}
"""What the treasury's codes mean to us."""


class Treasury:
    """The calls of docs/contracts/other_systems.md section 4. What a browser brings back is never believed."""

    def __init__(self, remote: Remote, settings: TreasurySettings) -> None:
        self._remote = remote
        self._settings = settings

    @property
    def charge_head(self) -> str | None:
        """The head of account that the portal's charge goes to."""
        return self._settings.charge_head

    def head_of(self, department: str | None) -> str | None:
        """The head of account that fees of a department go to; None where the treasury mapped none."""
        return self._settings.head_of(department)

    async def admit_visitor(self) -> None:
        """Let a browser be sent to pay; raises Unavailable where it would find nobody, or we would not hear of it."""
        await self._remote.admit_visitor(VERIFY)

    def payment_form(self, challan: Challan) -> PaymentForm:
        """What a browser posts to begin to pay; sealed anew each time. Raises SwitchedOff, ValueError."""
        self._remote.admit(writes=True)
        own = self._settings
        sealed = wire.seal(own.key, wire.challan_text(challan, own))
        address = f"{own.browser_url.rstrip('/')}{wire.PAY}"
        return PaymentForm(address, {"deptCode": own.dept_code, "encdata": sealed})

    def open_return(self, encdata: str) -> str:
        """Our reference in what a browser brought back. Raises IntegrityFailure, Garbled."""
        return read_as(Source.TREASURY, self._unseal_news, encdata)[0]

    async def verify(self, reference: str) -> FeeNews:
        """What became of an order: the only source of truth. UNKNOWN where nobody came to pay it.

        Raises Unavailable, Refused, Garbled, IntegrityFailure for an answer about another order.
        """
        body = wire.enquiry(reference)
        headers = {**self._signature_headers(body), "Content-Type": "application/json", "Accept": "application/json"}
        read = partial(self._news, reference)
        return await self._remote.ask(VERIFY, "POST", wire.VERIFY, read, headers=headers, content=body)

    async def scroll(self, day: date) -> tuple[str, bytes, list[ScrollLine]] | None:
        """The scroll of a day: its name, its bytes, its lines; None where it is not there yet.

        Raises IntegrityFailure for one that the treasury did not sign, Garbled for one that is not whole.
        """
        name = wire.scroll_name(self._settings.dept_code, day)
        path = f"{wire.SCROLLS}/{name}"

        def read(answer: Answer) -> tuple[str, bytes, list[ScrollLine]] | None:
            if answer.status == 404:
                return None
            refuse_status(Source.TREASURY, answer)
            given = answer.headers.get(wire.CHECKSUM_HEADER.lower(), "")
            if not wire.is_genuine(self._settings.checksum_key, answer.content, given):
                raise Foreign("scroll_checksum")
            return name, answer.content, wire.read_scroll(answer.content, day)

        headers = self._signature_headers(path.encode())
        return await self._remote.ask(SCROLL, "GET", path, read, headers=headers)

    def _news(self, reference: str, answer: Answer) -> FeeNews:
        if answer.status in {401, 403, 429} or answer.status >= 500:
            refuse_status(Source.TREASURY, answer)
        encdata, code = wire.read_answer(answer.content)
        if code == wire.UNKNOWN:
            return FeeNews(ReportedState.UNKNOWN)
        if code is not None or encdata is None:
            raise _refusal(code or wire.INTERNAL)
        named, news = self._unseal_news(encdata)
        if named != reference:
            raise Foreign("other_order")
        return news

    def _unseal_news(self, encdata: str) -> tuple[str, FeeNews]:
        return wire.read_news(wire.unseal(self._settings.key, encdata), self._remote.clock.now())

    def _signature_headers(self, content: bytes) -> dict[str, str]:
        own = self._settings
        return {wire.DEPARTMENT_HEADER: own.dept_code, wire.CHECKSUM_HEADER: wire.checksum(own.checksum_key, content)}


def _refusal(code: str) -> Unavailable | Refused:
    if code in {wire.CLOSED, wire.INTERNAL}:
        return Unavailable(Source.TREASURY, code)
    return NotLetIn(Source.TREASURY, code) if code in wire.NOT_LET_IN else Refused(Source.TREASURY, code)


async def open_clients(opening: Opening) -> Clients:
    """The treasury, to which a citizen's browser is sent too."""
    remote = await opening.remote()
    settings = opening.read_onboarding(lambda given: TreasurySettings.from_onboarding(opening.browser_url, given))
    return {"treasury": Treasury(remote, settings)}
