"""The state's own figures stand beside today's counters, with their source."""

from dataclasses import replace

import pytest

from actions.catalogue.cells import CellWrong
from actions.statistics.baseline import baseline_beside_counters
from domain.statistics.baseline import BaselineMeasure
from gateway.runtime.form_files import baseline_figures, read_baseline
from tests.support.actions import World

ROW = {
    "measure": "SERVICES",
    "before": "75",
    "after": "866",
    "source": "a test",
    "as_of": "2026-01-31",
    "verified": "no",
}


def test_the_figures_of_the_state_name_their_source_and_are_not_confirmed():
    figures = {one.measure: (one.before, one.after) for one in baseline_figures()}

    assert figures == {
        BaselineMeasure.SERVICES: (75, 866),
        BaselineMeasure.PROCESSING_RATE: (4300, 9905),
        BaselineMeasure.ON_TIME_RATE: (2500, 9150),
        BaselineMeasure.AVERAGE_DAYS: (450, 90),
    }
    assert all(one.source and not one.confirmed for one in baseline_figures())


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"measure": "JOY"}, "measure"),
        ({"after": ""}, "after"),
        ({"as_of": "1 May"}, "as_of"),
        ({"source": ""}, "source"),
    ],
)
def test_a_figure_without_a_measure_a_value_or_a_source_is_refused(cells: dict[str, str], field: str):
    with pytest.raises(CellWrong) as caught:
        read_baseline([ROW | cells])

    assert caught.value.field == field


async def test_each_figure_has_the_counter_of_this_installation_beside_it(world: World):
    env = replace(world.env, rules=replace(world.env.rules, baseline=baseline_figures()))

    counted = {one.measure: now for one, now in await baseline_beside_counters(env)}

    assert counted[BaselineMeasure.SERVICES] == 55
    assert counted[BaselineMeasure.AVERAGE_DAYS] is None
