"""Checks that log in: to the mail server, without a mail, and to PFMS by SFTP, where its folders are listed."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from domain.kernel import Clock, SystemIds
from gateway.installation.checks import Finding, State
from gateway.runtime.partners import open_clients
from gateway.settings.settings import Settings, variable
from integrations.calling.breakers import Breakers
from integrations.calling.cache import AnswerCache, open_cache
from integrations.calling.errors import RemoteError
from integrations.calling.guarded_calls import Resilience
from integrations.calling.kill_switch import KillSwitch
from integrations.calling.monitor import SourceMonitor
from integrations.registry import OutsideSystems, System


async def _log_in_to_mail(clients: Mapping[str, Any]) -> str:
    return str(await clients["email"].try_login())


async def _log_in_to_pfms(clients: Mapping[str, Any]) -> str:
    return f"SFTP lets us in, {len(await clients['pfms'].exchange.list_incoming())} files of answers lie there"


LOGINS: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[str]]] = {
    "email": _log_in_to_mail,
    "pfms": _log_in_to_pfms,
}
"""By system that is not asked by HTTP, what logs in and says what it saw."""


async def findings_of_login(settings: Settings, system: System, clock: Clock) -> list[Finding]:
    """What a login to one of LOGINS gives. Raises CommandFailed for settings that are missing."""
    cache = AnswerCache(open_cache(None), clock)
    resilience = Resilience(clock, Breakers(clock), cache, SourceMonitor(()), KillSwitch())
    try:
        async with open_clients(settings, resilience, SystemIds(clock), OutsideSystems((system,))) as clients:
            said = await LOGINS[system.name](clients)
    except RemoteError as error:
        remedy = f"see what {variable('partners', system.name)} names, and our user, key and address there"
        return [Finding(system.name, State.FAULT, f"it does not let us in ({error.code})", remedy)]
    finally:
        await cache.close()
    return [Finding(system.name, State.OK, said)]
