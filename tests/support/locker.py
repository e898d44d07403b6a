"""What tests ask of a citizen's DigiLocker as a whole: access decided, receipt left, documents listed."""

from actions.documents.locker import list_documents
from actions.kernel import Environment, of_citizen, read_at_sources
from domain.identity.policy import ObjectKind
from domain.kernel import Source, Sourced, Subject
from integrations.digilocker import IssuedDocument


async def locker_documents(env: Environment, subject: Subject, citizen_id: str) -> Sourced[tuple[IssuedDocument, ...]]:
    """What lies in the citizen's locker; leaves a receipt. Raises as `actions.documents.locker.locker_file`."""
    await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), [Source.DIGILOCKER])
    return await list_documents(env, citizen_id)
