"""Has the files of systems that join by files approved, so that the demo shows what they give."""

from collections.abc import Iterable, Mapping
from typing import Any

from actions.connectors.versions import (
    AnswerConnector,
    ProposeConnector,
    answer_connector,
    connector_of,
    propose_connector,
)
from actions.kernel import Environment
from demo.seed.people import cast_of
from domain.kernel import Role
from store.connectors import versions


async def seed_connectors(env: Environment, demo: Mapping[str, Any], files: Iterable[str]) -> int:
    """Let one administrator propose each file and another approve it; gives how many came into force.

    A file of which the store has this version or a later one is left alone, also where it was refused or rolled back.
    """
    known = {text: (one.name, one.version) for text in files for one in [connector_of(text)]}
    async with env.store.read_transaction() as tx:
        officers = (await cast_of(tx, demo)).officers.values()
        held = {name: await versions.of_name(tx, name) for name, _ in known.values()}
    first, second = [one for one in officers if Role.ADMIN in one.roles][:2]
    fresh = [text for text, (name, number) in known.items() if all(one.version < number for one in held[name])]
    for text in fresh:
        key = "demo-connector-{}-{}".format(*known[text])
        version, _ = await propose_connector(env, first, ProposeConnector(text, key))
        await answer_connector(env, second, AnswerConnector(version.id, version.sha256, True, key))
    return len(fresh)
