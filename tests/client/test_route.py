"""Further headers and proxies: what is accepted, what is said, what is hidden."""

from __future__ import annotations

import json

import pytest

from contract.client.route import HEADERS, Route, default_variable, masked_proxy
from contract.errors import UsageError

SECRET = "a-secret-of-the-gateway"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        pytest.param("X-Tenant: blue", "X-Tenant", "blue", id="plain"),
        pytest.param("x-tenant:blue", "x-tenant", "blue", id="without-a-space"),
        pytest.param("X-Url: http://h:1/a", "X-Url", "http://h:1/a", id="more-colons"),
        pytest.param(
            "Authorization: Basic eA==", "Authorization", "Basic eA==", id="b"
        ),
    ],
)
def test_a_header_is_a_name_and_a_value(text, name, value):
    (header,) = Route.read([text]).headers

    assert (header.name, header.value) == (name, value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(SECRET, "has no colon", id="no-colon"),
        pytest.param(f"X Tenant: {SECRET}", "letters, digits and hyphens", id="space"),
        pytest.param(f": {SECRET}", "letters, digits and hyphens", id="no-name"),
        pytest.param("X-Tenant:", "has no value", id="no-value"),
        pytest.param(f"X-A: {SECRET}\r\nX-B: 1", "control character", id="injection"),
        pytest.param(f"X-A: {SECRET}\x00", "control character", id="null"),
        pytest.param(f"X-A: {SECRET}ü", "not ASCII", id="not-ascii"),
        pytest.param(f"Content-Length: {SECRET}", "sets the header", id="length"),
        pytest.param(f"HOST: {SECRET}", "sets the header", id="any-case"),
        pytest.param(f"authorization: bearer {SECRET}", "MISTRAL_API_KEY", id="key"),
    ],
)
def test_what_cannot_be_sent_is_refused_without_its_value(text, words):
    with pytest.raises(UsageError, match=words) as raised:
        Route.read([text])

    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("X-Tenant", "takes the name of a header", id="no-variable"),
        pytest.param(f"X-Tenant: {SECRET}", "takes the name of a header", id="value"),
        pytest.param("X-Tenant=TENANT", "TENANT.* is not set", id="unset"),
    ],
)
def test_a_variable_has_to_hold_the_value(text, words):
    with pytest.raises(UsageError, match=words) as raised:
        Route.read(from_variables=[text], environ={})

    assert SECRET not in str(raised.value)


def test_a_value_comes_from_the_environment_and_is_not_repeated():
    route = Route.read(from_variables=["X-Tenant=TENANT"], environ={"TENANT": SECRET})

    assert route.secrets == (SECRET,)
    assert route.words == ("--header-env", "X-Tenant=TENANT")
    assert route.curl_headers == (("x-tenant", "TENANT"),)
    assert SECRET not in f"{route} {route.notes}"


def test_a_repeated_command_reads_a_typed_value_from_a_variable():
    route = Route.read([f"X-Tenant.Id: {SECRET}"])

    assert route.words == ("--header-env", "X-Tenant.Id=X_TENANT_ID")
    assert default_variable("...") == "HEADER"


def test_a_header_is_given_once():
    with pytest.raises(UsageError, match="given twice"):
        Route.read(["X-A: 1", "x-a: 2"])


def test_two_values_for_authorization_are_refused():
    route = Route.read(["Authorization: Basic eA=="])

    route.ensure_one_key(None)
    with pytest.raises(UsageError, match="MY_KEY holds an API key"):
        route.ensure_one_key("MY_KEY")


@pytest.mark.parametrize("name", ["Accept", "User-Agent", "X-Ai-Eg-Model"])
def test_values_that_responses_contain_anyway_are_not_masked(name):
    assert Route.read([f"{name}: text/event-stream"]).secrets == ()


@pytest.mark.parametrize(
    ("url", "environ", "expected", "words"),
    [
        pytest.param("http://h", {}, None, "", id="none"),
        pytest.param(
            "http://h",
            {"HTTP_PROXY": "http://p:1"},
            "http://p:1",
            "HTTP_PROXY",
            id="upper",
        ),
        pytest.param(
            "http://h",
            {"http_proxy": "p:1"},
            "http://p:1",
            "(http_proxy)",
            id="no-scheme",
        ),
        pytest.param(
            "https://h", {"HTTP_PROXY": "http://p:1"}, None, "", id="other-scheme"
        ),
        pytest.param(
            "https://h",
            {"ALL_PROXY": "http://p:1"},
            "http://p:1",
            "ALL_PROXY",
            id="all",
        ),
        pytest.param("http://h", {"HTTP_PROXY": ""}, None, "", id="empty"),
        pytest.param(
            "http://127.0.0.1:8",
            {"HTTP_PROXY": "http://p:1"},
            None,
            "this machine",
            id="loopback",
        ),
        pytest.param(
            "http://127.8.9.1:8",
            {"HTTP_PROXY": "http://p:1"},
            None,
            "this machine",
            id="loopback-net",
        ),
        pytest.param(
            "http://[::1]:8",
            {"ALL_PROXY": "http://p:1"},
            None,
            "this machine",
            id="loopback-6",
        ),
        pytest.param(
            "http://a.b.c",
            {"HTTP_PROXY": "http://p:1", "NO_PROXY": "x,.b.c"},
            None,
            "NO_PROXY exempts a.b.c",
            id="domain",
        ),
        pytest.param(
            "http://b.c",
            {"HTTP_PROXY": "http://p:1", "NO_PROXY": "b.c"},
            None,
            "exempts",
            id="host",
        ),
        pytest.param(
            "http://ab.c",
            {"HTTP_PROXY": "http://p:1", "NO_PROXY": "b.c"},
            "http://p:1",
            "went",
            id="not-a-suffix",
        ),
        pytest.param(
            "http://10.1.2.3",
            {"HTTP_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"},
            None,
            "exempts",
            id="network",
        ),
        pytest.param(
            "http://b.c:80",
            {"HTTP_PROXY": "http://p:1", "NO_PROXY": "b.c:81"},
            "http://p:1",
            "went",
            id="other-port",
        ),
        pytest.param(
            "http://b.c",
            {"HTTP_PROXY": "http://p:1", "NO_PROXY": "b.c:80"},
            None,
            "exempts",
            id="default-port",
        ),
        pytest.param(
            "http://b.c",
            {"HTTP_PROXY": "http://p:1", "no_proxy": "*"},
            None,
            "no_proxy",
            id="everything",
        ),
    ],
)
def test_the_environment_names_the_proxy(monkeypatch, url, environ, expected, words):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    proxy = Route().proxy_for(url)

    assert proxy.url == expected
    assert words in proxy.note
    assert bool(words) == bool(proxy.note)


def test_the_option_outranks_the_environment_but_not_loopback(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://other:1")
    monkeypatch.setenv("NO_PROXY", "*")
    route = Route.read(proxy="http://p:1")

    assert route.proxy_for("http://h").url == "http://p:1"
    assert route.proxy_for("http://localhost:1").url is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("socks5://p:1", "SOCKS", id="socks"),
        pytest.param("ftp://p:1", "is not a URL", id="scheme"),
        pytest.param("http://", "is not a URL", id="no-host"),
        pytest.param(f"http://u:{SECRET}@p:port", "is not a URL", id="port"),
        pytest.param(f"http://u:{SECRET}@p q", "is not a URL", id="space"),
    ],
)
def test_a_wrong_proxy_is_refused_without_its_password(text, words):
    with pytest.raises(UsageError, match=words) as raised:
        Route.read(proxy=text)

    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"http://u:{SECRET}@[::1", id="address"),
        pytest.param(f"http://u:a/{SECRET}@p:1", id="slash"),
        pytest.param(f"u:{SECRET}@p:port", id="port"),
    ],
)
def test_a_proxy_of_the_environment_that_is_no_url_is_refused(monkeypatch, url):
    monkeypatch.setenv("http_proxy", url)
    route = Route()

    assert any(SECRET in secret for secret in route.secrets)
    with pytest.raises(UsageError, match="http_proxy is not a URL") as caught:
        route.proxy_for("http://h")
    assert SECRET not in str(caught.value)


def test_the_password_of_a_proxy_is_hidden_in_every_spelling(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:p%40ss-of-me@p:1")
    route = Route()
    proxy = route.proxy_for("https://h")

    assert {"p%40ss-of-me", "p@ss-of-me"} < {*route.secrets}
    assert "ss-of-me" not in f"{proxy} {proxy.note} {proxy.name}"
    assert masked_proxy("http://me:x@p:1/") == "http://***@p:1"


def test_a_child_process_gets_the_same_route(monkeypatch):
    route = Route.read([f"X-Tenant: {SECRET}"], proxy="http://p:1")
    for name, value in route.environment.items():
        monkeypatch.setenv(name, value)
    child = Route.from_environment()

    assert json.loads(route.environment[HEADERS]) == [["X-Tenant", SECRET]]
    assert child.headers == route.headers
    assert child.proxy_for("https://h").url == "http://p:1"
    assert child.proxy_for("http://localhost").url is None
