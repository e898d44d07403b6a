"""Reports to CSC what a wallet's payment was for (`recon/log`, docs/contracts/other_systems.md section 3.3)."""

from actions.kernel import Environment
from domain.kernel import rupees
from store.fees import fee_orders
from store.identity import people


async def log_reconciled(env: Environment, order_id: str) -> None:
    """Tell CSC of a payment once; telling it again changes nothing there. Raises RemoteError."""
    async with env.store.read_transaction() as tx:
        order = await fee_orders.get(tx, order_id)
        if order is None or order.receipt is None or order.operator_id is None:
            return
        operator = (await people.operators(tx, [order.operator_id])).get(order.operator_id)
    if operator is not None and env.partners.wallet is not None:
        amount = rupees(order.total_paise)
        await env.partners.wallet.log_reconciled(order.reference, order.receipt, operator.csc_id, amount)
