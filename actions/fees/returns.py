"""Handles a browser's return from a payment: stores the provider's message, then asks for the status."""

from actions.fees.fee_enquiries import enquire
from actions.fees.fees import page_link
from actions.kernel import Environment
from domain.fees.fees import FeeOrder, FeeRoute
from store.database import Transaction
from store.fees import fee_orders


class FeeReturns:
    """Takes the messages that the treasury's and the wallet's endpoints accepted. Each may come any number of times."""

    def __init__(self, env: Environment, route: FeeRoute) -> None:
        self._env = env
        self._route = route

    async def take(self, reference: str, message: bytes) -> str | None:
        """Store the message, ask the source, and return the page with the status; None for no order of ours.

        What the words say is never marked: a success that the source does not confirm stays open. Raises
        TemporarilyUnavailable.
        """
        order = await self._env.store.carry_out(lambda tx: self._save_message(tx, reference, message))
        return page_link(self._env, await enquire(self._env, order), "status") if order else None

    async def _save_message(self, tx: Transaction, reference: str, message: bytes) -> FeeOrder | None:
        order = await fee_orders.by_reference(tx, reference)
        if order is None or order.route is not self._route:
            return None
        await fee_orders.add_message(tx, self._env.ids.key(), order, message)
        return order
