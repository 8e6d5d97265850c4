"""What travels on the queues: many profiles in few messages, each session's in order, and nothing urgent in a queue."""

from collections import defaultdict

import pytest

from ocpi.push.messages import (
    LANES,
    PROFILES_AT_ONCE,
    ProfileMessage,
    Reason,
    SiteMessage,
    Wanted,
    push_message,
)


def wanted(number: int, session_id: str | None = None) -> Wanted:
    return Wanted(country_code="NL", party_id="SIM", session_id=session_id or f"S{number}", request_id=f"R{number}")


def test_many_profiles_are_asked_for_by_few_messages() -> None:
    messages = list(ProfileMessage.of("cpo", "L1", map(wanted, range(1000))))
    assert len(messages) <= 1000 / PROFILES_AT_ONCE + LANES
    assert sorted(each.request_id for message in messages for each in message.requests) == sorted(
        f"R{number}" for number in range(1000)
    )
    assert len({message.group for message in messages}) == LANES
    assert all(message.group.startswith("cpo/profiles/") for message in messages)


def test_what_is_asked_for_a_session_stays_in_order_however_it_is_spelled() -> None:
    asked = [wanted(number, "s7" if number % 2 else "S7") for number in range(60)]
    others = [wanted(1000 + number) for number in range(200)]
    mixed = [each for pair in zip(asked, others, strict=False) for each in pair]
    messages = list(ProfileMessage.of("cpo", "L1", mixed))
    in_group: dict[str, list[str]] = defaultdict(list)
    for message in messages:
        in_group[message.group] += [each.request_id for each in message.requests if each.session_id.upper() == "S7"]
    assert list(filter(None, in_group.values())) == [[f"R{number}" for number in range(60)]]


def test_a_message_fits_into_a_queue_whatever_the_ids_are_like() -> None:
    longest = [
        Wanted(country_code="NL", party_id="SIM", session_id="é" * 36, request_id="R" * 32)
        for _ in range(PROFILES_AT_ONCE)
    ]
    (message,) = ProfileMessage.of("cpo", "L1", longest)
    assert 10 * len(message.model_dump_json().encode()) < 262_144, "ten go in one batch of 256 kB"


def test_a_message_that_an_earlier_version_has_sent_is_read() -> None:
    before = (
        '{"kind": "profile", "partner_id": "cpo", "country_code": "NL", "party_id": "SIM", "session_id": "S1",'
        ' "location": "L1", "request_id": "R1"}'
    )
    assert push_message.validate_json(before) == ProfileMessage(partner_id="cpo", location="L1", requests=(wanted(1),))


def test_what_is_sent_is_read_again() -> None:
    (message,) = ProfileMessage.of("cpo", "L1", [wanted(1)])
    assert push_message.validate_json(message.model_dump_json()) == message


def test_what_cannot_wait_is_in_a_group_of_its_own() -> None:
    groups = {SiteMessage(site_id="garage", reason=reason).group for reason in Reason if reason is not Reason.SITE}
    assert groups == {"garage"}
    assert SiteMessage(site_id="garage", reason=Reason.SITE).group not in groups


@pytest.mark.parametrize(
    ("reason", "other", "outweighs"),
    [
        (Reason.SITE, Reason.SESSION, True),
        (Reason.SESSION, Reason.SITE, False),
        (Reason.SESSION, Reason.REFUSAL, True),
        (Reason.SESSION, Reason.PROFILE, True),
        (Reason.PROFILE, Reason.SESSION, False),
        (Reason.PROFILE, Reason.SITE, False),
        (Reason.PROFILE, Reason.PROFILE, True),
        (Reason.PROFILE, None, True),
    ],
)
def test_a_changed_site_outweighs_all_else_and_an_answer_nothing(
    reason: Reason, other: Reason | None, outweighs: bool
) -> None:
    assert reason.outweighs(other) is outweighs
