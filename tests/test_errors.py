"""Every exception has the exit code of the command line, and a crash its check."""

from __future__ import annotations

import pytest
from support.hostile import ATTACKS, obeyed

from contract import errors
from contract.model.redaction import SECRETS, register_secret


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.UsageError, 2),
        (errors.SpecError, 2),
        (errors.TargetError, 3),
        (errors.EndpointError, 1),
        (errors.CannotJudge, 3),
    ],
)
def test_an_exception_has_an_exit_code(kind, code):
    raised = kind("It is wrong; do this.")

    assert isinstance(raised, errors.ContractError)
    assert (raised.exit_code, str(raised)) == (code, "It is wrong; do this.")


def test_a_crashed_check_is_named_with_its_exception():
    raised = errors.CheckError("usage.sums-up", ZeroDivisionError("by zero"))

    assert (raised.exit_code, raised.check) == (4, "usage.sums-up")
    assert "check usage.sums-up is broken: ZeroDivisionError: by zero." in str(raised)


def test_a_crashed_check_of_a_plug_in_names_it():
    raised = errors.CheckError("a.b", ValueError("x"), "the plug-in 'acme'")

    assert "check a.b of the plug-in 'acme' is broken: ValueError: x." in str(raised)


class Panic(BaseException):
    """What an extension module in Rust raises: pyo3's PanicException."""


def test_a_panic_in_a_fence_is_an_exception():
    with pytest.raises(errors.CannotJudge, match=r"\(Panic: lost\)"), errors.fenced():
        raise Panic("lost")


@pytest.mark.parametrize("kind", [*errors.INTERRUPTIONS, ValueError])
def test_a_fence_lets_everything_else_through(kind):
    with pytest.raises(kind), errors.fenced():
        raise kind


def test_a_crashed_reporter_is_named_with_its_exception():
    raised = errors.ReporterError("csv", ZeroDivisionError("by zero"))

    assert raised.exit_code == 4
    assert "reporter csv is broken: ZeroDivisionError: by zero." in str(raised)


def kinds(kind=errors.ContractError):
    return [kind, *(deeper for one in kind.__subclasses__() for deeper in kinds(one))]


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("text", ATTACKS)
def test_what_an_error_quotes_writes_no_line_and_no_command(kind, text):
    broken = kind in {errors.CheckError, errors.ExporterError, errors.ReporterError}
    raised = kind("a.b", ValueError(text)) if broken else kind(text)

    assert obeyed(str(raised)) == []
    assert "\n" not in str(raised)


@pytest.mark.parametrize("text", ATTACKS)
def test_the_lines_of_a_log_stay_lines_and_are_inert(text):
    raised = errors.TargetError("It ended:", log=f"  one\n{text}\ntwo")
    lines = str(raised).split("\n")

    assert obeyed(str(raised)) == []
    assert lines[:2] == ["It ended:", "  one"]
    assert lines[-1] == "  two"
    assert all(line.startswith("  ") for line in lines[1:])


def test_no_error_shows_a_secret():
    with SECRETS.scope():
        register_secret("sk-0123456789")
        raised = errors.TargetError("bad sk-0123456789.", log="it is sk-0123456789")

    assert str(raised) == "bad ***.\n  it is ***"
