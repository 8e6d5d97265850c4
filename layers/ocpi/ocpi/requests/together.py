"""Asking several partners at the same time, in no more time than an API call has."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from ocpi.transport.client import Answer, PartnerUnreachable

MOST = 20
"""How many are asked at the same time."""

WITHIN_S = 20.0
"""How long all of them are awaited, in seconds: an API call ends after 29."""

type Call = Callable[[], Answer]
"""Sends a request; it runs beside others."""

type Prepare = Callable[[], Call]
"""Makes a call ready; one is prepared after the other."""


def ask_together(questions: Iterable[Prepare]) -> list[Answer | PartnerUnreachable]:
    """The answer to each question, or why there is none; who is silent does not hold up the others for long."""
    threads = ThreadPoolExecutor(MOST)
    asked = [_start(threads, prepare) for prepare in questions]
    wait(asked, WITHIN_S)
    threads.shutdown(wait=False, cancel_futures=True)
    return [_answer(each) for each in asked]


def _start(threads: ThreadPoolExecutor, prepare: Prepare) -> Future[Answer]:
    try:
        return threads.submit(prepare())
    except PartnerUnreachable as error:
        failed: Future[Answer] = Future()
        failed.set_exception(error)
        return failed


def _answer(asked: Future[Answer]) -> Answer | PartnerUnreachable:
    if asked.cancelled() or not asked.done():
        return PartnerUnreachable(f"no answer within {WITHIN_S:g} s")
    try:
        return asked.result()
    except PartnerUnreachable as error:
        return error
