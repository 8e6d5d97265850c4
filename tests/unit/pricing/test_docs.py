"""The example of docs/pricing.md does what the page says."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "pricing.md"


def test_the_example_prints_what_the_page_says() -> None:
    page = PAGE.read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (printed,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(code, PAGE.name, "exec"), {})  # noqa: S102 - it is our own page
    assert output.getvalue() == printed
