"""The requests of an export: which check is asked by which, and which by none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from contract.exporters.base import Source
from contract.exporters.verdict_steps import TOKEN as VERDICTS_TOKEN
from contract.exporters.verdict_steps import URL as VERDICTS_URL
from contract.model.check import OK, Check
from contract.model.exchange import Exchange
from contract.model.probe import KeyMode, Probe
from contract.model.profile import Profile
from contract.model.saved import digest
from contract.model.strict_json import MISSING, read_json
from contract.model.wire import Request, build_request
from contract.portable import VARIABLE as PRELUDE
from contract.portable import asks, share, test_script
from contract.run.plan import inapplicable

# The names of the variables that every export defines.
BASE_URL, MODEL, API_KEY = "baseUrl", "model", "apiKey"
VARIABLES = (BASE_URL, MODEL, API_KEY, VERDICTS_URL, VERDICTS_TOKEN, PRELUDE)
# The bytes of the largest request body that is exported; a prompt that fills a context
# window of 128k tokens is ten times as long.
MOST_BODY = 64 * 2**10
# Stands for the model until the prompt has been searched for variables.
_MODEL = "magistral-contract-model-placeholder"
_KEY = "magistral-contract-key-placeholder"
# What Postman and Apidog replace in a body: {{$guid}}, and a variable that exists.
_REPLACED = re.compile(r"\{\{(?=\s*(?:\$|(?:" + "|".join(VARIABLES) + r")\s*\}\}))")
# Two braces as JSON spells them, which no client replaces.
ESCAPED = r"\u007b\u007b"
# Headers that an HTTP client writes itself.
_OWN_HEADERS = frozenset({"content-length"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request and the checks that its response answers."""

    # Unique and stable: it depends on the family and the request only.
    id: str
    # Unique and stable, for people; tools merge by it.
    name: str
    # The family of its checks.
    family: str
    # The checks, in order.
    checks: tuple[Check, ...]
    probe: Probe
    # The request with variables in place of key and model; no body that is not UTF-8.
    request: Request
    # The lines of the script that tests the response, with all that they use.
    script: tuple[str, ...]

    @property
    def shared_script(self) -> tuple[str, ...]:
        """The lines of the script, for a file with the prelude in a variable."""
        return share(self.script)

    @property
    def body(self) -> str:
        """The body of the request as text."""
        return self.request.body.decode()

    @property
    def description(self) -> str:
        """What is asked and why, as Markdown."""
        parts = [*map(describe, self.checks)]
        if ESCAPED in self.body:
            parts.append(
                f"Braces are spelled `{ESCAPED}` in the body, because the client would "
                "put a variable there; the server reads braces."
            )
        return "\n\n".join(parts)

    @property
    def expects_answer(self) -> bool:
        """Whether every check of it expects status 200."""
        return all(check.expects == OK for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The requests of an export, and why the other checks are left out."""

    # In the order of their first check.
    steps: tuple[Step, ...]
    # Why a check is not among them, as a clause without a full stop, by its id.
    omitted: Mapping[str, str]

    @property
    def families(self) -> tuple[str, ...]:
        """The families that have a step, sorted."""
        return tuple(sorted({step.family for step in self.steps}))

    def of(self, family: str) -> tuple[Step, ...]:
        """Return the steps of one family."""
        return tuple(step for step in self.steps if step.family == family)


def plan_steps(source: Source) -> Steps:
    """
    Return the steps that ask the checks of *source*, one for each family and request.

    Within a family, a request that several checks share is one step.
    """
    probes: dict[tuple[str, Probe], list[Check]] = {}
    omitted: dict[str, str] = {}
    for check in source.checks:
        probe, why = _question(check, source.profile)
        if probe is None:
            omitted[check.id] = why
        else:
            probes.setdefault((check.family, probe), []).append(check)
    steps: list[Step] = []
    for (family, probe), checks in probes.items():
        request, why = portable_request(probe, source.profile)
        if request is None:
            omitted |= {check.id: why for check in checks}
        else:
            step = _step(family, tuple(checks), probe, request, source.profile)
            steps.append(step)
    return Steps(steps=tuple(_uniquely_named(steps)), omitted=omitted)


def single_steps(steps: Iterable[Step], profile: Profile) -> tuple[Step, ...]:
    """Return a step for each check of *steps*, named after the check."""
    return tuple(
        replace(
            step,
            id=check.id,
            name=check.id,
            checks=(check,),
            script=script((check,), profile, step.probe),
        )
        for step in steps
        for check in step.checks
    )


def smoke_steps(steps: Steps, profile: Profile) -> tuple[Step, ...]:
    """
    Return few steps that touch every family: all checks of as few requests as that.

    Requests are chosen greedily: the next one is that which answers checks of the most
    families that are still missing, and of several the one that answers most checks.
    """
    by_probe: dict[Probe, list[Step]] = {}
    for step in steps.steps:
        by_probe.setdefault(step.probe, []).append(step)
    missing = set(steps.families)
    chosen: list[Step] = []
    while missing:
        # The first of equals, so the choice does not depend on chance.
        best = max(by_probe.values(), key=lambda found: _gain(found, missing))
        checks = tuple(check for step in best for check in step.checks)
        chosen.append(
            replace(
                best[0],
                id=f"smoke.{best[0].id}",
                name=f"smoke: {best[0].probe.name}",
                checks=checks,
                script=script(checks, profile, best[0].probe),
            )
        )
        missing -= {step.family for step in best}
    return tuple(_uniquely_named(chosen))


def _gain(found: Iterable[Step], missing: set[str]) -> tuple[int, int]:
    """Return how many *missing* families a request answers, and how many checks."""
    steps = tuple(found)
    families = {step.family for step in steps}
    return len(families & missing), sum(len(step.checks) for step in steps)


def _question(check: Check, profile: Profile) -> tuple[Probe | None, str]:
    """Return the request that asks *check*, or None and why there is none."""
    if (why := inapplicable(check, profile, slow=True)) is not None:
        return None, why
    probe = asks(check, profile)
    if probe is None:
        return None, (
            "it needs the judge of magistral-contract; see the scenario verdicts"
        )
    return probe, ""


def portable_request(probe: Probe, profile: Profile) -> tuple[Request | None, str]:
    """
    Return the HTTP request of *probe* with variables, or None and why there is none.

    What a prompt contains that Postman and Apidog would replace (`{{$guid}}`, the name
    of a variable) is spelled with JSON escapes, so that the server reads it unchanged.
    """
    if why := _unportable(probe):
        return None, why
    built = build_request(probe, profile, _MODEL, _KEY)
    if len(built.body) > MOST_BODY:
        return None, f"its request has {len(built.body):,} bytes"
    try:
        text = built.body.decode()
    except UnicodeDecodeError:
        return None, "its request is not UTF-8"
    if _REPLACED.search(text):
        if read_json(built.body) is MISSING:
            return None, "its request contains what is replaced by a variable"
        text = _REPLACED.sub(lambda _: ESCAPED, text)
    headers = tuple(
        (name, _filled_in(value))
        for name, value in built.headers
        if name not in _OWN_HEADERS
    )
    request = Request(
        built.method, _filled_in(built.path), headers, _filled_in(text).encode()
    )
    return request, ""


def _unportable(probe: Probe) -> str:
    """Return why no other client can send *probe*, as a clause; empty if one can."""
    if probe.fill is not None:
        return "its prompt is filled up when it is sent, to a number of tokens"
    if probe.canary or probe.hang_up_after is not None:
        return "its request needs the client of magistral-contract"
    if probe.key is KeyMode.BASIC:
        return "its credentials are encoded, which a variable cannot be"
    return ""


def _filled_in(text: str) -> str:
    return text.replace(_MODEL, f"{{{{{MODEL}}}}}").replace(_KEY, f"{{{{{API_KEY}}}}}")


def script(
    checks: tuple[Check, ...], profile: Profile, probe: Probe
) -> tuple[str, ...]:
    """Return the lines that test a response, with all that they use."""
    return test_script([check.id for check in checks], profile, probe)


def _step(
    family: str,
    checks: tuple[Check, ...],
    probe: Probe,
    request: Request,
    profile: Profile,
) -> Step:
    return Step(
        # Probes that differ may be the same request in this dialect.
        id=f"{family}.{probe.name}.{digest(request, probe)}",
        name=f"{family}: {probe.name}",
        family=family,
        checks=checks,
        probe=probe,
        request=request,
        script=script(checks, profile, probe),
    )


def _uniquely_named(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield *steps*, those that share a name with the end of their id in it."""
    steps = tuple(steps)
    names = [step.name for step in steps]
    for step in steps:
        if names.count(step.name) > 1:
            end = step.id.rpartition(".")[2]
            yield replace(step, name=f"{step.name} ({end})")
        else:
            yield step


def describe(check: Check) -> str:
    """Return the requirement of *check* with its level and source, as Markdown."""
    return f"`{check.id}` ({check.level}): {check.requirement} Source: {check.source}."


def exchanges_of(source: Source, step: Step) -> tuple[tuple[Check, Exchange, str], ...]:
    """Return the recorded exchanges of *step*: check, exchange and outcome."""
    if source.report is None:
        return ()
    ids = {check.id for check in step.checks}
    found: dict[int, tuple[Check, Exchange, str]] = {}
    for result in source.report.results:
        if result.check.id in ids:
            for exchange in result.exchanges:
                if exchange.probe == step.probe:
                    found.setdefault(
                        id(exchange),
                        (result.check, exchange, result.outcome.value.upper()),
                    )
    return tuple(found.values())


def pretty(text: str) -> str:
    """Return JSON *text* indented; anything else as it is."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return json.dumps(value, indent=1, ensure_ascii=False)
