"""Third-party packages: found by their entry points, and refused by what they lack."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import contract

ACME = Path(__file__).parents[2] / "fixtures" / "plugins" / "acme"
SOURCE = Path(contract.__file__).parent


def python(*arguments, path=()):
    """A Python of its own, which finds the packages in *path* as if installed."""
    folders = [*map(str, path), str(SOURCE.parent)]
    return subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, *arguments],
        cwd=folders[0],  # `-c` and `-m` put it before PYTHONPATH
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def command(*arguments, path=()):
    """The command line by `contract/__main__.py`, in a Python of its own."""
    return python("-m", "contract", *arguments, path=path)


@pytest.fixture
def package(tmp_path):
    """`package(group=source)` is a package with an entry point in each group."""

    def made(**groups):
        info = tmp_path / "acme_broken-2.0.dist-info"
        info.mkdir()
        head = "Metadata-Version: 2.1\nName: acme-broken\nVersion: 2.0\n"
        (info / "METADATA").write_text(head)
        points = ""
        for group, source in groups.items():
            (tmp_path / f"acme_broken_{group}.py").write_text(source)
            points += f"[contract.{group}]\nbroken = acme_broken_{group}\n"
        (info / "entry_points.txt").write_text(points)
        return (tmp_path,)

    return made


@pytest.mark.long
def test_a_provider_of_a_third_party_is_served_detected_verified_and_listed(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        """
import contract

with contract.mock("acme") as url:
    report = contract.verify(url)
    (header,) = report.headers
    assert (header.profile, header.why) == ("acme-1", "models owned by acme"), header
    assert report.exit_code == 0, [r for r in report.results if r.findings]
    assert report.counts[contract.Outcome.PASS] > 250, report.counts
"""
    )
    done = python(str(program), path=[ACME])

    assert (done.returncode, done.stderr) == (0, "")
    listed = command("list", "--profiles", path=[ACME])
    assert "Acme's gateway, version 1" in listed.stdout


@pytest.mark.long
def test_its_check_is_broken_by_its_fault_and_its_reporter_writes(tmp_path):
    report = tmp_path / "report.csv"
    run = ("verify", "mock:acme", "--select", "acme", "--report", f"acme-csv={report}")
    good = command(*run, path=[ACME])
    broken = command(
        "verify", "mock:acme?fault=id-too-long", "--select", "acme", path=[ACME]
    )

    assert (good.returncode, good.stderr) == (0, "")
    assert report.read_text() == "acme.ids-are-short,pass\n"
    assert broken.returncode == 1
    assert "the id is too long" in broken.stdout


@pytest.mark.long
def test_a_folder_beside_the_other_providers_is_a_provider(tmp_path):
    for part in ("contract", "openapi.yaml"):
        source = SOURCE.parent / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / part)
    folder = tmp_path / "contract" / "providers" / "acme"
    shutil.copytree(ACME / "acme_contract" / "acme", folder)
    for path in folder.glob("*.py"):
        text = path.read_text().replace("acme_contract.acme", "contract.providers.acme")
        path.write_text(text)
    code = (
        "import contract; r = contract.verify('mock:acme', select='models'); "
        "print(r.headers[0].profile, r.exit_code)"
    )
    done = python("-c", code, path=[tmp_path])

    assert (done.stdout, done.stderr) == ("acme-1 0\n", "")


def test_an_incomplete_provider_is_refused_by_what_it_lacks(package):
    source = """
from dataclasses import replace
from contract import provider
from contract.providers.vllm.dialect import VLLM_0_16

BARE = replace(VLLM_0_16, id="bare", prefix="Bare", rules=None)
PROVIDER = provider("contract.providers", dialects=(BARE,))
"""
    done = command("verify", "mock", path=package(providers=source))

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for lack in ("no fingerprint", "no profile", "bare has no rules", "BareChatReq"):
        assert lack in done.stderr


CHECK = """
from contract import Finding, check, fault, probes

@check("acme.nothing", "A thing MUST hold.", source="RFC 1", sends=probes.SUM)
def nothing(exchange):
    if exchange.status == 200:
        return
    yield Finding("never")
"""
IDLE = """
@fault(breaks=nothing)
def changes_nothing(reply):
    '''It leaves the reply as it is.'''
    return reply
"""


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param(CHECK, "acme.nothing has no fault", id="no-fault"),
        pytest.param(
            CHECK + IDLE,
            "acme.nothing passes even with its fault changes-nothing",
            id="idle-fault",
        ),
    ],
)
@pytest.mark.long
def test_a_check_that_cannot_fail_is_refused_unless_it_is_trusted(
    package, source, reason
):
    path = package(checks=source)
    refused = command("verify", "mock", "--select", "acme", path=path)
    trusted = command(
        "verify", "mock", "--select", "acme", "--trust-plugins", path=path
    )

    assert refused.returncode == 2
    assert reason in refused.stderr
    assert "acme-broken" in refused.stderr
    assert "--trust-plugins" in refused.stderr
    assert trusted.returncode == 0


@pytest.mark.parametrize(
    "group",
    [
        "checks",
        *(pytest.param(one, marks=pytest.mark.long) for one in ("providers", "quirks")),
    ],
)
def test_a_plug_in_that_fails_on_import_is_named_with_its_package(package, group):
    path = package(**{group: "raise RuntimeError('no licence')"})
    done = command("verify", "mock", "--select", "models", path=path)

    assert done.returncode == 2
    assert "acme-broken" in done.stderr
    assert "RuntimeError: no licence" in done.stderr
    assert "bug in magistral-contract" not in done.stderr
    assert "Traceback" not in done.stderr


REPORTER = """
from contract.reporters.base import reporter


@reporter("broken", suffix=".txt")
def broken(report):
    '''Raise.'''
    raise LookupError("no template")
"""


def test_a_plug_in_that_raises_later_is_named_with_its_package(package):
    path = package(reporters=REPORTER)
    some = ("verify", "mock", "--select", "models", "--report", "broken=-")
    done = command(*some, path=path)

    assert done.returncode == 4
    assert "reporter broken of the plug-in" in done.stderr
    assert "is broken: LookupError: no template." in done.stderr
    assert "acme-broken" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_the_suite_of_pytest_refuses_them_too(package):
    path = package(checks=CHECK)
    run = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs", "contract.suite")
    refused = python(*run, "--contract-select=acme", path=path)
    trusted = python(
        *run, "--contract-select=acme", "--contract-trust-plugins", path=path
    )

    assert refused.returncode != 0
    assert "acme.nothing has no fault" in refused.stdout
    assert trusted.returncode == 0
