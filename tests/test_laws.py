"""What holds for every check, fault and quirk, in every dialect, without a socket."""

from pathlib import Path

import pytest
from support.catalogue import (
    CHECKS,
    DIALECTS,
    FAULTS,
    PROFILES,
    QUIRKS,
    may_break,
    outcomes,
)

from contract.model.check import Check, Fault
from contract.model.conditions import CONDITIONS
from contract.model.probes import SUM, SUM_WHOLE
from contract.plugins.discovery import modules
from contract.run.report import Outcome
from contract.testing import laws
from contract.testing.rehearsal import clean

# A corpus has the judge of checks that send less, and hundreds of requests.
FEW = {one: c for one, c in CHECKS.items() if len(c.sends) < laws.CORPUS}


PAGE = Path(__file__).parent.parent / "docs" / "conditions.md"
# The faults of invariants that are judged reply by reply.
CONDITIONAL = tuple(
    name
    for name, one in FAULTS.items()
    if one.breaks.every is not None and not one.breaks.across
)
CONDITIONS_TITLE = f"""\
# Faults under conditions

Many defects of a server show only with one feature: only in streams with tools, or
only in the second choice. Each fault of a requirement on any reply is played here under
one condition at a time, on the mocks of all dialects. ✔ says that its check finds it in
every dialect; · says that it changes no such reply that the check applies to.
`magistral-contract serve --fault NAME --when CONDITION` plays one.

| Fault | Check | {" | ".join(CONDITIONS)} |
|---|---|{"---|" * len(CONDITIONS)}"""


def findings(result):
    return [(f.message, f.expected, f.actual, f.at) for f in result.findings]


@pytest.mark.parametrize(
    "name",
    [
        name if name in FEW else pytest.param(name, marks=pytest.mark.grid)
        for name in PROFILES
    ],
)
def test_mock_keeps_the_whole_contract(name):
    failed = {
        one: findings(result) or result.reason
        for one, result in outcomes(name).items()
        if result.outcome not in {Outcome.PASS, Outcome.SKIP}
    }

    assert {} == failed


@pytest.mark.parametrize(
    "name",
    [
        one if one == "vllm-0.32" else pytest.param(one, marks=pytest.mark.grid)
        for one in PROFILES
    ],
)
def test_combined_requests_settle_their_checks_on_every_mock(name):
    combined = [check for check in CHECKS.values() if check.combined]

    assert [] == [law for c in combined for law in laws.combined_laws(c, name)]


@pytest.mark.grid
def test_every_check_is_judged_somewhere():
    judged = {
        check
        for name in PROFILES
        for check, result in outcomes(name).items()
        if result.exchanges
    }

    assert judged == set(CHECKS)


# Every sixth one; the grid plays all of them in four dialects that their names choose.
@pytest.mark.parametrize("id", sorted(FAULTS)[::6])
def test_fault_breaks_its_check_and_no_other_in_one_dialect(id):
    fault = FAULTS[id]

    assert [] == [*laws.fault_laws(fault, may_break(fault), most=1)]


@pytest.mark.grid
@pytest.mark.parametrize("id", FAULTS)
def test_fault_breaks_its_check_and_no_other_in_four_dialects(id):
    fault = FAULTS[id]

    assert [] == [*laws.fault_laws(fault, may_break(fault), most=4)]


@pytest.mark.matrix
@pytest.mark.parametrize("id", FAULTS)
def test_fault_breaks_its_check_and_no_other_in_every_dialect(id):
    fault = FAULTS[id]

    assert [] == [*laws.fault_laws(fault, may_break(fault))]


@pytest.mark.conditions
@pytest.mark.parametrize("id", CONDITIONAL)
def test_a_fault_of_an_invariant_is_found_under_every_condition(id):
    assert [] == [*laws.conditional_laws(FAULTS[id])]


@pytest.mark.conditions
@pytest.mark.parametrize("id", CONDITIONAL)
def test_the_page_of_conditions_has_the_row_of_each_fault(id, request):
    row = condition_row(id)
    if request.config.getoption("--update-golden"):
        known = PAGE.read_text("utf-8").splitlines() if PAGE.exists() else []
        rows = {line.split("`")[1]: line for line in known if line.startswith("| `")}
        rows[id] = row
        lines = [rows[one] for one in CONDITIONAL if one in rows]
        PAGE.write_text("\n".join([CONDITIONS_TITLE, *lines, ""]), "utf-8")

    assert row in PAGE.read_text("utf-8").splitlines()


def test_the_page_of_conditions_has_no_other_row():
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if "| `" in line]

    assert list(CONDITIONAL) == [line.split("`")[1] for line in rows]


def condition_row(id):
    """The row of a fault: ✔ where each profile finds it in the replies it changes."""
    trials = laws.conditional_trials(FAULTS[id])
    cells = []
    for condition in CONDITIONS:
        found = [trial.found for trial in trials if trial.condition == condition]
        cells.append(("✔" if all(found) else "missed") if found else "·")
    return f"| `{id}` | {FAULTS[id].breaks.id} | {' | '.join(cells)} |"


# Every second one; the grid plays all of them in every dialect.
@pytest.mark.parametrize("id", [*QUIRKS][::2])
def test_a_quirk_trips_nothing_in_one_dialect(id):
    name = DIALECTS[[*QUIRKS].index(id) % len(DIALECTS)]

    assert set() == laws.failing(name, QUIRKS[id].apply, FEW), name


@pytest.mark.grid
@pytest.mark.parametrize("name", DIALECTS)
def test_quirks_trip_nothing_in_any_dialect(name):
    tripped = {q: laws.failing(name, quirk.apply, FEW) for q, quirk in QUIRKS.items()}

    assert {} == {q: found for q, found in tripped.items() if found}


def test_every_quirk_does_something():
    replies = [clean(n).reply(p) for n in DIALECTS for p in (SUM, SUM_WHOLE)]
    idle = [
        name
        for name, quirk in QUIRKS.items()
        if all(quirk.apply(reply) == reply for reply in replies)
    ]

    assert [] == idle


def test_every_check_has_a_fault_and_a_source_and_one_keyword():
    wrong = [
        law
        for check in CHECKS.values()
        for law in laws.check_words(check, FAULTS.values())
    ]

    assert [] == wrong


def test_every_check_sends_or_explores():
    assert [] == [c.id for c in CHECKS.values() if not (c.sends or c.explores)]


def test_every_fault_and_quirk_is_described_in_one_sentence():
    values = (*FAULTS.values(), *QUIRKS.values())

    assert [] == [law for value in values for law in laws.description_laws(value)]


def test_faults_and_quirks_share_no_name():
    assert not set(FAULTS) & set(QUIRKS)


def _own(module, kind):
    """The values of *kind* that a module binds to names of its own family."""
    home = module.__name__.removeprefix("contract.checks.").partition(".")[0]
    for name, value in vars(module).items():
        check = value.breaks if isinstance(value, Fault) else value
        if isinstance(value, kind) and check.family == home:
            yield name, value


def test_id_is_family_and_name_of_the_check():
    wrong = [
        (module.__name__, name, check.id)
        for module in modules("checks")
        for name, check in _own(module, Check)
        if check.id != f"{check.family}.{name.replace('_', '-')}"
    ]

    assert [] == wrong


def test_every_check_lives_in_its_family():
    found = {check.id for m in modules("checks") for _, check in _own(m, Check)}

    assert set(CHECKS) == found


def test_every_fault_lives_beside_its_check():
    found = {fault.id for m in modules("checks") for _, fault in _own(m, Fault)}

    assert set(FAULTS) == found


def test_probes_of_one_name_are_one_request():
    named = {}
    for check in CHECKS.values():
        for probe in check.sends:
            named.setdefault((probe.name, probe.sample), set()).add(probe)

    assert {} == {name: len(found) for name, found in named.items() if len(found) > 1}


def test_no_released_id_changes(golden):
    text = "".join(f"{one}\n" for one in sorted(CHECKS))

    assert golden("checks.txt", text) == text
