"""
Proves that an LLM chat endpoint keeps its contract.

Verify an endpoint from Python::

    import contract

    report = contract.verify("http://127.0.0.1:8000/v1", select="streaming")
    assert report.exit_code == 0

Everything in `__all__` is public; all other modules may change between releases.
"""

from __future__ import annotations

from importlib import import_module

from contract._version import __version__

# As in `typing`, whose import alone would take as long as all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from contract import errors
    from contract.client.timeouts import Limits
    from contract.errors import (
        CheckError,
        ContractError,
        SpecError,
        TargetError,
        UsageError,
    )
    from contract.model import probes
    from contract.model.chat import (
        Image,
        Message,
        Options,
        Piece,
        PieceKind,
        Text,
        Thinking,
        Tool,
        ToolCall,
    )
    from contract.model.check import (
        Check,
        Fault,
        Finding,
        Findings,
        Level,
        NotApplicable,
        Quirk,
        Scope,
        check,
        fault,
        quirk,
    )
    from contract.model.conditions import CONDITIONS
    from contract.model.dialect import Dialect
    from contract.model.exchange import End, Exchange
    from contract.model.probe import Fill, Patch, Probe, repeat
    from contract.model.profile import Budget, Capability, Profile
    from contract.model.provider import Evidence, Fingerprint, Match, Provider
    from contract.model.provider import define as provider
    from contract.model.reply import Frame, Reply
    from contract.model.rules import Rules
    from contract.reporters.base import Reporter, reporter
    from contract.run.compare import Change, Comparison
    from contract.run.reading import read_report
    from contract.run.report import Header, Outcome, Report, Result, Tally
    from contract.run.serving import mock
    from contract.targets.base import Opened, target

__all__ = [  # noqa: RUF022  # grouped by what they are for
    # Run: judge an endpoint or a recording, compare two runs, or serve the mock.
    "compare",
    "mock",
    "CONDITIONS",
    "read_report",
    "replay",
    "verify",
    # Results.
    "Change",
    "Comparison",
    "Header",
    "Outcome",
    "Report",
    "Result",
    "Tally",
    # Options of a run.
    "Budget",
    "Capability",
    "Limits",
    "Profile",
    # Write a check: the decorator, what it sends, what it judges, what it yields.
    "check",
    "Check",
    "Scope",
    "Level",
    "Finding",
    "Findings",
    "NotApplicable",
    "probes",
    "Probe",
    "Message",
    "Text",
    "Thinking",
    "Image",
    "Tool",
    "ToolCall",
    "Options",
    "Patch",
    "Fill",
    "repeat",
    "Exchange",
    "End",
    "Piece",
    "PieceKind",
    # Prove a check: faults that break it, quirks that must not.
    "fault",
    "Fault",
    "quirk",
    "Quirk",
    "Reply",
    "Frame",
    # Other extension points: targets, reporters, providers.
    "target",
    "Opened",
    "reporter",
    "Reporter",
    "provider",
    "Provider",
    "Dialect",
    "Rules",
    "Fingerprint",
    "Evidence",
    "Match",
    # Errors, each with the exit code of the command line.
    "errors",
    "ContractError",
    "CheckError",
    "SpecError",
    "TargetError",
    "UsageError",
    "__version__",
]

# The module of each public name. Names are imported when they are first used, so that
# `import contract` costs nothing in a test suite that never verifies.
_HOMES = {
    name: module
    for module, names in {
        "contract.client.timeouts": "Limits",
        "contract.errors": "CheckError ContractError SpecError TargetError UsageError",
        "contract.model.chat": (
            "Image Message Options Piece PieceKind Text Thinking Tool ToolCall"
        ),
        "contract.model.check": (
            "Check Fault Finding Findings Level NotApplicable Quirk Scope check fault "
            "quirk"
        ),
        "contract.model.conditions": "CONDITIONS",
        "contract.model.dialect": "Dialect",
        "contract.model.exchange": "End Exchange",
        "contract.model.probe": "Fill Patch Probe repeat",
        "contract.model.profile": "Budget Capability Profile",
        "contract.model.provider": "Evidence Fingerprint Match Provider",
        "contract.model.reply": "Frame Reply",
        "contract.model.rules": "Rules",
        "contract.reporters.base": "Reporter reporter",
        "contract.run.compare": "Change Comparison",
        "contract.run.reading": "read_report",
        "contract.run.report": "Header Outcome Report Result Tally",
        "contract.run.serving": "mock",
        "contract.targets.base": "Opened target",
    }.items()
    for name in names.split()
}
# Modules, and names that are called otherwise at home.
_MODULES = {"errors": "contract.errors", "probes": "contract.model.probes"}
_RENAMED = {"provider": ("contract.model.provider", "define")}


def verify(  # noqa: PLR0913  # each is one option of the command line
    target: str,
    *,
    select: str | Iterable[str] = (),
    ignore: str | Iterable[str] = (),
    slow: bool = False,
    thorough: bool = False,
    strict: bool = False,
    profile: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
    model: str | None = None,
    key_env: str | None = None,
    limits: Limits | None = None,
    retry_budget: float = 60.0,
    concurrency: int | None = None,
    max_requests: int | None = None,
    within: float | None = None,
    context_window: int | None = None,
    budget: Mapping[str, float] | None = None,
    offers: Iterable[Capability] = (),
    seed: int | None = None,
    max_examples: int | None = None,
    trust_plugins: bool = False,
    headers: Mapping[str, str] | None = None,
    proxy: str | None = None,
) -> Report:
    """
    Judge *target* by every check that applies to it, and return the report.

    Usage::

        report = contract.verify("http://127.0.0.1:8000/v1", select=["usage", "*.id*"])
        for result in report.results:
            print(result.check.id, result.outcome)

    Parameters, all optional but the first:

    - *target*: a URL, or `kind:argument?options` as on the command line (`mock:vllm`).
    - *select*, *ignore*: ids of checks, families, or patterns with `*`; one or several.
    - *slow*: judge slow checks too. *strict*: a SHOULD that fails fails the run.
    - *thorough*: send each check's own requests, none that stands for several.
    - *profile*: the id of what the target promises; detected when left out.
      *profiles*: all that may be chosen, by id; the built-in ones when left out.
    - *model*: the model to request; by default the first one listed.
    - *key_env*: the environment variable that holds the API key; by default
      MISTRAL_API_KEY, then OPENAI_API_KEY.
    - *limits*: seconds and bytes that one request may take. *retry_budget*: seconds
      to wait for in all where the target limits the rate of requests; 0 repeats none.
    - *concurrency*: requests at a time. *max_requests*: requests in all, without those
      that are repeated after a rate limit. *within*: seconds for the run; what finds
      most is asked first, and what does not fit is skipped.
    - *context_window*: tokens, in place of the profile's.
    - *budget*: latency budgets by name (`ttft`, `icl_p95`, …), in seconds.
    - *offers*: capabilities to hold the target to as well.
    - *seed*, *max_examples*: of the requests that properties draw.
    - *trust_plugins*: run third-party checks that no fault has been shown to break.
    - *headers*: further headers of each request, such as `{"X-Tenant": "blue"}`; their
      values are masked like a key. *proxy*: the URL of an HTTP proxy; by default that
      of the environment.

    Raises `UsageError` for wrong arguments and `TargetError` for a target that cannot
    be reached or does not answer as an API.
    """
    from contract.client.route import Route
    from contract.run.arguments import ensure_headers
    from contract.run.opening import open_target
    from contract.run.report import Report
    from contract.testing.proof import select_checks

    ensure_headers(headers)
    checks = select_checks(select, ignore, trust_plugins=trust_plugins)
    further = [f"{name}: {value}" for name, value in (headers or {}).items()]
    with open_target(
        target,
        profile=profile,
        profiles=profiles,
        model=model,
        key_env=key_env,
        limits=limits,
        retry_budget=retry_budget,
        concurrency=concurrency,
        max_requests=max_requests,
        within=within,
        context_window=context_window,
        budget=budget,
        offers=frozenset(offers),
        seed=seed,
        max_examples=max_examples,
        thorough=thorough,
        route=Route.read(further, proxy=proxy),
    ) as verification:
        results = verification.results(checks, slow=slow)
        header = verification.header
    return Report(headers=(header,), results=results, strict=strict)


def replay(  # noqa: PLR0913  # each is one option of the command line
    directory: str | Path,
    *,
    select: str | Iterable[str] = (),
    ignore: str | Iterable[str] = (),
    slow: bool = False,
    strict: bool = False,
    profile: str | None = None,
    budget: Mapping[str, float] | None = None,
    offers: Iterable[Capability] = (),
    trust_plugins: bool = False,
) -> Report:
    """
    Judge the recordings in *directory* (of `verify --save`) again; nothing is sent.

    The options are those of `verify`; *profile* is the id of another profile than the
    recorded one. Usage: `contract.replay("recording").exit_code`. Raises `UsageError`
    for a directory that holds no recording.
    """
    from pathlib import Path

    from contract.run.opening import open_recordings
    from contract.run.report import Report
    from contract.testing.proof import select_checks

    checks = select_checks(select, ignore, trust_plugins=trust_plugins)
    found = open_recordings(
        Path(directory), profile=profile, budget=budget, offers=frozenset(offers)
    )
    results = [
        result
        for verification in found
        for result in verification.results(checks, slow=slow)
    ]
    headers = tuple(verification.header for verification in found)
    return Report(headers=headers, results=tuple(results), strict=strict)


def compare(  # noqa: PLR0913  # each is one option of the command line
    before: str | Path | Report,
    after: str | Path | Report,
    *,
    select: str | Iterable[str] = (),
    ignore: str | Iterable[str] = (),
    profile: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
    budget: Mapping[str, float] | None = None,
    offers: Iterable[Capability] = (),
    trust_plugins: bool = False,
) -> tuple[Comparison, ...]:
    """
    Compare two runs target by target; nothing is sent.

    *before* and *after* are each a folder of `verify --save`, a file of
    `verify --report json=FILE`, or a report. A recording is judged by the installed
    checks; the other options are those of `replay`. Two single targets are compared
    whatever their names; several are paired by name.

    Usage::

        for comparison in contract.compare("before", "after", select="latency"):
            print(comparison.changes, comparison.regressed)

    Raises `UsageError` for what is neither, and when no target is in both.
    """
    from contract.run.compare import compare_runs
    from contract.testing.proof import select_checks

    return compare_runs(
        before,
        after,
        select_checks(select, ignore, trust_plugins=trust_plugins),
        profile=profile,
        profiles=profiles,
        budget=budget,
        offers=offers,
    )


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _RENAMED:
        module, inner = _RENAMED[name]
        return getattr(import_module(module), inner)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
