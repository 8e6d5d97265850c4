"""Prices that are others at some hours of some weekdays."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Annotated, Self

from pydantic import Field, model_validator

from ocpi.sites.reading import Number, Strict, WrongInput
from ocpi.sites.weekly import WeeklyTime, overlaps

MOST_WEEKLY = 200


class WeeklyValue(WeeklyTime):
    """A value at some hours of some weekdays."""

    value: Number


class TimeOfUse(Strict):
    """A value for ever, and others that stand in for it at some hours of some weekdays."""

    base: Number
    weekly: Annotated[tuple[WeeklyValue, ...], Field(max_length=MOST_WEEKLY)] = ()

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        problems = [
            f"weekly[{second}]: overlaps weekly[{first}] ({self.weekly[first]}): change the times of one"
            for first, second in overlaps(self.weekly)
        ]
        if problems:
            raise WrongInput(problems)
        return self

    def spans(self, start: datetime, end: datetime, zone: tzinfo) -> Iterator[tuple[datetime, datetime, float]]:
        """When another value than the base holds within [`start`, `end`), and which."""
        for each in self.weekly:
            yield from ((begins, ends, each.value) for begins, ends in each.spans(start, end, zone))
