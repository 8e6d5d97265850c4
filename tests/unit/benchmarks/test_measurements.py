"""Every measurement runs, and compares work that is really done."""

import os
from importlib import import_module

import pytest

from benchmarks import api, imports, lists
from benchmarks.environment import ENVIRONMENT
from benchmarks.peers.environments import OCPI_PYTHON_DIR, PEERS, Peer, Unavailable, is_prepared, prepared


def test_requests_are_measured_beside_a_constant_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "PEERS", ())
    figures = list(api.measure(turns=1, turn_ms=0))
    assert [figure.what for figure in figures] == [work.what for work in api.WORK]
    assert all(figure.ours_ms > 0 and figure.ratio for figure in figures)


@pytest.mark.slow
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.title)
def test_requests_are_measured_beside_a_peer(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    if not is_prepared(peer) or (peer.checkout and peer.checkout not in os.environ):
        pytest.skip(f"make bench makes the environment of {peer.title}")
    monkeypatch.setattr(api, "PEERS", (peer,))
    beside_peer = [figure for figure in api.measure(turns=1, turn_ms=0) if figure.other.startswith(peer.title)]
    assert len(beside_peer) == 3
    assert all(figure.ratio for figure in beside_peer)


def test_a_peer_that_is_not_here_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OCPI_PYTHON_DIR, raising=False)
    peer = next(peer for peer in PEERS if peer.checkout == OCPI_PYTHON_DIR)
    with pytest.raises(Unavailable, match=OCPI_PYTHON_DIR):
        prepared(peer)
    monkeypatch.setattr(api, "PEERS", (peer,))
    unmeasured = [figure for figure in api.measure(turns=1, turn_ms=0) if figure.other.startswith(peer.title)]
    assert unmeasured
    assert all(figure.ratio is None and OCPI_PYTHON_DIR in figure.other for figure in unmeasured)


def test_a_list_is_walked_to_its_end_and_its_pages_read_no_more_than_they_show() -> None:
    first, middle, last = lists.measure(turns=1, turn_ms=0, lengths=(120,))
    # What is read beside the objects: the partner, and for the first page the counter; one more object tells whether
    # there is a next page.
    assert first.items_read is not None
    assert middle.items_read is not None
    assert last.items_read is not None
    assert last.items_read < middle.items_read <= first.items_read <= lists.PAGE + 10
    assert first.request_units


@pytest.mark.slow
def test_an_import_is_measured_beside_the_bare_stack() -> None:
    (figure,) = imports.measure(turns=1, only=("versions",))
    assert figure.ratio


def test_every_api_function_finds_its_settings() -> None:
    functions = imports.api_functions()
    assert {"versions", "credentials", "locations", "sessions", "chargingprofiles"} <= set(functions)
    for function in functions:
        fields = import_module(f"{function}.settings").Settings.model_fields
        needed = {name.upper() for name, field in fields.items() if field.is_required()}
        assert needed <= set(ENVIRONMENT), function
