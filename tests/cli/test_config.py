"""The table of settings: where it is found, what it may hold, what it must not."""

from __future__ import annotations

import tomllib

import pytest

from contract.cli import config
from contract.cli.config import KINDS, Config, as_toml, discover, limits, parse, read
from contract.cli.verify import verify_command
from contract.errors import UsageError
from contract.pytest_plugin.settings import Settings

TABLE = '[tool.magistral-contract]\ntargets = ["mock:vllm"]\n'
# Options of `verify` that no file holds: secrets, and what shapes one run's output.
ONLY_TYPED = {
    *("config", "no_config", "header", "save", "quiet", "verbose", "color"),
}


def test_every_option_of_verify_is_a_setting_or_is_only_typed():
    bounds = {bound: name for name, bound in config.BOUNDS.items()}
    options = {bounds.get(one.name, one.name) for one in verify_command.params}

    assert options == {*KINDS} | ONLY_TYPED


def test_pytest_knows_the_same_settings():
    others = {"seed", "concurrency", "max_requests", "max_examples", *config.BOUNDS}
    others |= {"baseline", "within"}  # of the command line: pytest has the last run
    others |= {"history", "fail_on"}
    others |= {name for name in KINDS if name.startswith("behind")}

    assert {*KINDS} - others <= {*Settings.__dataclass_fields__}


def test_the_nearest_table_below_the_repository_is_found(tmp_path):
    inner = tmp_path / "repository" / "package" / "tests"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(TABLE)
    (inner.parent / "pyproject.toml").write_text("[project]\nname = 'a'\n")

    assert discover(inner).path == tmp_path / "pyproject.toml"
    assert discover(inner).values == {"targets": ("mock:vllm",)}
    (tmp_path / "repository" / ".git").mkdir()
    assert discover(inner) == Config()


def test_a_file_of_another_name_has_the_table_or_its_keys_alone(tmp_path):
    path = tmp_path / "staging.toml"
    for text in (TABLE, 'targets = ["mock:vllm"]\n'):
        path.write_text(text)

        assert read(path).values == {"targets": ("mock:vllm",)}


@pytest.mark.parametrize("name", ["profiles", "history"])
def test_profiles_and_history_lie_beside_the_file(tmp_path, name):
    found = parse({name: "mine"}, tmp_path / "a.toml")

    assert found == {name: str(tmp_path / "mine")}


def test_a_history_on_a_server_is_no_path(tmp_path):
    found = parse({"history": "postgresql://me@db/runs"}, tmp_path / "a.toml")

    assert found == {"history": "postgresql://me@db/runs"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            "target = []", "no 'target'. Did you mean 'targets'", id="nearest"
        ),
        pytest.param("concurency = 2", "Did you mean 'concurrency'", id="typo"),
        pytest.param("header = []", "would keep a secret", id="header"),
        pytest.param("headers = {}", 'header-env = \\["X-Tenant=', id="headers"),
        pytest.param("api-key = 'x'", 'api-key-env = "VARIABLE"', id="key"),
        pytest.param("proxy = 'http://u:p@h'", "has a password", id="proxy"),
        pytest.param("proxy = 'http://u:p@[::1'", "has a password", id="no-url"),
        pytest.param("history = 'postgresql://u:p@h/d'", "as PGPASSWORD", id="db"),
        pytest.param("history = 'postgresql://h/d?password=p'", "PGPASSWORD", id="dbq"),
        pytest.param("targets = [1]", "a list of texts", id="numbers"),
        pytest.param("seed = true", "a whole number", id="bool-for-number"),
        pytest.param("timeout = true", "a duration", id="bool-for-duration"),
        pytest.param("timeout = 'soon'", "a duration such as", id="no-duration"),
        pytest.param("timeout = 0", "longer than 0", id="no-time"),
        pytest.param("concurrency = 0", "1 or more", id="too-few"),
        pytest.param("concurrency = 999", "256 or less", id="too-many"),
        pytest.param("= 1", "is not TOML", id="no-toml"),
    ],
)
def test_a_mistake_names_the_file_and_what_to_write(tmp_path, text, words):
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=words) as raised:
        read(path)

    assert str(path) in str(raised.value)


def test_a_missing_file_or_table_is_a_mistake(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "a.toml")
    (tmp_path / "pyproject.toml").write_text("")
    with pytest.raises(UsageError, match=r"has no \[tool"):
        read(tmp_path / "pyproject.toml")


def test_time_outs_are_limits():
    assert limits({"timeout": "20s", "idle_timeout": "80ms"}).total == 20
    assert limits({"idle_timeout": "80ms"}).between == 0.08


def test_what_is_written_is_read_again(tmp_path):
    values = {
        "targets": ('mock?a="b"\\', "mock"),
        "profile": "vllm",
        "slow": True,
        "concurrency": 2,
    }
    text = as_toml({**values, "model": None})

    assert "model" not in tomllib.loads(text)["tool"]["magistral-contract"]
    (tmp_path / "a.toml").write_text(text)
    assert read(tmp_path / "a.toml").values == values
