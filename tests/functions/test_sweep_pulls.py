"""Lists that nobody asks for by hand: they are got after registration, then now and then, and by polling."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ocpi import clock
from ocpi.parties.rhythm import Rhythm
from ocpi.push.breaker import Breakers
from ocpi.store.partner import PartnerStatus, Quirk
from ocpi.store.partners import Partners
from ocpi.store.pulls import PulledList, PullRecord, Pulls
from ocpi.store.table import Table
from ocpi.types.parties import Party
from ocpi.types.versions import ModuleID
from tests.api import request
from tests.functions.conftest import Connect
from tests.functions.test_pull import FIVE, LISTS, Lists, listed_locations, location
from tests.objects import CDR, LOCATION, SESSION, TARIFF
from tests.owner import owner
from tests.partner import Answer
from tests.pulls import Time, asked_for, go_round, pull, sweep

type Pass = Callable[..., None]

OFFERED = ("locations", "tariffs", "sessions", "cdrs")
LOCATIONS: dict[str, Any] = {"partner_id": "sim", "module": "locations"}


@pytest.fixture
def cpo(time: Pass, connect: Connect) -> Lists:
    """The platform of the CPO NL/SIM, with one object on each of its lists; it is 08:05."""
    time(minutes=5)
    partner = Lists(connect("CPO NL SIM", offers=LISTS))
    for module, document in zip(OFFERED, (LOCATION, TARIFF, SESSION, CDR), strict=True):
        partner.serve(module, document)
    partner.serve("hubclientinfo")
    partner.serve("tokens")
    return partner


def record(module: ModuleID = ModuleID.LOCATIONS) -> PullRecord:
    (known,) = [known for known in Pulls("deliveries").of_partner("sim") if known.module is module]
    return known


def change(**fields: object) -> None:
    """Change the partner."""
    partners = Partners("partners")
    known = partners.get("sim")
    assert known
    partners.replace(known, fields)


def paths(partner: Lists, module: str = "locations") -> list[str]:
    """The pages of a list that were asked for since the last look."""
    return [seen.path for seen in partner.asked() if seen.path.startswith(f"/{module}")]


class TestAtFirst:
    @pytest.mark.requirement("TRA-45")
    def test_all_that_a_new_partner_has_is_there_after_the_next_sweep(self, cpo: Lists) -> None:
        assert sorted(go_round()) == sorted([*OFFERED, "hubclientinfo", "tokens"])
        for path in ("locations/NL/SIM/L1", "tariffs/NL/SIM/T1", "sessions/NL/SIM/S1", "cdrs/NL/SIM/C1"):
            assert cpo.held(path), path

    def test_nothing_is_asked_twice(self, cpo: Lists, time: Pass) -> None:
        go_round()
        cpo.asked()
        time(minutes=30)
        assert go_round() == []
        assert cpo.asked() == []

    def test_registering_waits_for_no_list(self, cpo: Lists) -> None:
        assert cpo.asked() == []


class TestNowAndThen:
    @pytest.mark.requirement("TRA-45")
    def test_what_has_changed_since_the_last_pull_began_is_asked_for(self, cpo: Lists, time: Pass) -> None:
        cpo.meanwhile[0] = lambda _: time(minutes=1)
        pull(LOCATIONS)
        cpo.asked()
        time(hours=10)
        assert "locations" in go_round()
        assert paths(cpo) == ["/locations?date_from=2026-11-22T08%3A05%3A00Z&limit=100"]

    @pytest.mark.requirement("TRA-35")
    def test_each_list_has_a_time_of_its_own_every_few_hours(self, cpo: Lists, time: Pass) -> None:
        go_round()
        began = clock.now()
        first = {known.module: known.next_at for known in Pulls("deliveries").of_partner("sim")}
        waits = [(at - began) / timedelta(hours=1) for at in first.values() if at]
        assert len(set(waits)) == len(waits) == 6
        assert all(3 <= wait <= 9 for wait in waits)
        at = first[ModuleID.LOCATIONS]
        assert at
        time(hours=9)
        go_round()
        assert record().next_at in {at + timedelta(hours=hours) for hours in (6, 12)}, "always at the same point"

    @pytest.mark.requirement("TRA-35")
    def test_many_partners_are_not_asked_at_the_same_time(self, cpo: Lists) -> None:
        partner = Partners("partners").get("sim")
        assert partner
        now = clock.now()
        asked = [PulledList(f"p{number}", ModuleID.LOCATIONS, None, Party("NL", "SIM")) for number in range(240)]
        hours = [int((Rhythm().following(partner, each, now) - now) / timedelta(hours=1)) for each in asked]
        assert {hour: hours.count(hour) > 20 for hour in hours} == dict.fromkeys(range(3, 9), True)

    @pytest.mark.requirement("TRA-35")
    def test_a_partner_that_cannot_push_is_asked_every_few_minutes(self, cpo: Lists, time: Pass) -> None:
        change(quirks=frozenset({Quirk.NO_PUSH}))
        listed = cpo.serve("sessions", SESSION)
        go_round()
        for minute in (10, 15, 20):
            time(minutes=5)
            listed[:] = [SESSION | {"kwh": minute, "last_updated": f"2026-11-22T08:{minute:02}:00Z"}]
            assert "sessions" in go_round()
            assert cpo.held("sessions/NL/SIM/S1")["kwh"] == minute


class TestFullPulls:
    @pytest.mark.requirement("LOC-05", "TAR-02")
    def test_what_a_partner_lists_no_more_is_marked_by_a_full_pull_and_not_deleted(
        self, cpo: Lists, time: Pass
    ) -> None:
        locations = cpo.serve("locations", *FIVE)
        tariffs = cpo.serve("tariffs", TARIFF, TARIFF | {"id": "T2"})
        go_round()
        del locations[0], tariffs[0]
        time(days=1)
        go_round()
        assert len(listed_locations(cpo)) == 5
        time(days=7)
        go_round()
        assert listed_locations(cpo) == ["L2", "L3", "L4", "L5"]
        assert cpo.held("locations/NL/SIM/L1"), "it is kept"
        assert cpo.held("tariffs/NL/SIM/T1") is None
        assert owned("tariffs/NL/SIM/T1") == TARIFF, "our backend may still need its prices"
        assert record().last_full == clock.now()

    @pytest.mark.requirement("TAR-02")
    def test_a_tariff_that_comes_back_is_valid_again(self, cpo: Lists, time: Pass) -> None:
        tariffs = cpo.serve("tariffs", TARIFF | {"id": "T2"}, TARIFF)
        go_round()
        del tariffs[1]
        time(days=8)
        go_round()
        assert cpo.held("tariffs/NL/SIM/T1") is None
        tariffs.append(TARIFF)
        time(days=8)
        go_round()
        assert cpo.held("tariffs/NL/SIM/T1") == TARIFF

    @pytest.mark.requirement("LOC-05")
    def test_what_changes_while_a_full_list_is_read_is_alive(self, cpo: Lists, time: Pass) -> None:
        locations = cpo.serve("locations", *FIVE)
        go_round()
        del locations[:2]
        newer = location("L1", name="Pushed")

        def push(_listed: object) -> None:
            time(seconds=1)
            assert request("PUT", "/ocpi/2.2.1/receiver/locations/NL/SIM/L1", token=cpo.token, body=newer).data is None

        time(days=8)
        cpo.meanwhile[0] = push
        pull(LOCATIONS)
        assert listed_locations(cpo) == ["L1", "L3", "L4", "L5"]

    @pytest.mark.requirement("LOC-05")
    def test_a_list_that_moved_while_it_was_read_tells_what_is_gone_only_with_the_next_one(
        self, cpo: Lists, time: Pass
    ) -> None:
        locations = cpo.serve("locations", *FIVE)
        go_round()
        time(days=8)

        def move(listed: list[Any]) -> None:
            time(seconds=1)
            del listed[0]
            listed.append(location("L6", last_updated="2026-11-30T08:05:01Z"))

        cpo.meanwhile[0] = move
        pull(LOCATIONS)
        assert listed_locations(cpo) == ["L1", "L2", "L3", "L4", "L5", "L6"], "L3 was missed, and L1 is gone"
        time(hours=10)
        go_round()
        assert listed_locations(cpo) == ["L2", "L3", "L4", "L5", "L6"]
        assert len(locations) == 5

    def test_a_full_pull_that_breaks_off_or_has_what_cannot_be_told_apart_marks_nothing(
        self, cpo: Lists, time: Pass
    ) -> None:
        locations = cpo.serve("locations", *FIVE)
        go_round()
        locations[:] = [{"id": 7}, *FIVE[1:]]
        time(days=8)
        go_round()
        assert "L1" in listed_locations(cpo)
        locations[:] = FIVE[1:]
        cpo.server.answers["GET", "/locations?offset=2"] = (500, b"")
        time(days=8)
        go_round()
        assert "L1" in listed_locations(cpo)


class TestTrouble:
    @pytest.mark.requirement("TRA-45")
    def test_a_pull_that_broke_off_is_gone_on_with_where_it_stopped(self, cpo: Lists, time: Pass) -> None:
        cpo.serve("locations", *FIVE)
        cpo.server.answers["GET", "/locations?offset=2"] = (502, b"")
        go_round()
        known = record()
        assert known.reason
        assert "HTTP 502" in known.reason
        assert (known.last_error, known.last_success) == (clock.now(), None)
        assert listed_locations(cpo) == ["L1", "L2"], "what came is kept"
        del cpo.server.answers["GET", "/locations?offset=2"]
        cpo.asked()
        assert go_round() == []
        time(minutes=1)
        assert go_round() == ["locations"]
        assert paths(cpo) == ["/locations?offset=2", "/locations?offset=4"]
        assert len(listed_locations(cpo)) == 5
        assert (record().objects, record().checkpoint, record().failures) == (5, None, 0)

    def test_what_was_broken_off_half_a_day_ago_begins_anew(self, cpo: Lists, time: Pass) -> None:
        cpo.serve("locations", *FIVE)
        cpo.server.answers["GET", "/locations?offset=2"] = (502, b"")
        go_round()
        time(hours=13)
        cpo.asked()
        go_round()
        assert paths(cpo)[0] == "/locations?limit=100"

    @pytest.mark.parametrize(
        ("answer", "minutes"),
        [
            ((429, {"status_code": 2000}, {"Retry-After": "600"}), 10),
            ((429, b"slow down", {"Retry-After": "600"}), 10),
            ((503, b"", {"Retry-After": "1"}), 1),
            ((429, b"", {"Retry-After": "86400"}), 60),
            ((429, b"", {"Retry-After": "soon"}), 1),
        ],
        ids=["in an envelope", "plain", "too short", "too long", "not a time"],
    )
    def test_a_partner_that_is_asked_too_often_is_left_alone_as_long_as_it_says(
        self, cpo: Lists, answer: Answer, minutes: int
    ) -> None:
        cpo.server.answers["GET", "/locations"] = answer
        go_round()
        assert record().next_at == clock.now() + timedelta(minutes=minutes)

    def test_a_list_that_keeps_failing_is_asked_for_more_and_more_seldom(self, cpo: Lists, time: Pass) -> None:
        cpo.server.answers["GET", "/locations"] = (500, b"")
        waits = []
        for _ in range(8):
            go_round()
            next_at = record().next_at
            assert next_at
            waits.append((next_at - clock.now()) / timedelta(minutes=1))
            time(hours=1)
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60]

    @pytest.mark.requirement("TRA-29")
    def test_what_was_left_out_is_kept_with_its_reason(self, cpo: Lists) -> None:
        cpo.serve("locations", *(location(f"L{number}", city=7) for number in range(30)), location("L99"))
        go_round()
        known = record()
        assert (known.objects, known.skipped, len(known.examples)) == (1, 30, 20)
        assert (known.examples[0].object, known.examples[0].reason.split(":")[0]) == ("NL/SIM/L0", "/city")


class TestNotCalled:
    @pytest.mark.parametrize("status", [PartnerStatus.SUSPENDED, PartnerStatus.UNREGISTERED])
    def test_a_partner_that_is_not_connected_is_not_asked(self, cpo: Lists, status: PartnerStatus) -> None:
        change(status=status)
        assert go_round() == []
        pull(LOCATIONS)
        assert cpo.asked() == []

    def test_a_partner_whose_breaker_is_open_is_not_asked_until_it_is_back(self, cpo: Lists) -> None:
        breakers = Breakers("deliveries")
        breakers.change("sim", lambda known: known.opened("it is away", clock.now()))
        assert go_round() == []
        pull(LOCATIONS)
        assert cpo.asked() == []
        breakers.change("sim", lambda known: known.half_opened(clock.now()))
        assert "locations" in go_round()

    def test_a_partner_that_is_gone_is_forgotten(self, cpo: Lists) -> None:
        pull(LOCATIONS | {"partner_id": "nobody"})
        pull(LOCATIONS | {"module": "commands"})
        assert cpo.asked() == []


class Killed(BaseException):
    """The process is ended."""


class Dying(Time):
    """An invocation that is killed once it has looked at the clock so often."""

    def get_remaining_time_in_millis(self) -> int:
        if super().get_remaining_time_in_millis() < 900_000:
            raise Killed
        return 900_000


class TestTimeIsUp:
    @pytest.mark.requirement("LOC-05")
    def test_a_long_list_is_read_by_several_messages_and_its_end_tells_what_is_gone(
        self, cpo: Lists, time: Pass
    ) -> None:
        locations = cpo.serve("locations", *FIVE)
        go_round()
        del locations[0]
        locations.append(location("L6"))
        time(days=8)
        cpo.asked()
        pull(LOCATIONS, Time(pages=1))
        assert paths(cpo) == ["/locations?limit=100"]
        (message,) = asked_for()
        assert message["module"] == "locations"
        pull(message, Time(pages=1))
        pull(asked_for()[0])
        assert paths(cpo) == ["/locations?offset=2", "/locations?offset=4"]
        assert listed_locations(cpo) == ["L2", "L3", "L4", "L5", "L6"]

    @pytest.mark.requirement("LOC-05")
    def test_much_that_is_gone_goes_by_several_messages_and_the_list_is_read_once(
        self, cpo: Lists, time: Pass, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ocpi.parties.pull.LET_GO_AT_ONCE", 2)
        locations = cpo.serve("locations", *FIVE)
        go_round()
        del locations[1:]
        time(days=8)
        cpo.asked()
        pull(LOCATIONS, Time(pages=2))
        assert len(listed_locations(cpo)) == 3
        (message,) = asked_for()
        assert message["module"] == "locations"
        pull(message)
        assert listed_locations(cpo) == ["L1"]
        assert len(paths(cpo)) == 1
        assert (record().last_full, record().checkpoint) == (clock.now(), None)

    @pytest.mark.requirement("LOC-05")
    def test_one_that_is_killed_while_much_goes_is_gone_on_with(
        self, cpo: Lists, time: Pass, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ocpi.parties.pull.LET_GO_AT_ONCE", 2)
        locations = cpo.serve("locations", *FIVE)
        go_round()
        del locations[1:]
        time(days=8)
        with pytest.raises(Killed):
            pull(LOCATIONS, Dying(pages=2))
        assert len(listed_locations(cpo)) == 3
        time(minutes=21)
        cpo.asked()
        go_round()
        assert listed_locations(cpo) == ["L1"]
        assert paths(cpo) == []

    def test_a_message_that_comes_twice_is_done_once(self, cpo: Lists) -> None:
        pull(LOCATIONS)
        pull(LOCATIONS)
        assert paths(cpo) == ["/locations?limit=100"]

    def test_of_two_that_begin_at_once_one_reads_the_list(self, cpo: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
        read = Table.get
        others = iter([LOCATIONS])

        def get(table: Table, key: tuple[str, str]) -> Any:
            known = read(table, key)
            if key[0].startswith("PULLS#") and (message := next(others, None)):
                pull(message)
            return known

        monkeypatch.setattr(Table, "get", get)
        pull(LOCATIONS)
        assert paths(cpo) == ["/locations?limit=100"]

    def test_while_a_list_is_read_nobody_else_reads_it(self, cpo: Lists) -> None:
        cpo.serve("locations", *FIVE)
        cpo.meanwhile[0] = lambda _: pull(LOCATIONS)
        pull(LOCATIONS)
        assert paths(cpo) == ["/locations?limit=100", "/locations?offset=2", "/locations?offset=4"]

    def test_a_function_that_is_killed_loses_nothing(self, cpo: Lists, time: Pass) -> None:
        cpo.serve("locations", *FIVE)

        with pytest.raises(Killed):
            pull(LOCATIONS, Dying(pages=2))
        cpo.asked()
        sweep()
        assert "locations" not in {message["module"] for message in asked_for()}
        time(minutes=21)
        assert "locations" in go_round()
        assert paths(cpo)[0] == "/locations?offset=2", "only what came since the last page is repeated"
        assert len(listed_locations(cpo)) == 5

    @pytest.mark.requirement("LOC-05")
    @pytest.mark.parametrize("steps", range(0, 24, 3))
    def test_wherever_a_function_is_killed_the_next_one_makes_it_good(
        self, cpo: Lists, time: Pass, monkeypatch: pytest.MonkeyPatch, steps: int
    ) -> None:
        locations = cpo.serve("locations", *FIVE[:4])
        go_round()
        locations[:] = [*FIVE[1:3], location("L5", last_updated="2026-11-23T08:00:00Z")]
        time(days=8)
        with monkeypatch.context() as patch:
            killed_after(patch, steps)
            with pytest.raises(Killed):
                pull(LOCATIONS)
        for _ in range(2):
            time(minutes=21)
            go_round()
        assert listed_locations(cpo) == ["L2", "L3", "L5"]
        assert (record().failures, record().checkpoint) == (0, None)


def killed_after(patch: pytest.MonkeyPatch, steps: int) -> None:
    """Kill whoever has used the store so often, just before he uses it once more."""
    used = 0

    def dying(use: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            nonlocal used
            used += 1
            if used > steps:
                raise Killed
            return use(*args, **options)

        return step

    for name in ("get", "put", "query", "between"):
        patch.setattr(Table, name, dying(getattr(Table, name)))


def owned(path: str) -> Any:
    """What our backend gets of the partner's."""
    return owner("GET", f"/received/sim/{path}").body
