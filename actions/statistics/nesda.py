"""The parameters of NeSDA with what this installation can measure of each today (docs/nesda.md)."""

from dataclasses import dataclass
from enum import StrEnum

from actions.kernel import Environment
from actions.statistics.counts import Question
from actions.statistics.figures import period, statistics
from domain.kernel import ANONYMOUS, Language, state_language
from domain.kernel.messages import written_texts
from domain.statistics.figures import rate
from store.catalogue import catalogue, forms


class NesdaUnit(StrEnum):
    """What a value is a number of."""

    COUNT = "COUNT"
    HUNDREDTHS_OF_PERCENT = "HUNDREDTHS_OF_PERCENT"
    TENTHS_OF_DAY = "TENTHS_OF_DAY"


@dataclass(frozen=True, slots=True)
class NesdaFigure:
    """A parameter and a measure of it; without a measure, nothing of the parameter is measured here.

    The value of a measure is None where it is withheld as small, or nothing was counted.
    """

    parameter: str
    measure: str | None = None
    value: int | None = None
    unit: NesdaUnit = NesdaUnit.COUNT


async def nesda_figures(env: Environment, datasets: int) -> list[NesdaFigure]:
    """Each parameter with its measures, in NeSDA's order; of cases the last twelve months, as strangers see them.

    `datasets` is how many tables are published.
    """
    total = (await statistics(env, ANONYMOUS, Question(*period(env, None, None)))).total.figures

    def count_of(name: str) -> int | None:
        value: int | None = None if total is None else getattr(total, name)
        return value

    async with env.store.read_transaction() as tx:
        services, with_form = await catalogue.all_services(tx), await forms.assigned_forms(tx)
    share, days = NesdaUnit.HUNDREDTHS_OF_PERCENT, NesdaUnit.TENTHS_OF_DAY
    taken = [one.code for one in services if one.open]
    confirmed = sum(not one.facts_not_confirmed for one in services)
    own, english = (len(written_texts(language)) for language in (state_language(), Language.EN))
    return [
        NesdaFigure("ACCESSIBILITY", "TEXTS_IN_LANGUAGE", rate(own, english), share),
        NesdaFigure("CONTENT_AVAILABILITY", "SERVICES", len(services)),
        NesdaFigure("CONTENT_AVAILABILITY", "SERVICES_CONFIRMED", rate(confirmed, len(services)), share),
        NesdaFigure("EASE_OF_USE", "OWN_FORMS", rate(len(with_form.keys() & set(taken)), len(taken)), share),
        NesdaFigure("SECURITY_AND_PRIVACY"),
        NesdaFigure("END_SERVICE_DELIVERY", "OPEN_SERVICES", len(taken)),
        NesdaFigure("END_SERVICE_DELIVERY", "PROCESSING_RATE", count_of("processing_rate"), share),
        NesdaFigure("END_SERVICE_DELIVERY", "ON_TIME_RATE", count_of("on_time_rate"), share),
        NesdaFigure("END_SERVICE_DELIVERY", "AVERAGE_DAYS", count_of("average_tenths"), days),
        NesdaFigure("INTEGRATED_DELIVERY", "HANDED_OVER", sum(one.hand_over is not None for one in services)),
        NesdaFigure("STATUS_TRACKING"),
        NesdaFigure("OPEN_DATA", "DATASETS", datasets),
        NesdaFigure("E_PARTICIPATION", "GRIEVANCES", count_of("grievances")),
        NesdaFigure("E_PARTICIPATION", "GRIEVANCE_REPLY_RATE", count_of("grievance_reply_rate"), share),
        NesdaFigure("EMERGING_TECHNOLOGIES"),
    ]
