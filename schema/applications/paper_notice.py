"""The text that is printed with the acknowledgement of what an operator filed on a signed paper."""

from typing import TYPE_CHECKING

from domain.identity.assisting import Assistance
from domain.kernel import Language, ist_date
from domain.kernel.messages import filled_label, with_specimen_mark
from schema.catalogue.services import service_by_code
from schema.kernel import Info
from schema.officers.staff import operator_by_id

if TYPE_CHECKING:
    from schema.applications.types import Application


async def notice_of_paper(info: Info, application: "Application", paper: Assistance, language: Language) -> str:
    """Who filed what and when, and the ways to say "not me": helpline where one is set, another centre, the office."""
    operator = await info.context.load(operator_by_id, paper.operator_id)
    service = await info.context.load(service_by_code, application.item.service_code)
    params = {
        "number": application.shown_number(),
        "centre": paper.centre_code,
        "on": ist_date(application.item.created_at).strftime("%d-%m-%Y"),
    }
    rules = info.context.environment.rules
    helpline = rules.sign_on.helpline
    if helpline is not None:
        params["helpline"] = helpline
    texts = {"service_name": service.name} if service else {}
    texts |= {"operator_name": operator.name} if operator else {}
    text = filled_label("paper_notice" if helpline else "paper_notice.no_helpline", language, params, texts)
    return with_specimen_mark(text, language, specimen=rules.specimen)
