from __future__ import annotations

import pytest

from contract.mock_server.hosts import is_local_host, is_loopback_address


@pytest.mark.parametrize(
    "host",
    [
        *("", "localhost", "LOCALHOST:8700", "127.0.0.1:8700", "127.8.8.8", "[::1]:80"),
        *("::1", "10.0.0.1", "mock", "mock:8700", "a.localhost", "llm.test:80"),
        *("host.docker.internal", "localhost."),
    ],
)
def test_what_no_page_on_the_internet_can_have_is_local(host):
    assert is_local_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8700",
        "localhost.evil.example",
        "a.b.",
        "1.2.3.4.5",
    ],
)
def test_a_domain_is_not(host):
    assert not is_local_host(host)
    assert is_local_host(
        host, [host.rpartition(":")[0].rstrip(".") or host.rstrip(".")]
    )


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.0.2.1", False)],
)
def test_an_address_of_this_machine_alone_is_loopback(address, loopback):
    assert is_loopback_address(address) is loopback
