"""What holds for every check, fault and quirk, in every dialect, without a socket."""

import pytest
from laws import (
    CHECKS,
    DIALECTS,
    FAULTS,
    PROFILES,
    QUIRKS,
    applies,
    clean,
    explained,
    failing,
    outcomes,
    passes,
)

from contract.model.check import (
    KEYWORD,
    Check,
    Fault,
    Level,
)
from contract.model.probes import (
    SUM,
    SUM_WHOLE,
)
from contract.plugins.discovery import modules
from contract.run.report import Outcome


def told(result):
    return [(f.message, f.expected, f.actual, f.at) for f in result.findings]


@pytest.mark.parametrize("name", PROFILES)
def test_stand_in_keeps_the_whole_contract(name):
    failed = {
        one: told(result) or result.reason
        for one, result in outcomes(name).items()
        if result.outcome not in {Outcome.PASS, Outcome.SKIP}
    }

    assert {} == failed


@pytest.mark.parametrize("id", CHECKS)
def test_check_is_judged_somewhere(id):
    seen = {name: outcomes(name)[id] for name in PROFILES}

    assert any(result.exchanges for result in seen.values()), {
        name: result.reason for name, result in seen.items()
    }


@pytest.mark.parametrize("id", FAULTS)
def test_fault_breaks_its_check_and_no_other(id):
    """Where the check passes it must fail; where it had nothing to judge it may."""
    fault = FAULTS[id]
    where = [name for name in DIALECTS if applies(fault, name)]
    # A property says of every request what other checks say of one, so their faults
    # break it as well; that is no news.
    checks = [
        check
        for check in CHECKS.values()
        if check.explores is None or fault.breaks.explores is not None
    ]
    broken = {name: failing(name, fault.apply, checks) for name in where}

    assert any(fault.breaks.id in broken[name] for name in where), where
    assert [] == [
        name
        for name in where
        if passes(fault.breaks.id, name) and fault.breaks.id not in broken[name]
    ]
    assert {} == {
        name: extra
        for name in where
        if (extra := sorted(one for one in broken[name] if not explained(fault, one)))
    }


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("id", QUIRKS)
def test_quirk_trips_nothing(id, name):
    assert set() == failing(name, QUIRKS[id].apply)


@pytest.mark.parametrize("id", QUIRKS)
def test_quirk_does_something(id):
    replies = [clean(n).reply(p) for n in DIALECTS for p in (SUM, SUM_WHOLE)]

    assert any(QUIRKS[id].apply(reply) != reply for reply in replies)


@pytest.mark.parametrize("id", CHECKS)
def test_check_has_a_fault_beside_it(id):
    assert any(fault.breaks.id == id for fault in FAULTS.values())


@pytest.mark.parametrize("id", CHECKS)
def test_check_says_what_it_demands_and_who_else_does(id):
    check = CHECKS[id]
    words = KEYWORD.findall(check.requirement)

    assert len(words) == 1
    assert check.requirement.endswith(".")
    assert check.source.strip()
    assert check.sends or check.explores
    if check.source.startswith("house rule"):
        assert check.level is not Level.MUST


@pytest.mark.parametrize("id", [*FAULTS, *QUIRKS])
def test_fault_and_quirk_tell_a_story_in_one_sentence(id):
    story = (FAULTS.get(id) or QUIRKS[id]).story

    assert story.endswith((".", ")"))
    assert len(story) < 200


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
