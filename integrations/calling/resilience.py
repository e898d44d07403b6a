"""What all callers of one process share."""

from dataclasses import dataclass, field

from domain.kernel import Clock
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache
from integrations.calling.kill_switch import KillSwitch
from integrations.calling.monitor import SourceMonitor


@dataclass(frozen=True, slots=True)
class Resilience:
    """Clock, breakers, cached answers, what each system did last, and the switches."""

    clock: Clock
    breakers: Breakers
    kept: AnswerCache
    monitor: SourceMonitor
    gate: KillSwitch = field(default_factory=KillSwitch)
