"""Route checks: methods, paths, HEAD requests and preflights."""

from __future__ import annotations

import pytest
from support.rehearsal import verdict_on

from contract.checks.headers import routes

ORIGIN = ("access-control-allow-origin", routes.FOREIGN_ORIGIN)
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
def test_only_an_unsupported_method_may_get_a_501(answer, status, method, path):
    methods = [answer(probe, status) for probe in routes.METHODS]
    paths = [answer(probe, status) for probe in routes.PATHS]

    assert method == verdict_on(routes.any_method, *methods).word
    assert path == verdict_on(routes.any_path, *paths).word
    assert (
        path == verdict_on(routes.head_is_no_failure, answer(routes.HEAD, status)).word
    )


@pytest.mark.parametrize(
    ("status", "headers", "word"),
    [
        pytest.param(204, (ORIGIN,), "pass", id="allowed"),
        pytest.param(401, (ORIGIN,), "fail", id="allowed-but-rejected"),
        pytest.param(401, (), "skip", id="not-allowed"),
        pytest.param(405, ((ORIGIN[0], ""),), "skip", id="empty"),
    ],
)
def test_a_preflight_that_allows_the_origin_must_succeed(answer, status, headers, word):
    exchange = answer(routes.PREFLIGHT, status, headers=headers)

    assert word == verdict_on(routes.preflight_is_consistent, exchange).word


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        pytest.param((ORIGIN,), "pass", id="origin"),
        pytest.param((ORIGIN, CREDENTIALS), "fail", id="with-credentials"),
        # Browsers reject this combination themselves.
        pytest.param(((ORIGIN[0], "*"), CREDENTIALS), "pass", id="any-origin"),
        pytest.param((CREDENTIALS,), "skip", id="no-origin"),
    ],
)
def test_an_echoed_origin_must_not_allow_credentials(answer, headers, word):
    exchange = answer(routes.PREFLIGHT, 200, headers=headers)

    assert word == verdict_on(routes.strangers_get_no_credentials, exchange).word
