"""Who may do what at which site, as the sites table holds it."""

import pytest

from ocpi.store.grants import EVERY_SITE, Grant, Grants, Right

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def grants() -> Grants:
    return Grants("sites")


def test_who_was_never_granted_anything_may_do_nothing(grants: Grants) -> None:
    assert grants.of("jan") == Grant(principal="jan")
    assert grants.of("jan").rights("garage") == frozenset()


def test_a_grant_is_for_its_site_and_one_for_every_site_for_all(grants: Grants) -> None:
    grants.grant("jan", "garage", [Right.CONTROL], "Jan")
    assert grants.of("jan").rights("garage") == {Right.CONTROL, Right.READ}
    assert grants.of("jan").rights("other") == frozenset()
    grants.grant("jan", EVERY_SITE, [Right.READ])
    assert grants.of("jan").rights("other") == {Right.READ}
    assert grants.of("jan").name == "Jan", "which stays"


def test_a_grant_replaces_what_was_granted_there(grants: Grants) -> None:
    grants.grant("jan", "garage", [Right.CONTROL, Right.SIGNAL])
    assert grants.grant("jan", "garage", [Right.READ]).rights("garage") == {Right.READ}


def test_what_is_revoked_is_gone_at_one_site_or_everywhere(grants: Grants) -> None:
    for site in ("garage", "other"):
        grants.grant("jan", site, [Right.READ])
    assert grants.revoke("jan", "garage").sites.keys() == {"other"}
    grants.revoke("jan")
    assert grants.of("jan") == Grant(principal="jan")
    grants.revoke("jan")


def test_all_grants_are_listed_by_principal(grants: Grants) -> None:
    for principal in ("jan", "anna"):
        grants.grant(principal, "garage", [Right.READ], principal.title())
    assert [each.name for each in grants.all()] == ["Anna", "Jan"]


def test_to_signal_is_not_to_read(grants: Grants) -> None:
    assert grants.grant("dso", "garage", [Right.SIGNAL]).rights("garage") == {Right.SIGNAL}
