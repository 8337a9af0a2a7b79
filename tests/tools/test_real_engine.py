"""newman, apidog-cli and Bruno decide on a real llama.cpp as `verify` does."""

from __future__ import annotations

import pytest
from support.runners import by_apidog, by_bruno, by_newman, families, ran

from contract.engines.environments import interpreter
from contract.errors import UsageError
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.portable import PORTABLE
from contract.run.opening import open_target
from contract.run.report import Outcome

pytestmark = [pytest.mark.tools, pytest.mark.agreement]
TINY = "llamacpp:tiny"
# The reasoning parser is off, so that some tests must fail.
WRONG = "llamacpp:tiny?reasoning_format=none"


@pytest.fixture(params=[TINY, WRONG], ids=["sound", "wrong-flag"])
def engine(request, command, tmp_path):
    """The exported folder, and what `verify` says, of one run of the engine."""
    try:
        interpreter("llamacpp")
    except UsageError as error:
        pytest.skip(str(error))
    checks = tuple(c for c in find("checks", Check).values() if c.id in PORTABLE)
    with open_target(request.param, profile="llamacpp") as verification:
        results = verification.results(checks)
        header = verification.header
        folder = tmp_path / "out"
        done = command("export", "apidog", "--profile", "llamacpp", "--base-url",
                       header.url, "--model", header.model,
                       "--out", folder)  # fmt: skip
        assert (done.code, done.err) == (0, "")
        yield folder, {result.check: result.outcome for result in results}


def test_all_runners_agree_with_verify(tools, engine, tmp_path):
    folder, verified = engine
    newman_code, newman = by_newman(tools, folder)
    bruno_code, bruno = by_bruno(tools, folder, tmp_path)

    failed = {c.id for c, outcome in verified.items() if outcome is Outcome.FAIL}
    seen = {id_ for id_, passed in newman.items() if not passed}
    assert len(newman) > 60
    assert (newman_code, bruno_code) == (bool(seen), bool(seen))
    assert bruno == newman
    assert seen <= failed
    # An invariant is judged on every reply of a run, and by a script on one.
    asked = {c.id: c for c in verified}
    assert all(asked[id_].every for id_ in (failed & {*newman}) - seen)

    if not ran(tools, "apidog"):
        pytest.skip("apidog-cli could not be installed; newman and Bruno agree")
    found = {}
    for family in families(folder):
        code, outcomes = by_apidog(tools, folder, family)
        assert code == (not all(outcomes.values()))
        found |= outcomes
    # Its JUnit has skipped tests as passed ones.
    assert newman.items() <= found.items()
    assert {id_ for id_, passed in found.items() if not passed} == seen
