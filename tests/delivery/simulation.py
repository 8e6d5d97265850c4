"""Virtual time: many things go on at once, one of them runs at a time, and an hour passes in no time at all."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

BEGIN = datetime(2026, 11, 22, 8, tzinfo=UTC)


class Killed(BaseException):
    """Whatever runs is stopped here, as AWS stops a function: nothing that catches errors gets to see it."""


class Simulation:
    """An agenda of what happens when, and processes that sleep in between.

    The order of all that happens depends on the agenda alone, so the same story always goes the same way.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        """Since :data:`BEGIN`."""
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self._until = 0.0
        self._turn = threading.Semaphore(0)
        self._asleep: set[_Process] = set()
        self._error: BaseException | None = None

    def now(self) -> datetime:
        """The virtual time, in place of :func:`ocpi.clock.now`."""
        return BEGIN + timedelta(seconds=self.seconds)

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something then."""
        heappush(self._agenda, (self.seconds + seconds, next(self._numbers), act))

    def start(self, body: Callable[[], None]) -> None:
        """Begin something that may sleep."""
        process = _Process(self, body)
        self.after(0, process.begin)

    def run(self, until: float) -> None:
        """Let all happen that is on the agenda until then."""
        self._until = until
        while self._agenda and self._agenda[0][0] <= until:
            self.seconds, _, act = heappop(self._agenda)
            act()
            if self._error:
                raise self._error
        self.seconds = until

    def sleep(self, seconds: float) -> None:
        """Let time pass for the process that calls; for all others (servers, tests) it costs no time."""
        process = threading.current_thread()
        if not isinstance(process, _Process):
            return
        wakes = self.seconds + seconds
        if wakes <= self._until and (not self._agenda or wakes < self._agenda[0][0]):
            self.seconds = wakes
            return
        self.after(seconds, process.resume)
        self._asleep.add(process)
        process.pause()
        self._asleep.discard(process)

    def close(self) -> None:
        """Stop whatever still sleeps."""
        for process in list(self._asleep):
            process.stop()


class _Process(threading.Thread):
    """A thread that runs only while nothing else does."""

    def __init__(self, simulation: Simulation, body: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._simulation = simulation
        self._body = body
        self._turn = threading.Semaphore(0)
        self._stopped = False

    def begin(self) -> None:
        self.start()
        self._simulation._turn.acquire()

    def resume(self) -> None:
        self._turn.release()
        self._simulation._turn.acquire()

    def pause(self) -> None:
        self._simulation._turn.release()
        self._turn.acquire()
        if self._stopped:
            raise Killed

    def stop(self) -> None:
        self._stopped = True
        self.resume()

    def run(self) -> None:
        try:
            self._body()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - it is raised where the simulation runs
            self._simulation._error = error
        finally:
            self._simulation._turn.release()
