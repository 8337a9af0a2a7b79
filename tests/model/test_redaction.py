"""Secrets are found however they are spelled, and nothing else is changed."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.spellings import CASES, SPELLINGS, readings

from contract.model import redaction
from contract.model.redaction import (
    Secrets,
    redact_headers,
    register_secret,
    sanitise,
)

# Its last parts look like escapes themselves.
SECRET = 'sk-Example/7f+1"9=a&b<c>%41\\u0041_0123'
SECRETS = Secrets(SECRET)


@pytest.mark.parametrize("outer", [name for name in SPELLINGS if name not in CASES])
def test_a_secret_is_masked_in_every_spelling_within_every_other(outer):
    for inner, spell in SPELLINGS.items():
        spelled = SPELLINGS[outer](spell(SECRET))
        shown = SECRETS.mask(f"bad key: {spelled}|(401)")

        assert shown.startswith("bad key: "), inner
        assert shown.endswith("|(401)"), inner
        assert "***" in shown, inner
        known = {SECRET, SECRET.upper(), SECRET.lower()}
        assert not any(k in one for one in readings(shown) for k in known), inner


def test_the_readings_of_a_spelling_contain_the_secret():
    """Otherwise the test above could not fail."""
    for outer in set(SPELLINGS) - {*CASES}:
        spelled = SPELLINGS[outer](SPELLINGS["json-of-php"](SECRET))
        found = [one for one in readings(spelled, 3) if SECRET in one]
        assert found, outer


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8),
    st.sampled_from(sorted(set(SPELLINGS) - {*CASES})),
    st.sampled_from(sorted(SPELLINGS)),
)
def test_any_secret_is_masked_in_any_spelling_within_any_other(secret, outer, inner):
    shown = Secrets(secret).mask(SPELLINGS[outer](SPELLINGS[inner](secret)))

    assert "***" in shown


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8),
    st.text(),
    st.text(),
)
def test_json_with_a_secret_stays_json(secret, before, after):
    saved = json.dumps({"a": before + secret + after, "b": [secret]})

    shown = json.loads(Secrets(secret).mask(saved))

    assert secret not in shown["b"]
    assert secret not in shown["a"] or secret in "***"


@given(st.text())
def test_without_a_secret_nothing_is_changed(text):
    assert SECRETS.mask(text) is text
    assert SECRETS.mask_bytes(text.encode(errors="replace")) == text.encode(
        errors="replace"
    )
    assert Secrets().mask(SECRET) is SECRET


def test_what_begins_in_an_escape_is_masked_with_it():
    secrets = Secrets("newsecret1", "amp;12345678")

    assert secrets.mask(r'{"a": "b\newsecret1"}') == '{"a": "b***"}'
    assert secrets.mask(r'{"a": "b\\newsecret1"}') == r'{"a": "b\\***"}'
    assert secrets.mask("<a>&amp;12345678</a>") == "<a>***</a>"


def test_bytes_keep_their_number():
    body = json.dumps({"é": f"key {SECRET}!"}).replace("/", "\\/").encode()

    shown = SECRETS.mask_bytes(body)

    assert len(shown) == len(body)
    assert set(json.loads(shown)["é"].removeprefix("key ").removesuffix("!")) == {"*"}


@pytest.mark.parametrize("spelling", ["verbatim", "json-of-numbers", "percent"])
def test_a_secret_that_is_divided_between_deltas_is_masked(spelling):
    pieces = re.findall(".{1,5}", "the key " + SPELLINGS[spelling](SECRET) + " is bad")
    deltas = [json.dumps({"id": "x", "delta": {"content": one}}) for one in pieces]
    stream = "".join(f"data: {one}\n\n" for one in deltas).encode()

    shown = SECRETS.mask_bytes(stream, stream=True)
    text = "".join(
        json.loads(e[6:])["delta"]["content"] for e in shown.split(b"\n\n")[:-1]
    )

    assert len(shown) == len(stream)
    assert re.fullmatch(r"the key \*+ is bad", text)


@pytest.mark.parametrize("length", [262_100, 262_144, 524_000])
def test_a_secret_is_found_where_long_text_is_cut_into_parts(length):
    spelled = SPELLINGS["json-of-numbers"](SECRET)

    assert SECRETS.mask("a " * (length // 2) + spelled).endswith("a ***")


def test_a_secret_that_an_ellipsis_cuts_off_is_masked():
    assert SECRETS.mask(f"bad key {SECRET[:20]}…, {SECRET[:7]}…") == (
        f"bad key ***…, {SECRET[:7]}…"
    )
    assert SECRETS.mask(f"… {SECRET[:9]}") == f"… {SECRET[:9]}"
    assert SECRETS.mask(f"… {SECRET}") == "… ***"


@pytest.mark.parametrize("spelling", ["verbatim", "json-of-php", "base64"])
@pytest.mark.parametrize(
    "part",
    [
        pytest.param(slice(None, -1), id="last-is-missing"),
        pytest.param(slice(1, None), id="first-is-missing"),
        pytest.param(slice(4, -4), id="ends-are-missing"),
    ],
)
def test_a_long_secret_that_was_cut_is_masked(part, spelling):
    spell = SPELLINGS[spelling]

    shown = SECRETS.mask(f"bad key: {spell(SECRET[part])}|")

    assert shown.startswith("bad key: ***")
    assert not any(SECRET[8:24] in one for one in readings(shown))


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        pytest.param("mistral-small-team", "mistral-small-2509", id="short"),
        pytest.param(SECRET, SECRET[:20], id="half"),
        pytest.param("sk-" + "x" * 12, "x" * 12, id="no-part-of-a-short-one"),
    ],
)
def test_text_that_shares_some_characters_with_a_secret_stays(secret, text):
    assert Secrets(secret).mask(text) == text


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=16),
    st.data(),
)
def test_most_of_any_long_secret_is_found_anywhere(secret, data):
    least = max(redaction.MIN_PART, -(-3 * len(secret) // 4))
    start = data.draw(st.integers(0, len(secret) - least))
    part = secret[start : data.draw(st.integers(start + least, len(secret)))]

    assert part not in Secrets(secret).mask(f"\x00{part}\x00")


def test_a_placeholder_is_no_secret():
    secrets = Secrets("EMPTY", "", "1234567")
    secrets.register(None)

    assert secrets.values == ()
    assert secrets.mask("EMPTY 1234567") == "EMPTY 1234567"


def test_secrets_are_forgotten_at_the_end_of_a_scope():
    secrets = Secrets("one-secret")
    with secrets.scope():
        secrets.register("another-secret", "one-secret")
        assert secrets.mask("one-secret, another-secret") == "***, ***"

    assert secrets.mask("one-secret, another-secret") == "***, another-secret"


def test_text_of_a_server_is_masked_and_inert():
    with redaction.SECRETS.scope():
        register_secret(SECRET)
        shown = sanitise(f"::error::\n{SECRET}\x1b")

    assert shown == "\\x3a:error::\\n***\\x1b"


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        pytest.param("token-12345", ["token-12345"], id="bare"),
        pytest.param(
            "Token token-12345", ["Token token-12345", "token-12345"], id="scheme"
        ),
        pytest.param(
            f"Basic {base64.b64encode(b'somebody:pass-word').decode()}",
            ["somebody:pass-word", "pass-word"],
            id="basic",
        ),
        pytest.param("Basic not~base64~", ["not~base64~"], id="no-base64"),
    ],
)
def test_the_parts_of_a_header_are_secrets(value, parts):
    secrets = Secrets()
    secrets.register_header(value)

    assert {*parts} <= {*secrets.values}


@dataclass(frozen=True)
class Value:
    text: str
    more: tuple[str, ...] = ()
    number: int = 0


def test_every_text_in_a_value_is_masked():
    clean = {"a": Value("x", ("y",)), "b": [1, None]}
    leaky = {SECRET: Value(SECRET, ("y", escape(SECRET)), 3), "b": [SECRET]}

    assert SECRETS.mask_deep(clean) is clean
    assert SECRETS.mask_deep(leaky) == {
        "***": Value("***", ("y", "***"), 3),
        "b": ["***"],
    }


def test_credentials_are_redacted_in_headers():
    headers = (
        ("authorization", "Bearer x"),
        ("set-cookie", "a=b"),
        ("x-api-key", "short"),
        ("x-echo", f"you sent {SECRET}"),
        ("x-ok", "fine"),
    )

    assert redact_headers(headers, SECRETS) == (
        ("authorization", "***"),
        ("set-cookie", "***"),
        ("x-api-key", "***"),
        ("x-echo", "you sent ***"),
        ("x-ok", "fine"),
    )


def test_the_places_of_a_secret_are_named_once():
    headers = [("x-debug", f"key {SECRET}"), ("x-debug", SECRET), ("server", "nginx")]
    encoded = SECRET.encode()

    assert SECRETS.places(headers, [b"a", b"b"]) == ("header x-debug",)
    # A secret may be divided between reads.
    assert SECRETS.places([], [b"a" + encoded[:5], encoded[5:]]) == ("body",)
    assert SECRETS.places(headers[2:], [b"nothing"]) == ()


def test_a_short_key_may_be_a_word_of_a_text_and_has_no_place():
    assert Secrets("magistral").places([("x", "magistral")], [b"magistral"]) == ()
