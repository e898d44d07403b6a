"""Every outside system of the registry is in the fault matrix."""

from integrations.registry import OUTSIDE_SYSTEMS
from tests.faults.adapters import ADAPTERS
from tests.faults.connectors import CONNECTORS
from tests.faults.coverage import without_faults
from tests.support.connecting import FILES


def test_every_call_sandbox_and_endpoint_of_the_registry_is_in_the_matrix():
    assert without_faults(OUTSIDE_SYSTEMS) == []
    assert len({adapter.name for adapter in ADAPTERS}) == len(ADAPTERS)


def test_every_file_by_which_a_system_joins_has_its_rows():
    assert {adapter.system for adapter in CONNECTORS} == {file.stem for file in FILES}
