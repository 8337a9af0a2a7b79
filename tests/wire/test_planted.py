"""A planted bug is found, and the printed curl command reproduces it."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from support.planted_bugs import BUGS, MODEL, PROFILE

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
    """Return the status and the body of the response to the curl *command*."""
    done = subprocess.run(  # noqa: S603  # the command was printed by this test
        ["sh", "-c", command + STATUS],  # noqa: S607  # any shell
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("name", BUGS)
@pytest.mark.long
def test_the_printed_command_shows_the_bug_and_only_the_bug(name):
    bug = BUGS[name]
    with (
        serving(bug.provider()) as url,
        serving(MockProvider(PROFILE.dialect)) as clean,
    ):
        with Session(url, PROFILE, MODEL) as session:
            result = judge_check(CHECKS[bug.check], session, url, slow=True)
        (finding,) = result.findings
        command = finding.at[finding.at.index("curl ") :]
        faulty = replayed(command)
        correct = replayed(command.replace(url, clean))

    assert result.outcome is Outcome.FAIL
    assert len(command.encode()) <= SHORT
    assert bug.shows(*faulty)
    assert not bug.shows(*correct)
