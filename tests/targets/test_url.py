"""Targets by URL: the forms of an address, and invalid ones."""

from __future__ import annotations

import pytest

from contract.errors import UsageError
from contract.plugins.discovery import find
from contract.targets.base import TargetKind, parse_target
from contract.targets.url import read


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000"),
        ("http://h/v1/chat/completions", "http://h"),
        ("http://h/v1/models/", "http://h"),
        ("https://h/prefix/v1", "https://h/prefix"),
        ("https://h/prefix", "https://h/prefix"),
        ("https://h/v12", "https://h/v12"),
        ("HTTPS://API.Mistral.AI/v1", "https://api.mistral.ai"),
        ("http://[::1]:8000/v1", "http://[::1]:8000"),
        (" http://h/v1 ", "http://h"),
        ("http://h/v1#fragment", "http://h"),
        ("http://h:8000/v1?profile=inline", "http://h:8000"),
    ],
)
def test_every_form_of_a_url_has_the_same_root(text, root):
    assert read(text).url == root


def test_the_query_may_name_the_profile():
    assert read("http://h/v1?profile=inline").profile == "inline"
    assert read("http://h/v1").profile is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("https://me:hunter2@h/v1", id="password"),
        pytest.param("https://hunter2@h/v1", id="user"),
        pytest.param("https://h/v1?api_key=hunter2", id="key-in-the-query"),
        pytest.param("ftp://me:hunter2@h", id="another-scheme"),
        pytest.param("http://me:hunter2@h:port/", id="no-port"),
        pytest.param("http://[hunter2/", id="no-address"),
        pytest.param("http:///hunter2", id="no-host"),
        pytest.param("http://hunter2 b/", id="blank-in-the-host"),
        pytest.param("HTTP://me:hunter2@h", id="upper-case"),
    ],
)
def test_invalid_url_is_rejected_and_not_printed(text):
    with (
        pytest.raises(UsageError) as caught,
        parse_target(text, find("targets", TargetKind)).open(),
    ):
        pytest.fail("the target was opened")

    assert "hunter2" not in str(caught.value)
    assert caught.value.exit_code == 2
