"""What the DBT finance sandbox has allotted to each head of account, and what is left of it (VA).

Each head has an initial allotment and, from May on, a part of it withdrawn: so the last record tells the balance, and
an order names the one before.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from sandbox.city.kit import State
from sandbox.dbt_finance import bills, checks

FUND_PAISE = 10**15
WITHDRAWN_PAISE = 2_000_000


def hoa_of(head: str) -> str:
    """A head of account in 27 digits, also of one that an action writes by its levels, as 2235-60-102-03-00-42."""
    levels = re.findall(r"[0-9]+", head)
    return "".join(levels[:-1]).ljust(27 - len(levels[-1]), "0") + levels[-1] if len(levels) > 1 else head


class Allotments:
    """The balances: of heads that were set by an action their own, of all others that of the fund."""

    def __init__(self, state: State) -> None:
        self._state = state
        state.get_or_create("fund", "balance", lambda: {"paise": FUND_PAISE})

    def balance_of(self, hoa: str) -> int:
        """What is left of a head, in paise."""
        fund = self._fund()
        own = self._state.get("head", hoa)
        return min(fund, own["paise"]) if own else fund

    def take(self, hoa: str, paise: int) -> None:
        """Charge an order to a head; with a negative amount give it back."""
        own = self._state.get("head", hoa)
        self._state.put("fund", "balance", {"paise": self._fund() - paise})
        if own:
            self._state.put("head", hoa, {"paise": own["paise"] - paise})

    def set_fund(self, paise: int) -> None:
        """Set what is left in all."""
        self._state.put("fund", "balance", {"paise": paise})

    def set_head(self, hoa: str, paise: int) -> None:
        """Set what is left of one head."""
        self._state.put("head", hoa, {"paise": paise})

    def allotment_of(self, hoa: str) -> dict[str, str] | None:
        """What an order of a head must name; None where there is no such head."""
        if not checks.is_head(hoa):
            return None
        return {
            "schemeCode": bills.reference("", f"scheme/{hoa}", 5),
            "mstAllotmentDistId": bills.reference("", f"distribution/{hoa}", 4),
            "ssuAllotmentId": bills.reference("", f"allotment/{hoa}", 4),
            "allotmentTxnSlNo": "1",
        }

    def records(self, hoa: str, since: str, client: Mapping[str, str], now: datetime) -> list[dict[str, str]]:
        """What VA tells of a head since a day: nothing where there is no such head."""
        charged, year = self.allotment_of(hoa), bills.financial_year(now)
        if charged is None:
            return []
        own = {
            "ddoCode": client["ddo_code"],
            "schemeName": "Social security",
            "granteeAgCode": client["grantee_code"],
            "granteeName": "DSWO DEHRADUN",
            "ssuId": client["ssu_ia_id"],
            "ssuOffice": "ddn_sw",
        }
        left = self.balance_of(hoa)
        withdrawal = {**charged, "allotmentTxnSlNo": "2", "ssuAllotmentId": bills.reference("", f"back/{hoa}", 4)}
        steps = (
            (charged, f"{year}-04-01", "Initial Allotment", left + WITHDRAWN_PAISE, left + WITHDRAWN_PAISE),
            (withdrawal, f"{year}-05-01", "Allotment withdrawal", WITHDRAWN_PAISE, left),
        )
        return [
            {
                **own,
                **named,
                "allotmentDate": day,
                "allotmentAmount": bills.rupee_text(amount),
                "availableBalance": bills.rupee_text(balance),
                "allotmentTxnType": kind,
            }
            for named, day, kind, amount, balance in steps
            if since[:10] <= day <= bills.day_text(now)
        ]

    def _fund(self) -> int:
        found = self._state.get_or_create("fund", "balance", lambda: {"paise": FUND_PAISE})
        return int(found["paise"])
