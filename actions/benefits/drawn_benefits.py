"""Benefits that an applicant already draws of the same scheme, shown to the deciding officer.

No rule refuses a second sanction, since some schemes pay a family for each child: the officer who decides must know.
"""

from collections.abc import Iterable

from actions.kernel import of_application
from domain.applications.applications import Application
from domain.applications.lifecycle import UNDECIDED
from domain.benefits.benefits import Sanction, SanctionState
from domain.catalogue.catalogue import Service
from domain.identity.policy import Purpose, decide
from domain.kernel import Subject


def may_see_drawn_benefits(subject: Subject, application: Application) -> bool:
    """Whether the subject decides the application, and it is not decided yet."""
    return application.status in UNDECIDED and bool(decide(subject, of_application(application), Purpose.DECIDE))


def concurrent_benefits(service: Service, held: Iterable[Sanction]) -> list[Sanction]:
    """Of what a citizen holds, the benefits of the service's scheme that are not ended, in the order given."""
    return [one for one in held if one.scheme_code == service.scheme_id and one.state is not SanctionState.ENDED]
