"""A function may be killed between any two of its steps, or a step may fail or lose its answer: nothing is lost."""

import os
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import pytest

from local.faults import parse
from tests.delivery.cloud import Moment, Unavailable
from tests.delivery.simulation import Killed
from tests.delivery.stories import Change, Story, Telling

pytestmark = pytest.mark.slow

STORY = Story(
    seed=1,
    changes=(
        Change(1, "Location", which=0, dice=1),
        Change(2, "Tariff", which=0, dice=2),
        Change(5, "EVSE", which=0, dice=3),
        Change(8, "CDR", which=0, dice=4),
        Change(20, "no Tariff any more", which=0, dice=5),
        Change(21, "EVSE", which=0, dice=6),
    ),
    faults=(
        parse("throttle retry_after=2 from=5 until=8 times=1"),
        parse("drop acts=true from=8 until=20 times=1"),
        parse("vanish from=20 until=30"),
    ),
    lasts=timedelta(minutes=1),
    settles=timedelta(minutes=15),
)
"""All that push does comes up: PUT, PATCH, POST and DELETE, being throttled, trying again, giving up, and a probe."""

EVERY = 1 if "THOROUGH" in os.environ else 5
"""A call that fails is much like a function that is killed: `make test` takes every fifth, `make convergence` all."""


@dataclass
class OneAccident:
    """Before or after its n-th step a function is killed, or the step goes wrong; this once."""

    function: str
    step: int
    moment: Moment
    error: type[BaseException]
    happened: bool = False

    def __call__(self, function: str, number: int, moment: Moment) -> BaseException | None:
        if self.happened or (function, number, moment) != (self.function, self.step, self.moment):
            return None
        self.happened = True
        return self.error()


def harm_each_step(function: str, moment: Moment, error: type[BaseException], every: int = 1) -> None:
    """Tell the story again and again, until nothing is left that could go wrong."""
    for step in count(1, every):
        accident = OneAccident(function, step, moment, error)
        Telling(STORY, accident).run()
        if not accident.happened:
            assert step > LEAST_STEPS[function]
            return


LEAST_STEPS = {"outbox": 20, "push": 60, "timeouts": 2, "sweep": 8}


@pytest.mark.parametrize("function", LEAST_STEPS)
def test_nothing_is_lost_wherever_a_function_is_killed(function: str) -> None:
    harm_each_step(function, "after", Killed)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_nothing_is_lost_if_any_call_fails_or_only_its_answer_is_lost(moment: Moment) -> None:
    harm_each_step("push", moment, Unavailable, EVERY)
