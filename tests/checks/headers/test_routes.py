"""Whatever is asked, the server stands."""

from __future__ import annotations

import pytest
from rehearsal import judged

from contract.checks.headers import routes

ORIGIN = ("access-control-allow-origin", routes.STRANGER)
CREDENTIALS = ("access-control-allow-credentials", "True")


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (200, "pass", "pass"),
        (404, "pass", "pass"),
        (501, "pass", "fail"),
        (500, "fail", "fail"),
    ],
)
def test_only_an_unknown_method_may_be_not_implemented(answer, status, method, path):
    methods = [answer(probe, status) for probe in routes.METHODS]
    paths = [answer(probe, status) for probe in routes.PATHS]

    assert method == judged(routes.any_method, *methods).word
    assert path == judged(routes.any_path, *paths).word
    assert path == judged(routes.head_is_no_failure, answer(routes.HEAD, status)).word


@pytest.mark.parametrize(
    ("status", "headers", "word"),
    [
        pytest.param(204, (ORIGIN,), "pass", id="allowed"),
        pytest.param(401, (ORIGIN,), "fail", id="allowed-and-refused"),
        pytest.param(401, (), "skip", id="not-allowed"),
        pytest.param(405, ((ORIGIN[0], ""),), "skip", id="empty"),
    ],
)
def test_a_preflight_that_allows_succeeds(answer, status, headers, word):
    seen = answer(routes.PREFLIGHT, status, headers=headers)

    assert word == judged(routes.preflight_is_consistent, seen).word


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        pytest.param((ORIGIN,), "pass", id="origin"),
        pytest.param((ORIGIN, CREDENTIALS), "fail", id="with-credentials"),
        # Browsers refuse this pair by themselves.
        pytest.param(((ORIGIN[0], "*"), CREDENTIALS), "pass", id="any-origin"),
        pytest.param((CREDENTIALS,), "skip", id="no-origin"),
    ],
)
def test_an_echoed_origin_gets_no_credentials(answer, headers, word):
    seen = answer(routes.PREFLIGHT, 200, headers=headers)

    assert word == judged(routes.strangers_get_no_credentials, seen).word
