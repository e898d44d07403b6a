"""The pages that are published operations: the address, the operation and the template of each, by who opens them."""

from gateway.pages.addresses.citizen import CITIZEN_PAGES
from gateway.pages.addresses.finance import FINANCE_PAGES
from gateway.pages.addresses.officer import OFFICER_PAGES
from gateway.pages.addresses.operator import OPERATOR_PAGES
from gateway.pages.addresses.public import PUBLIC_PAGES
from gateway.pages.addresses.staff import STAFF_PAGES

__all__ = ["PAGES"]

PAGES = (*PUBLIC_PAGES, *CITIZEN_PAGES, *OFFICER_PAGES, *FINANCE_PAGES, *STAFF_PAGES, *OPERATOR_PAGES)
