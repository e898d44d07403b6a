"""The public interface of the PFMS file exchange, over SFTP or REST."""

from integrations.dbt_finance.pfms import rest, sftp_exchange
from integrations.dbt_finance.pfms.opening import Pfms, open_clients
from integrations.dbt_finance.pfms.rest_wire import CODES

POLICIES = (*rest.POLICIES, *sftp_exchange.POLICIES)

__all__ = ["CODES", "POLICIES", "Pfms", "open_clients"]
