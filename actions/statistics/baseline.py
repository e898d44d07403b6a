"""The state's own figures with their sources, and today's counters of the same beside them."""

from actions.kernel import Environment
from actions.statistics.counts import Question
from actions.statistics.figures import period, statistics
from domain.kernel import ANONYMOUS
from domain.statistics.baseline import BaselineFigure, BaselineMeasure
from store.catalogue import catalogue


async def baseline_beside_counters(env: Environment) -> list[tuple[BaselineFigure, int | None]]:
    """Each figure of the state, and ours: of the last twelve months, or how many services are open now.

    Ours is None where it is withheld, or nothing was counted.
    """
    if not env.rules.baseline:
        return []
    total = (await statistics(env, ANONYMOUS, Question(*period(env, None, None)))).total.figures
    services = await env.store.read(lambda tx: catalogue.count_services(tx, open_only=True))
    now = {
        BaselineMeasure.SERVICES: services,
        BaselineMeasure.PROCESSING_RATE: None if total is None else total.processing_rate,
        BaselineMeasure.ON_TIME_RATE: None if total is None else total.on_time_rate,
        BaselineMeasure.AVERAGE_DAYS: None if total is None else total.average_tenths,
    }
    return [(figure, now[figure.measure]) for figure in env.rules.baseline]
