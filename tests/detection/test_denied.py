"""Denied access: the server's words come first, the advice fits them."""

from __future__ import annotations

import json

import pytest

from contract.catalog.profiles import builtin
from contract.client.route import Route
from contract.detection.denied import access_denied_reason
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.wire import Request


def reason(said, *, key=False, status=403, headers=(), route=None):
    exchange = Exchange(
        probe=Probe(name="any"),
        profile=builtin()["inline"],
        request=Request("GET", "/"),
        arrivals=(Arrival(0.0, json.dumps({"error": said}).encode() if said else b""),),
        status=status,
        headers=headers,
    )
    return access_denied_reason(
        exchange, "http://h", key=key, variable="MY_KEY", route=route or Route()
    )


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("said", "key", "words"),
    [
        pytest.param(
            "missing tenant header",
            False,
            "If a gateway wants another header, add --header 'NAME: VALUE'; for",
            id="some-header",
        ),
        pytest.param(
            "X-Tenant is required",
            False,
            "--header 'X-Tenant: VALUE', or --header-env X-Tenant=VARIABLE",
            id="named",
        ),
        pytest.param(
            "no `tenant-id` header", True, "--header 'tenant-id: VALUE'", id="quoted"
        ),
        pytest.param(
            "Missing header 'org-id'", True, "--header 'org-id: VALUE'", id="after"
        ),
        pytest.param("Invalid API key", False, "For an API key, set MY_KEY", id="key"),
        pytest.param(
            "Invalid API key", True, "Check the API key in MY_KEY", id="wrong-key"
        ),
        pytest.param("no", True, "MY_KEY was sent; check its rights", id="rights"),
        pytest.param("", False, "with an empty body", id="empty"),
    ],
)
def test_the_words_of_the_server_precede_the_advice(status, said, key, words):
    message = reason(said, key=key, status=status)

    assert message.startswith(f"http://h denies access ({status})")
    assert f'"{said}"' in message or not said
    assert words in message


def test_a_header_that_was_sent_is_not_asked_for_again():
    message = reason("X-Tenant is unknown", route=Route.read(["X-Tenant: blue"]))

    assert message.endswith("The header X-Tenant was sent; check its value.")


def test_the_scheme_of_the_challenge_counts():
    message = reason("no", headers=(("www-authenticate", "Bearer"),))

    assert "For an API key" in message


def test_other_statuses_are_no_denial():
    assert reason("no", status=404) is None
