"""Reading a list by its links: where a page may be."""

import pytest

from ocpi.transport.client import Answer, PartnerClient
from ocpi.transport.crawling import BrokenList, Place, crawl

HOME = "https://cpo.example.com/locations"


class Partner(PartnerClient):
    """Answers a list of two pages, the second at an address as it likes."""

    def __init__(self, second: str) -> None:
        self.second = second

    def get(self, url: str) -> Answer:
        link = {"link": f'<{self.second}>; rel="next"'} if url == HOME else {}
        return Answer(200, 1000, "", [{"id": url}], link)


@pytest.mark.parametrize(
    "second",
    [
        "https://cpo.example.com:443/locations?offset=1",
        "https://CPO.example.com/locations?offset=1",
        "?offset=1",
    ],
)
def test_the_same_host_is_known_in_every_spelling(second: str) -> None:
    assert len(list(crawl(Partner(second), HOME, Place(HOME)))) == 2


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ("https://cpo.example.com:444/locations?offset=1", "leads to another host"),
        ("http://cpo.example.com/locations?offset=1", "leads to another host"),
        ("https://cpo.example.com@evil.example.com/", "is no URL"),
        ("?offset=1#top", "is no URL"),
    ],
)
def test_a_page_elsewhere_is_not_followed(second: str, why: str) -> None:
    pages = crawl(Partner(second), HOME, Place(HOME))
    next(pages)
    with pytest.raises(BrokenList, match=why):
        next(pages)


@pytest.mark.parametrize("url", ["https://evil.example.com/locations", "https://cpo.example.com/locations#top"])
def test_a_place_that_is_not_at_the_list_any_more_is_not_gone_on_from(url: str) -> None:
    with pytest.raises(BrokenList):
        next(crawl(Partner(""), HOME, Place(url)))
