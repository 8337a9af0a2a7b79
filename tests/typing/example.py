"""The recipes of the documentation, type-checked by `mypy` with the package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import contract
from contract import (
    Capability,
    Exchange,
    Finding,
    Findings,
    Limits,
    NotApplicable,
    Opened,
    Probe,
    Reply,
    Report,
    check,
    fault,
    probes,
    quirk,
    reporter,
    target,
)

HELLO = Probe(name="example-hello", messages=(probes.user("Say hello."),), stream=True)


@check(
    "example.says-hello",
    "A stream MUST hold an answer.",
    source="house rule of the example",
    sends=HELLO,
    needs={Capability.STREAMING},
)
def says_hello(exchange: Exchange) -> Findings:
    """Judge one exchange: yield a finding for each departure."""
    if not exchange.streamed:
        raise NotApplicable("the response is not a stream")
    if not exchange.answer:
        yield Finding("the answer is empty", expected="text", actual="none")


@fault(breaks=says_hello)
def says_nothing(reply: Reply) -> Reply:
    """A proxy sends the headers and no body."""
    return reply.with_frames(())


@quirk
def says_it_slowly(reply: Reply) -> Reply:
    """RFC 9110 sets no bound on how long a response may take."""
    return reply


@reporter("example", suffix=".txt")
def example(report: Report) -> str:
    """One line a result."""
    return "\n".join(f"{r.check.id}: {r.outcome}" for r in report.results)


@target("example")
@contextmanager
def elsewhere(argument: str, *, port: int = 8000) -> Iterator[Opened]:
    """A server whose host is the argument."""
    yield Opened(f"http://{argument}:{port}")


def verify_and_count() -> int:
    """The number of failures of one run."""
    report = contract.verify(
        "mock:vllm",
        select="streaming",
        ignore=["*.ids-*"],
        budget={"ttft": 1.5},
        limits=Limits(total=60.0),
        strict=True,
    )
    outcomes = [result.outcome for result in report.results]
    return outcomes.count(contract.Outcome.FAIL)


def replay_again() -> int:
    """The exit code of a recording."""
    return contract.replay("recording", select=["usage"], slow=True).exit_code


def got_worse() -> list[str]:
    """The checks that got worse between two recordings."""
    found = contract.compare("before", "after", select="latency", budget={"ttft": 1.5})
    return [name for one in found for name in one.changes[contract.Change.WORSE]]


def against_the_mock(client: Callable[[str], str]) -> str:
    """What a client makes of a broken provider."""
    with contract.mock("vllm", fault="field-renamed", ttft=0.08) as url:
        return client(url + "/v1")
