"""Serves the mock for a block of code: the Python API's `contract.mock`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from contract.catalog.answers import Given
from contract.catalog.changes import Limits, changes_by_name, read_change, read_changes
from contract.plugins.discovery import find
from contract.targets.base import TargetKind


@contextmanager
def mock(  # noqa: PLR0913  # each is one option of the target `mock`
    dialect: str = "mistral",
    *,
    ttft: float = 0.0,
    icl: float = 0.0,
    jitter: float = 0.0,
    seed: int = 0,
    fault: str | Sequence[str] | None = None,
    quirk: str | None = None,
    when: Collection[str] = (),
    every: int = 1,
    rate: float | None = None,
    answers: Given | None = None,
    control: bool = False,
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
    and *quirk* are ids from `magistral-contract list`, or of a public breakage; a
    fault may have options (`http-429?rate=0.1`), and there may be several.
    *window* is the context window in tokens, *key* the API key to demand, *model* the
    only model to serve; *seed* makes what is random repeatable. *when* limits the fault
    to requests with these features (`contract.CONDITIONS`), *every* to every how
    many-th of them, or *rate* to a share of them. *answers* are custom ones, as a TOML
    file or as Python values (docs/mock.md). *control* lets PUT /__magistral__/faults
    change the faults. Raises `UsageError` for
    a name that does not exist.
    """
    changes = changes_by_name()
    faults = [fault] if isinstance(fault, str) else fault or ()
    kind = find("targets", TargetKind)["mock"]
    with kind.open(
        dialect,
        ttft=ttft,
        icl=icl,
        jitter=jitter,
        seed=seed,
        fault=read_changes(faults, changes, Limits(seed=seed)),
        quirk=None if quirk is None else read_change(quirk, changes, what="quirk"),
        when=",".join(when) or None,
        every=every,
        rate=rate,
        answers=answers,
        control=control,
        window=window,
        key=key or "",
        model=model,
    ) as opened:
        yield opened.url
