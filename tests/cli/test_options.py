from __future__ import annotations

import io

import pytest

from contract.cli.options import console


@pytest.mark.parametrize(
    ("color", "environ", "colored"),
    [
        pytest.param(None, {}, False, id="a-pipe-is-plain"),
        pytest.param(True, {}, True, id="color-forces"),
        pytest.param(True, {"NO_COLOR": "1"}, True, id="color-beats-no-color"),
        pytest.param(False, {"FORCE_COLOR": "1"}, False, id="no-color-beats-force"),
    ],
)
def test_color_is_decided_by_option_environment_and_terminal(
    monkeypatch, color, environ, colored
):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    page = console(color)
    page.print("held", style="red")

    assert colored == ("\x1b[31m" in page.file.getvalue())
