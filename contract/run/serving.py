"""Serves the mock for a block of code: the Python API's `contract.mock`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from contract.errors import UsageError
from contract.plugins.discovery import find, suggestion
from contract.run.opening import reply_changes
from contract.targets.base import TargetKind


@contextmanager
def mock(  # noqa: PLR0913  # each is one option of the target `mock`
    dialect: str = "mistral",
    *,
    ttft: float = 0.0,
    icl: float = 0.0,
    jitter: float = 0.0,
    seed: int = 0,
    fault: str | None = None,
    quirk: str | None = None,
    when: Collection[str] = (),
    every: int = 1,
    window: int | None = None,
    key: str | None = None,
    model: str | None = None,
) -> Iterator[str]:
    """
    Serve the mock of *dialect* on a free port of 127.0.0.1; yield its root URL.

    Usage::

        with contract.mock("vllm", fault="field-renamed", ttft=0.08) as url:
            my_client(url + "/v1").ask("What is 6 times 7?")

    *dialect* is a profile's id or alias. *ttft*, *icl* and *jitter* are seconds: until
    the first text, between two pieces of text, and how much the latter varies. *fault*
    and *quirk* are ids from `magistral-contract list`, or of a public breakage.
    *window* is the context window in tokens, *key* the API key to demand, *model* the
    only model to serve; *seed* makes what is random repeatable. *when* limits the fault
    to requests with these features (`contract.CONDITIONS`), *every* to every how
    many-th of them. Raises `UsageError` for
    a name that does not exist.
    """
    changes = reply_changes()
    for what, name in (("fault", fault), ("quirk", quirk)):
        if name is not None and name not in changes:
            raise UsageError(f"Unknown {what} {name!r}{suggestion(name, changes)}")
    kind = find("targets", TargetKind)["mock"]
    with kind.open(
        dialect,
        ttft=ttft,
        icl=icl,
        jitter=jitter,
        seed=seed,
        fault=None if fault is None else changes[fault],
        quirk=None if quirk is None else changes[quirk],
        when=",".join(when) or None,
        every=every,
        window=window,
        key=key or "",
        model=model,
    ) as opened:
        yield opened.url
