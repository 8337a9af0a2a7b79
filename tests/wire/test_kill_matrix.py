"""Every fault in every dialect, over real sockets: caught, and by whom it should be."""

import re
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pytest
from support.catalogue import CHECKS, DIALECTS, FAULTS, PROFILES, may_break

from contract.client.credentials import KEYS
from contract.client.route import DIRECT
from contract.client.session import Session
from contract.client.timeouts import Limits
from contract.mock_server.app import serving
from contract.mock_server.latency import AT_ONCE
from contract.mock_server.provider import MockProvider
from contract.model.profile import Budget, Capability
from contract.run.report import Outcome
from contract.testing import rehearsal
from contract.testing.laws import applies, explained, judges_anything
from contract.testing.rehearsal import (
    BUDGET,
    KEY,
    LATENCY,
    WINDOW,
    changed,
    clean,
    judge,
)

PAGE = Path(__file__).parents[2] / "docs" / "kill-matrix.md"
TITLE = """\
# The kill matrix

Each fault is a small program that breaks one promise of a conforming server. Here each
was played by the mock over real sockets, in every dialect, and judged by every check of
the replies that its own check asks for. ✔ says that the named check failed, and nothing
that the fault does not name.
· says that there is nothing to catch: the dialect allows it, or does not offer what the
check needs. `pytest -n 0 -m matrix --update-golden` writes this page, and
`pytest -m matrix` compares; `--matrix-check=ID` does either for one check, in seconds.

"""
CAUGHT, NOTHING = "✔", "·"
# What a fault holds back comes within these seconds, or counts as not coming.
LIMITS = Limits(connect=5.0, first_byte=5.0, between=3.0, total=20.0)
# Where time itself is judged, everything comes in the end.
PATIENT = Limits(connect=5.0, first_byte=30.0, between=30.0, total=60.0)
AT_A_TIME = 64
# What is judged by the clock alone says nothing of a mock that answers at once.
TIMED = frozenset(
    one.id
    for one in CHECKS.values()
    if one.family == "latency"
    or one.id in ("context.refuses-sooner-than-it-serves", "streaming.does-not-stall")
)
# A corpus sends hundreds of requests: only its own faults are tried on it.
CORPORA = frozenset(
    one.id for one in CHECKS.values() if judges_anything(one) and one.explores is None
)
UNTIMED = tuple(one for one in CHECKS.values() if one.id not in TIMED | CORPORA)


def numbered(probe):
    return rehearsal.number(probe)


def asked(check, name):
    return rehearsal.requests(check, clean(name).profile)


def model(profile):
    return profile.model


class Over:
    """A session whose exchanges are another's, unless the fault touches the reply."""

    def __init__(self, faulty, wire, touched):
        self.profile = wire.profile
        self.url, self.key, self.key_variable = wire.url, KEY, KEYS[0]
        self.route = DIRECT
        self.is_recorded, self.thorough = False, True
        self._faulty = faulty
        self._wire = wire
        self._touched = touched

    def send(self, probe):
        if numbered(probe) in self._touched:
            return self._faulty.send(probe)
        return self._wire.base.send(probe)

    def exchanges(self):
        """No others: an invariant is judged on its own probes."""
        return ()


class Wire:
    """A mock whose fault can be set from outside, and its verdicts without a fault."""

    def __init__(self, name, plan, budget, limits, checks):
        self.name = name
        self._limits = limits
        self.checks = checks
        self.profile = replace(clean(name).profile, budget=budget)
        self._change = None
        self._plan = plan

    @contextmanager
    def open(self):
        provider = MockProvider(
            self.profile.dialect,
            models=(model(self.profile),),
            context_window=WINDOW,
            api_key=KEY if Capability.KEY_REQUIRED in self.profile.offers else None,
            plan=self._plan,
            change=lambda reply: self._change(reply) if self._change else reply,
            clock=time.time,
        )
        with serving(provider) as self.url, self._session() as self.base:
            yield self

    def _session(self):
        return Session(
            self.url,
            self.profile,
            model(self.profile),
            key=KEY,
            limits=self._limits,
            concurrency=AT_A_TIME,
            allowance=100_000,
            thorough=True,
        )

    @cached_property
    def probes(self):
        """What the checks ask."""
        return tuple(
            probe for check in self.checks for probe in asked(check, self.name)
        )

    @cached_property
    def before(self):
        """What each check says without any fault."""
        self.base.prefetch(self.probes)
        return {check.id: judge(check, self.base) for check in self.checks}

    def outcome(self, id):
        return self.before[id].outcome

    def failing(self, fault):
        """
        The checks that fail with *fault* and do not fail without.

        The fault changes the replies that its own check asks for, and every check is
        judged that asks for no other changed reply. `test_laws.py` judges the others.
        """
        known = self.before
        rehearsed = changed(self.name, fault.apply)
        touched = rehearsed.touched({numbered(p): p for p in self.probes})
        own = {numbered(probe) for probe in asked(fault.breaks, self.name)}
        self._change = fault.apply
        found = set()
        try:
            with self._session() as faulty:
                faulty.prefetch(p for p in self.probes if numbered(p) in touched & own)
                session = Over(faulty, self, touched)
                for check in self.checks:
                    was = known[check.id]
                    asks = {numbered(probe) for probe in asked(check, self.name)}
                    if was.outcome is Outcome.FAIL or not (asks & touched):
                        continue
                    if not asks & touched <= own:
                        continue
                    result = judge(check, session)
                    assert not result.broken, result.reason
                    if result.outcome is Outcome.FAIL:
                        found.add(check.id)
        finally:
            self._change = None
        return found


@pytest.mark.matrix
@pytest.mark.parametrize("name", DIALECTS)
def test_fault_is_caught_over_the_wire_and_fails_no_other_check(name, request):
    only = request.config.getoption("--matrix-check")
    chosen = {
        one: fault
        for one, fault in FAULTS.items()
        if not only or fault.breaks.id in only
    }
    here = {one: fault for one, fault in chosen.items() if applies(fault, name)}
    column = dict.fromkeys(chosen, NOTHING)
    missed, strangers = [], {}
    with ExitStack() as stack:
        quick = stack.enter_context(
            Wire(name, AT_ONCE, Budget(), LIMITS, UNTIMED).open()
        )
        accused = [one.id for one in UNTIMED if quick.outcome(one.id) is Outcome.FAIL]
        paced = {}
        for one, fault in here.items():
            wire = quick
            family, judge = fault.breaks.family, fault.breaks.id
            apart = judge in TIMED | CORPORA
            if apart or quick.outcome(judge) is not Outcome.PASS:
                # A check of times needs replies that take time.
                if family not in paced:
                    own = tuple(c for c in CHECKS.values() if c.family == family)
                    paced[family] = stack.enter_context(
                        Wire(name, LATENCY, BUDGET, PATIENT, own).open()
                    )
                wire = paced[family]
            broken = wire.failing(fault) & set(may_break(fault))
            if fault.breaks.id in broken:
                column[one] = CAUGHT
            elif wire.outcome(fault.breaks.id) is Outcome.PASS:
                missed.append(one)
            if extra := sorted(c for c in broken if not explained(fault, c)):
                strangers[one] = extra
    if request.config.getoption("--update-golden"):
        write(name, column)

    assert [] == accused
    assert [] == missed
    assert {} == strangers
    page = {one: row[name] for one, row in table().items() if one in chosen}
    assert column == page


def test_page_has_every_fault_and_dialect_and_each_fault_is_caught_somewhere():
    rows = table()

    assert list(FAULTS) == list(rows)
    assert all(list(DIALECTS) == list(row) for row in rows.values())
    assert [] == [one for one, row in rows.items() if CAUGHT not in row.values()]


def table():
    """The page as data: fault, then profile, then ✔ or ·."""
    text = PAGE.read_text("utf-8") if PAGE.exists() else ""
    head = re.search(r"^\| Fault \| Check \|(.*)\|$", text, re.MULTILINE)
    names = [one.strip() for one in head[1].split("|")] if head else []
    found = {}
    for line in re.findall(r"^\| `.*\|$", text, re.MULTILINE):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        found[cells[0].strip("`")] = dict(zip(names, cells[2:], strict=True))
    return found


def write(name, column):
    """Put one *column* into the page; the others stay as they are."""
    known = table()
    lines = [
        "| Fault | Check | " + " | ".join(DIALECTS) + " |",
        "|---|---|" + "---|" * len(DIALECTS),
    ]
    caught = 0
    for one, fault in FAULTS.items():
        row = dict(known.get(one, {}))
        if one in column:
            row[name] = column[one]
        cells = [row.get(each, NOTHING) for each in DIALECTS]
        caught += cells.count(CAUGHT)
        lines.append(f"| `{one}` | {fault.breaks.id} | " + " | ".join(cells) + " |")
    said = f"{len(FAULTS)} faults, {caught} times caught, never by another.\n\n"
    PAGE.write_text(TITLE + said + "\n".join(lines) + "\n", "utf-8")


def test_profiles_stand_for_their_dialects():
    assert len(DIALECTS) == len({PROFILES[name].dialect.id for name in DIALECTS})
