"""Makes links to the photographs of a field report for those who may read it."""

from actions.documents.file_links import signed_link
from actions.kernel import Environment
from domain.clearances import VerificationReport
from domain.uploads.files import FileLink
from store.uploads import uploads


async def photo_link(env: Environment, report: VerificationReport, sha256: str) -> FileLink | None:
    """An address of a photograph for some minutes; None where it was erased.

    Access was decided with the application of the report, and that read left its receipt.
    """
    async with env.store.read_transaction() as tx:
        held = await uploads.of_content(tx, sha256, [report.officer_id] if report.officer_id else [])
    found = next((one for one in held if one.person_id == report.officer_id), None)
    return signed_link(env, found) if found else None
