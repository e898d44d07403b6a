"""What all callers of one process share."""

from dataclasses import dataclass, field

from domain.kernel import Clock, SystemClock
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache
from integrations.calling.kill_switch import KillSwitch
from integrations.calling.monitor import SourceMonitor
from integrations.calling.request_counters import SourceQuotas


@dataclass(frozen=True, slots=True)
class Resilience:
    """Clock, breakers, cached answers, what each system did last, the switches, and the quotas of the day."""

    clock: Clock
    breakers: Breakers
    kept: AnswerCache
    monitor: SourceMonitor
    gate: KillSwitch = field(default_factory=KillSwitch)
    quotas: SourceQuotas = field(default_factory=lambda: SourceQuotas(SystemClock(), {}, None))
