"""Whatever goes wrong in between: in the end a partner has just what we have, by itself (`make convergence`: more)."""

from collections.abc import Callable

import pytest

from ocpi.push.breaker import Breaker
from ocpi.push.due import DueObject, DueObjects
from tests.delivery.shrinking import ends_badly, shrunk
from tests.delivery.stories import Change, NotConverged, Story, Telling

pytestmark = pytest.mark.slow

CHANGES = 700


@pytest.mark.parametrize("seed", range(3))
def test_a_partner_has_just_what_is_ours_once_the_faults_are_over(seed: int) -> None:
    story = Story.drawn(seed, CHANGES)
    try:
        figures = Telling(story).run()
    except NotConverged as error:
        pytest.fail(f"{error}\n{shrunk(story)}", pytrace=False)
    assert figures.changes > CHANGES / 2
    assert figures.faults > 10
    assert figures.requests <= figures.changes
    assert figures.per_change < 2


def test_a_tariff_that_comes_and_goes_at_once_disturbs_nothing() -> None:
    changes = (Change(1, "Tariff", 0, 1), Change(1, "no Tariff any more", 0, 2), Change(2, "Location", 0, 3))
    figures = Telling(Story(seed=0, changes=changes, faults=())).run()
    assert (figures.accidents, figures.requests) == (0, 2)


def test_a_story_always_goes_the_same_way() -> None:
    story = Story.drawn(4, 100)
    assert Telling(story).run() == Telling(story).run()


def forget(due: DueObjects, each: DueObject, *_: object, **__: object) -> None:
    """Whatever has become of it."""
    due._table.delete(due._key(each))


BUGS: dict[str, tuple[type, str, Callable[..., object]]] = {
    "a change during a request is lost": (DueObjects, "done", forget),
    "what failed is taken for delivered": (DueObjects, "postpone", forget),
    "a partner that was away is never asked again": (Breaker, "probes", lambda *_: False),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_in_the_delivery_does_not_stay_hidden(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*BUGS[bug])
    assert any(ends_badly(Story.drawn(seed, 200)) for seed in range(5))


def test_a_story_that_ends_badly_is_told_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*BUGS["what failed is taken for delivered"])
    story = next(story for seed in range(5) if ends_badly(story := Story.drawn(seed, 20)))
    short = shrunk(story, tries=30)
    assert ends_badly(short)
    assert len(short.changes) <= 5
