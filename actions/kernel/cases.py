"""Actions of case work: loads an application for the person who works on it, with access checked."""

from actions.kernel.access import of_application, require_thing
from actions.kernel.environment import Environment
from actions.kernel.idempotency import refuse_other_version
from actions.kernel.unit_of_work import UnitOfWork
from domain.applications.applications import Application
from domain.catalogue.catalogue import Service
from domain.identity.policy import Purpose
from store.applications import applications
from store.catalogue import catalogue
from store.database import NotThere, require_there

PATH = ("input", "applicationId")


async def take_up(
    acting: UnitOfWork, application_id: str, purpose: Purpose, *, expected_version: int | None = None
) -> Application:
    """The application, for one who may work on it.

    Raises NOT_FOUND where it is absent or not for the subject, CONFLICT with the present version and
    status where it is not the version that was seen.
    """
    application = await applications.get(acting.tx, application_id)
    found = await require_thing(acting, application, of_application, purpose, path=PATH)
    refuse_other_version(expected_version, found.version, found.status)
    return found


async def service_of(acting: UnitOfWork, application: Application) -> Service:
    """The catalogue's entry that the application was filed under; raises NotThere where the service was removed.

    Days, fee and papers that changed since do not touch what is filed already.
    """
    service = await catalogue.service_as_filed(acting.tx, application.service_code, application.service_version)
    if service is None:
        raise NotThere("the service of an application")
    return service


async def present(env: Environment, application_id: str) -> Application:
    """The application as it now is, for an answer; raises NotThere."""
    return require_there(await env.store.read(lambda tx: applications.get(tx, application_id)), "the application")
