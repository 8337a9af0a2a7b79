from __future__ import annotations

import gzip
import zlib
from dataclasses import replace

import pytest
from support.rehearsal import verdict_on

from contract.checks.transport.encodings import encoding_is_true
from contract.model.probes import SUM_WHOLE


@pytest.mark.parametrize(
    ("coding", "body", "word"),
    [
        ("gzip", gzip.compress(b"{}", mtime=0), "pass"),
        ("x-gzip", gzip.compress(b"{}", mtime=0), "pass"),
        ("deflate", zlib.compress(b"{}"), "pass"),
        ("gzip", b"{}", "fail"),
        ("deflate", b"{}", "fail"),
        ("gzip", b"", "skip"),
        ("br", b"{}", "fail"),
        ("zstd", b"data: {}", "fail"),
        ("br", b"\x8b\x00\x80", "skip"),
        ("identity", b"{}", "skip"),
        ("", b"{}", "skip"),
        ("", gzip.compress(b"{}", mtime=0), "fail"),
        ("", b"\x28\xb5\x2f\xfd\x00\x00", "fail"),
    ],
)
def test_a_body_must_have_its_encoding(answer, coding, body, word):
    seen = replace(
        answer(SUM_WHOLE, 200, body), headers=(("content-encoding", coding),)
    )

    assert verdict_on(encoding_is_true, seen).word == word
