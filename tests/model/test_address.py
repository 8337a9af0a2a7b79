"""Addresses on this machine, and keys that would cross a network unencrypted."""

from __future__ import annotations

import pytest

from contract.model.address import is_local, is_unencrypted


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
