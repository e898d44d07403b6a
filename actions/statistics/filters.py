"""Rejects filters of figures that name nothing in the catalogue, as a typing error would look like zero work.

Districts, tehsils, departments and services are never taken out of the catalogue, so figures of old cases stay within
reach.
"""

from domain.kernel import ErrorCode, Problem, Problems
from store.catalogue import catalogue
from store.database import Transaction


async def refuse_unknown(
    tx: Transaction, department: str | None, service_code: str | None, district: str | None, tehsil: str | None
) -> None:
    """Raise BAD_INPUT at every filter that names nothing; None lets everything through.

    Cases may have no department or tehsil, so an empty text names those. A tehsil is in its district, where both
    are named.
    """
    wrong = []
    if department and department not in {one.slug for one in await catalogue.departments(tx)}:
        wrong.append("department")
    if service_code is not None and await catalogue.service(tx, service_code) is None:
        wrong.append("serviceCode")
    districts = {one.code for one in await catalogue.districts(tx)} if district is not None or tehsil else set()
    if district is not None and district not in districts:
        wrong.append("district")
    elif tehsil:
        within = await catalogue.tehsils_of(tx, districts if district is None else [district])
        if tehsil not in {one.code for found in within.values() for one in found}:
            wrong.append("tehsil")
    if wrong:
        raise Problems(*(Problem(ErrorCode.BAD_INPUT, ("filter", name)) for name in wrong))
