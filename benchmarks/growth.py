"""
Prints the peak memory of judging a number of large answers of a local server.

Usage: `python benchmarks/growth.py ANSWERS MEGABYTES`. It prints the bytes received and
the peak of this process beyond what it had after one small answer. The server is a
process of its own.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from peak import peak

from contract.catalog.profiles import builtin
from contract.client.session import Session
from contract.model.check import Check, Finding, Findings, check
from contract.model.exchange import Exchange
from contract.model.probe import repeat
from contract.model.probes import SUM_WHOLE
from contract.plugins.discovery import find
from contract.run.runner import judge_all

MODEL = "magistral-small-2509"


def answer(megabytes: int) -> bytes:
    """A whole chat response whose content has that size."""
    message = {"role": "assistant", "content": "well " * (megabytes * 2**20 // 5)}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_758_153_600,
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
        }
    ).encode()


def serve(megabytes: int, port: Connection) -> None:
    """Answer every chat with the same body; run in a process of its own."""
    body = answer(megabytes)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.send(server.server_port)
    server.serve_forever()


def main(answers: int, megabytes: int) -> None:
    here, there = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=serve, args=(megabytes, there))
    server.start()

    @check(
        "growth.answers-have-text",
        "An answer MUST have text.",
        source="this benchmark",
        sends=repeat(SUM_WHOLE, answers),
    )
    def answers_have_text(*exchanges: Exchange) -> Findings:
        for exchange in exchanges:
            if not exchange.answer:
                yield Finding("there is no text")

    invariants = (
        replace(one, sends=(), combined=())
        for one in find("checks", Check).values()
        if one.every is not None
    )
    try:
        url = f"http://127.0.0.1:{here.recv()}"
        with Session(url, builtin()["vllm-0.32"], MODEL) as session:
            Path("/proc/self/clear_refs").write_text("5")  # the peak starts again
            before = peak()
            results = [*judge_all((answers_have_text, *invariants), session, url)]
    finally:
        server.kill()
        server.join()
    received = sum(exchange.size for exchange in session.exchanges())
    judged = sum(result.tally is not None for result in results)
    print(received, peak() - before, judged)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
