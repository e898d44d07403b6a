"""Opens the clients of the treasury's payment service and of DBT Bharat behind it."""

from integrations.calling.opening import Clients, Opening
from integrations.dbt_finance.bharat import BharatSettings, DbtBharat
from integrations.dbt_finance.jit.client import DbtFinance
from integrations.dbt_finance.jit.models import DbtFinanceSettings


async def open_clients(opening: Opening) -> Clients:
    """The payment service, and the reporting service where the treasury's onboarding says that we report by it."""
    remote = await opening.remote()
    settings = opening.read_onboarding(DbtFinanceSettings.from_onboarding)
    reports = None
    if opening.read_onboarding(lambda given: bool(given.get("dbt_bharat"))):
        reports = DbtBharat(remote, opening.read_onboarding(BharatSettings.from_onboarding), opening.clock)
    return {"dbt": DbtFinance(remote, settings, opening.clock), "bharat": reports}
