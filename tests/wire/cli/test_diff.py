"""`diff` fetches documents from servers, within bounds."""

from __future__ import annotations

from contract.openapi_diff.document import MOST_BYTES


def answer(status, body, *headers):
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_a_document_is_fetched_where_servers_publish_it(command, served):
    printed = command("openapi", "--dialect", "vllm").out.encode()
    answering = served(lambda c: c.socket.sendall(answer("200 OK", printed)))
    for url in (answering.url, f"{answering.url}/v1", f"{answering.url}/openapi.json"):
        done = command("diff", url, "vllm", "--header", "X-Tenant: blue")

        assert (0, "No change.\n", "") == (done.code, done.out, done.err)
    assert all(r.startswith(b"GET /openapi.json ") for r in answering.requests)
    assert all(b"X-Tenant: blue" in r for r in answering.requests)


def test_the_key_is_sent_and_never_shown(command, served, monkeypatch):
    monkeypatch.setenv("KEY", "sk-a-secret-of-this-test")
    echo = b"{'sk-a-secret-of-this-test: 1"
    answering = served(lambda c: c.socket.sendall(answer("200 OK", echo)))
    done = command("diff", "vllm", answering.url, "--api-key-env", "KEY")

    assert b"Bearer sk-a-secret-of-this-test" in answering.requests[0]
    assert (3, "") == (done.code, done.out)
    assert "is neither JSON nor YAML" in done.err
    assert "sk-a-secret" not in done.err


def test_what_is_not_answered_with_a_document_is_a_sentence(command, served):
    moved = answer("307 Moved", b"", "location: /docs/openapi.json")
    huge = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MOST_BYTES + 1)
    for script, words in (
        (answer("404 Not Found", b"{}"), "answers 404. Name the URL"),
        (answer("401 Unauthorized", b"{}"), "Give a key with --api-key-env"),
        (moved, "It redirects to /docs/openapi.json; name that URL"),
        (huge, "the body is larger than"),
        (b"", "cannot be fetched"),
    ):
        answering = served(lambda c, script=script: c.socket.sendall(script))
        done = command("diff", answering.url, "vllm")

        assert (3, "") == (done.code, done.out)
        assert words in done.err
        assert 1 == done.err.count("\n")
