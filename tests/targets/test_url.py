"""Tests of targets by URL, of API keys and of loopback addresses."""

from __future__ import annotations

import pytest

from contract.client.credentials import api_key
from contract.errors import UsageError
from contract.model.address import is_local, is_unencrypted
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


BOTH = {"MISTRAL_API_KEY": "m", "OPENAI_API_KEY": "o", "MINE": "x"}


@pytest.mark.parametrize(
    ("variable", "environ", "found"),
    [
        pytest.param(None, BOTH, ("m", "MISTRAL_API_KEY"), id="mistral-first"),
        pytest.param(
            None, {"OPENAI_API_KEY": "o"}, ("o", "OPENAI_API_KEY"), id="then-openai"
        ),
        pytest.param(
            None, {"MISTRAL_API_KEY": ""}, (None, "MISTRAL_API_KEY"), id="empty-is-none"
        ),
        pytest.param(None, {}, (None, "MISTRAL_API_KEY"), id="none"),
        pytest.param("MINE", BOTH, ("x", "MINE"), id="given-first"),
    ],
)
def test_a_key_comes_from_the_given_or_a_default_variable(variable, environ, found):
    assert api_key(variable, environ) == found


def test_a_given_variable_must_be_set():
    with pytest.raises(UsageError, match="MINE is not set"):
        api_key("MINE", {"MINE": ""})


@pytest.mark.parametrize(
    ("root", "unencrypted"),
    [
        ("http://10.0.0.1:8000", True),
        ("https://10.0.0.1:8000", False),
        ("http://127.0.0.1:8000", False),
        ("http://localhost", False),
        ("http://[::1]:1", False),
    ],
)
def test_plain_http_is_unencrypted_except_on_loopback(root, unencrypted):
    assert is_unencrypted(root) is unencrypted


@pytest.mark.parametrize(
    ("root", "local"),
    [
        ("http://localhost:8000", True),
        ("https://127.0.0.1", True),
        ("http://[::1]:1", True),
        ("http://localhost.example", False),
        ("https://api.mistral.ai", False),
    ],
)
def test_loopback_is_local(root, local):
    assert is_local(root) is local
