"""The state's own figures stand beside today's counters, with their source."""

from dataclasses import replace
from pathlib import Path

import pytest

from actions.catalogue.cells import CellWrong
from actions.statistics.baseline import baseline_beside_counters
from domain.kernel import CommandFailed
from domain.statistics.baseline import BaselineMeasure
from gateway.runtime.baseline import baseline_figures, read_baseline
from states.packages import state_folder
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
    figures = {one.measure: (one.before, one.after) for one in baseline_figures(state_folder())}

    assert figures == {
        BaselineMeasure.SERVICES: (75, 866),
        BaselineMeasure.PROCESSING_RATE: (4300, 9905),
        BaselineMeasure.ON_TIME_RATE: (2500, 9150),
        BaselineMeasure.AVERAGE_DAYS: (450, 90),
    }
    assert all(one.source and not one.confirmed for one in baseline_figures(state_folder()))


def test_a_state_that_gives_no_figures_shows_none(tmp_path: Path):
    assert baseline_figures(tmp_path) == ()


def test_a_wrong_cell_stops_the_start_by_file_and_cell(tmp_path: Path):
    file = tmp_path / "local_baseline.csv"
    file.write_text(f"{','.join(ROW)}\n{','.join((ROW | {'after': 'many'}).values())}\n", encoding="utf-8")

    with pytest.raises(CommandFailed, match=r"local_baseline\.csv: after is not a whole number"):
        baseline_figures(tmp_path)


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
    env = replace(world.env, rules=replace(world.env.rules, baseline=baseline_figures(state_folder())))

    counted = {one.measure: now for one, now in await baseline_beside_counters(env)}

    assert counted[BaselineMeasure.SERVICES] == 55
    assert counted[BaselineMeasure.AVERAGE_DAYS] is None
