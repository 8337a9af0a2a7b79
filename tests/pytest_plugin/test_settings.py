"""Settings from the command line and from pyproject.toml."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contract.pytest_plugin.settings import Settings, read

PAGE = Path(__file__).parents[2] / "docs" / "pytest.md"
TABLE = re.compile(r"(?<=\| Option \| Meaning \|\n\|---\|---\|\n)(\|.*\n)*")


def _read(pytester, *options, table=""):
    if table:
        pytester.makepyprojecttoml(f"[tool.magistral-contract]\n{table}\n")
    return read(pytester.parseconfig(*options))


def test_the_page_lists_every_option(pytester, request):
    parser = pytester.parseconfig()._parser  # noqa: SLF001  # there is no public way to list options
    (group,) = [group for group in parser._groups if group.name == "contract"]  # noqa: SLF001
    rows = "".join(
        f"| `{one.names()[0]}{equals(one.attrs())}` | {one.attrs()['help']} |\n"
        for one in group.options
    )
    page = PAGE.read_text("utf-8")
    if request.config.getoption("--update-golden"):
        page = TABLE.sub(lambda _: rows, page, count=1)
        PAGE.write_text(page, "utf-8", newline="\n")

    assert TABLE.search(page)[0] == rows


def equals(attributes):
    name = attributes.get("metavar")
    return f"={name}" if name else ""


def test_settings_have_defaults(pytester):
    assert _read(pytester) == Settings()


def test_the_table_in_pyproject_is_read(pytester):
    table = 'targets = ["mock", "mock:vllm"]\napi-key-env = "MY_KEY"\nslow = true'
    expected = Settings(targets=("mock", "mock:vllm"), api_key_env="MY_KEY", slow=True)

    assert _read(pytester, table=table) == expected


def test_the_command_line_overrides_the_table(pytester):
    options = (
        "--contract-target=mock:vllm",
        "--contract-select=a",
        "--contract-select=b",
    )
    expected = Settings(targets=("mock:vllm",), select=("a", "b"), profile="mine")
    table = 'targets = ["mock"]\nprofile = "mine"'

    assert _read(pytester, *options, table=table) == expected


@pytest.mark.parametrize(
    ("table", "words"),
    [
        pytest.param('target = ["mock"]', "has no 'target'", id="unknown"),
        pytest.param('targets = "mock"', "must be a list", id="text-for-list"),
        pytest.param(
            'slow = "yes"', "slow must be true or false", id="text-for-switch"
        ),
        pytest.param("profile = 1", "profile must be a text", id="number-for-text"),
    ],
)
def test_an_invalid_table_is_rejected(pytester, table, words):
    with pytest.raises(pytest.UsageError, match=words):
        _read(pytester, table=table)


def test_headers_come_from_both_places_and_a_file_may_have_another_name(
    pytester, tmp_path
):
    file = tmp_path / "staging.toml"
    file.write_text('targets = ["mock:vllm"]\nheader-env = ["X-A=A"]\ntimeout = 20')
    given = (f"--contract-config={file}", "--contract-header=X-B: 1")
    expected = Settings(
        targets=("mock:vllm",),
        header=("X-B: 1",),
        header_env=("X-A=A",),
        config=str(file),
        others={"timeout": "20"},
    )

    assert expected == _read(pytester, *given)
    assert "X-B: 1" not in repr(_read(pytester, *given))


def test_budgets_and_the_window_can_be_set_in_both_places(pytester):
    table = 'budget = ["ttft=1s"]\ncontext-window = 8192\nretry-budget = 90'
    expected = Settings(budget=("ttft=1s",), context_window="8192", retry_budget="90")
    given = (
        "--contract-budget=e2e=9s",
        "--contract-context-window=4096",
        "--contract-retry-budget=2s",
    )

    assert expected == _read(pytester, table=table)
    expected = Settings(budget=("e2e=9s",), context_window="4096", retry_budget="2s")
    assert expected == _read(pytester, *given)
