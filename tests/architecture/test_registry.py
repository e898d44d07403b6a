"""What the nouns register with the kernel: all of it, and followers in the order in which they lock."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import actions
from actions import registry
from actions.kernel import Environment, Transition
from actions.registry import REGISTRY


def modules_of_actions() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(actions.__path__, "actions."):
        yield importlib.import_module(found.name)


def followers_in(modules: Iterable[Any]) -> set[Any]:
    """The public functions that are told of a transition, wherever they are defined."""
    return {
        member
        for module in modules
        for name, member in vars(module).items()
        if inspect.iscoroutinefunction(member)
        and not name.startswith("_")
        and Transition in inspect.get_annotations(member).values()
    }


def test_followers_run_in_the_order_in_which_they_always_did():
    assert [follower.__name__ for follower in REGISTRY.followers] == [
        "count_transition",
        "count_change",
        "follow",
        "tell_of_step",
        "end_visits",
        "give_back_after",
        "bring_result_after_fee",
        "note_event",
    ]


def test_no_noun_that_follows_transitions_is_left_out():
    assert followers_in(modules_of_actions()) == set(REGISTRY.followers)


def test_a_follower_that_is_not_registered_is_noticed():
    async def forgotten(acting: Any, transition: Transition) -> None:
        del acting, transition

    assert followers_in([SimpleNamespace(forgotten=forgotten)]) == {forgotten}


def test_every_topic_that_a_noun_calls_an_outside_one_is_registered_with_its_system():
    declared = {
        topic: source
        for module in modules_of_actions()
        if module is not registry
        for topic, source in getattr(module, "OUTSIDE_TOPICS", {}).items()
    }

    assert declared
    assert dict(REGISTRY.outside_topics) == declared


def test_no_environment_is_made_without_the_registry():
    (field,) = (one for one in dataclasses.fields(Environment) if one.name == "registry")

    assert field.default is dataclasses.MISSING
    assert field.default_factory is dataclasses.MISSING
