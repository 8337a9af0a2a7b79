"""The API key: the variable that holds it, and the characters it may have."""

from __future__ import annotations

import pytest

from contract.client.credentials import api_key, validate_key
from contract.client.route import Route
from contract.errors import UsageError

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
    "key",
    [
        pytest.param("sk-proj-0123456789abcdef", id="with-hyphens"),
        pytest.param("pZ3xWq8LkT5vRn2YbC7mJd4HsGf6Aa1U", id="like-a-name"),
    ],
)
@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda name: api_key(name, {}), id="api-key-env"),
        pytest.param(
            lambda name: Route.read((), [f"X-Tenant={name}"], environ={}),
            id="header-env",
        ),
    ],
)
def test_a_key_in_place_of_its_variable_is_not_shown(key, read):
    with pytest.raises(UsageError, match="-env takes the name") as caught:
        read(key)

    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        pytest.param("sk-1", "sk-1", id="plain"),
        pytest.param(" sk-1\n", "sk-1", id="with-the-line-break-of-a-file"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="none"),
    ],
)
def test_surrounding_white_space_of_a_key_is_stripped(key, kept):
    assert validate_key(key) == kept


@pytest.mark.parametrize("key", ["sk 1", "sk-\x00", "clé", "a\nb"])
def test_a_key_that_no_header_can_hold_is_rejected_and_not_printed(key):
    with pytest.raises(UsageError) as caught:
        validate_key(key)

    assert key not in str(caught.value)
