"""Plays one client in one dialect, and remembers what came of it."""

from __future__ import annotations

import pytest
from support.clients import CACHE

from contract.clients import judging


@pytest.fixture(scope="session")
def play():
    """`play(release, dialect, scenarios, requirement)` returns the results by id."""

    def play(release, dialect, scenarios=(), requirement=None):
        if not release.is_installed:
            pytest.skip(
                f"{release.name} is not installed in the cache {CACHE}: .ci/clients"
            )
        checks = tuple(
            one
            for one in judging.requirements()
            if requirement is None or one.id == requirement
        )
        plan = judging.Plan(
            command=release.command,
            dialects=(dialect,),
            scenarios=judging.needed_scenarios(
                judging.chosen_scenarios(scenarios), checks
            ),
            requirements=checks,
            timeout=60.0,
            jobs=2,
            one_process=True,
        )
        report = judging.judge_program(plan)
        (header,) = report.headers
        assert header.trouble == "", header.trouble
        return {result.check.id: result for result in report.results}

    return play
