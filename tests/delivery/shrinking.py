"""From a story that ends badly to a short one that does so too."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.delivery.stories import NotConverged, Story, Telling

TRIES = 40


def ends_badly(story: Story) -> str | None:
    """What is wrong in the end of a story; None if all is well."""
    try:
        Telling(story).run()
    except NotConverged as error:
        return str(error)
    return None


def shrunk(story: Story, fails: Callable[[Story], object] = ends_badly, tries: int = TRIES) -> Story:
    """Leave out parts of a story, ever smaller ones, as long as it fails."""
    parts = 2
    while tries and parts <= 2 * max(len(story.changes), len(story.faults)):
        for shorter in _shorter(story, parts):
            tries -= 1
            if fails(shorter):
                story, parts = shorter, max(parts // 2, 2)
                break
            if not tries:
                return story
        else:
            parts *= 2
    return story


def _shorter(story: Story, parts: int) -> Iterator[Story]:
    """The story without its accidents, and without one part of its faults or its changes."""
    if story.accidents:
        yield replace(story, accidents=0)
    for kind in ("faults", "changes"):
        told = getattr(story, kind)
        size = max(len(told) // parts, 1)
        for begin in range(0, len(told), size):
            yield replace(story, **{kind: told[:begin] + told[begin + size :]})
