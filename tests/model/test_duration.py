from __future__ import annotations

import pytest

from contract.errors import UsageError
from contract.model.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("80ms", 0.08), ("1.5s", 1.5), (" 2 ", 2.0), ("0", 0.0)]
)
def test_a_duration_is_in_seconds(text, seconds):
    assert parse_duration("ttft", text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "86400", "1m"])
def test_anything_else_is_refused_with_the_name_of_the_option(text):
    with pytest.raises(UsageError, match="ttft must be a duration"):
        parse_duration("ttft", text)
