"""One request and its answer, as they went over the wire."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from urllib3 import HTTPHeaderDict

from ocpi import wire

EXCERPT = 240
"""How many characters of an answer are shown."""

_SECRET = re.compile(r'("token"\s*:\s*)"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    Attributes:
        routed: whether it went to a functional module, whose messages carry routing headers (ROU-01, ROU-02).
    """

    method: str
    url: str
    sent: Mapping[str, str]
    status: int
    headers: HTTPHeaderDict
    content: bytes
    routed: bool = False

    @cached_property
    def envelope(self) -> dict[str, Any]:
        """The JSON object that was answered, empty if it was none."""
        try:
            document: Any = wire.loads(self.content)
        except wire.NotJson:
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def code(self) -> int | None:
        """The OCPI status code, None if there is none."""
        code = self.envelope.get("status_code")
        return code if isinstance(code, int) and not isinstance(code, bool) else None

    @property
    def data(self) -> Any:
        """The payload."""
        return self.envelope.get("data")

    @property
    def ok(self) -> bool:
        """Whether it succeeded: HTTP 2xx and an OCPI 1xxx code (STA-07)."""
        return 200 <= self.status < 300 and self.code is not None and self.code // 1000 == 1

    def __str__(self) -> str:
        """For people: what was asked and answered, one line, without secrets."""
        code = f", OCPI {self.code}" if self.code is not None else ""
        return f"{self.method} {printable(self.url)}: HTTP {self.status}{code}, {self.excerpt}"

    @property
    def excerpt(self) -> str:
        """The beginning of the answer's body, without credentials tokens."""
        text = _SECRET.sub(r'\1"…"', self.content[:100_000].decode(errors="replace"))
        return printable(" ".join(text.split()), EXCERPT) or "an empty body"


def printable(text: str, longest: int = 500) -> str:
    """`text` that is safe to show on a terminal, cut to `longest` characters."""
    clean = "".join(c if c.isprintable() else "?" for c in text[: longest + 1])
    return clean if len(clean) <= longest else clean[:longest] + "…"
