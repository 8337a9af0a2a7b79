"""A planted bug is found, and what is printed shows it again, as it was printed."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from planted import BUGS, MODEL, PROFILE

from contract.client.session import Session
from contract.mock_server.app import serving
from contract.mock_server.provider import MockProvider
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.run.report import Outcome
from contract.run.runner import judge_check

CHECKS = find("checks", Check)
SHORT = 300  # bytes
STATUS = " -w '\n%{http_code}'"


def replayed(command):
    """Status and body of what the shell gets for *command*."""
    done = subprocess.run(  # noqa: S603  # printed by ourselves a moment ago
        ["sh", "-c", command + STATUS],  # noqa: S607  # any shell
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl to replay with")
@pytest.mark.parametrize("name", BUGS)
def test_printed_command_shows_the_bug_and_a_good_provider_does_not(name):
    bug = BUGS[name]
    with (
        serving(bug.provider()) as url,
        serving(MockProvider(PROFILE.dialect)) as clean,
    ):
        with Session(url, PROFILE, MODEL) as session:
            result = judge_check(CHECKS[bug.check], session, url, slow=True)
        (finding,) = result.findings
        command = finding.at[finding.at.index("curl ") :]
        broken = replayed(command)
        good = replayed(command.replace(url, clean))

    assert result.outcome is Outcome.FAIL
    assert len(command.encode()) <= SHORT
    assert bug.shows(*broken)
    assert not bug.shows(*good)
