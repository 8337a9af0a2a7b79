"""The routes of the verdict server, without a socket or a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.model.check import Check, Finding
from contract.model.wire import Request
from contract.plugins.discovery import find
from contract.run.report import Header, Outcome, Report, Result
from contract.verdicts.runs import BusyError, Run, RunState
from contract.verdicts.serving import MOST_WAIT, SAVED, VerdictServer

CHECK = find("checks", Check)["usage.sums-up"]
PASSED = Result(check=CHECK, target="a", outcome=Outcome.PASS)
FAILED = replace(PASSED, target="b", outcome=Outcome.FAIL, findings=(Finding("bad"),))
REPORT = Report(headers=(), results=(PASSED, FAILED))
TROUBLE = Header(
    target="a",
    url="",
    profile="",
    why="",
    model="",
    version="0",
    started="2026-01-01T00:00:00+00:00",
    trouble="nothing listens there",
)


class FakeRuns:
    """Runs that end when a test says so."""

    def __init__(self, report=None, running=None):
        self.report, self.running, self.known = report, running, []

    def now(self):
        return (None if self.report is None else ("1", self.report)), self.running

    def all(self):
        return tuple(self.known)

    def get(self, id):
        return next((run for run in self.known if run.id == id), None)

    def start(self):
        if self.running is not None:
            raise BusyError(self.running.id)
        self.running = Run(id="7", started="2026-01-01T00:00:00+00:00")
        self.known.append(self.running)
        return self.running

    def stop(self, id):
        return self.running is not None and self.running.id == id


def ask(server, path, method="GET", *, body=b"", **headers):
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return server.answer(Request(method, path, fields, body))


def test_a_saved_report_is_served_check_by_check():
    server = VerdictServer(report=REPORT)

    verdict = ask(server, "/verdicts/usage.sums-up")
    other = ask(server, "/verdicts/usage.sums-up?target=a")

    assert (verdict.status, verdict.body["outcome"]) == (200, "fail")
    assert verdict.body["run"] == SAVED
    assert other.body["outcome"] == "pass"
    assert len(ask(server, "/verdicts").body["verdicts"]) == 2
    assert ask(server, "/runs").body == {"runs": []}


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        pytest.param("GET", "/verdicts/no.such", 404, "no verdict on no.such", id="no"),
        pytest.param("GET", "/verdicts/usage.sums-up/x", 404, "no such path", id="sub"),
        pytest.param("GET", "/else", 404, "GET / lists", id="path"),
        pytest.param("GET", f"/verdicts?{'a=1&' * 99}", 400, "too long", id="query"),
        pytest.param("GET", "/verdicts/x/", 404, "no verdict on x", id="slash"),
        pytest.param("POST", "/verdicts", 405, "Use GET here.", id="method"),
        pytest.param("PUT", "/runs", 405, "Use GET or POST here.", id="methods"),
        pytest.param("GET", "/runs/1", 404, "no such run", id="run"),
        pytest.param("POST", "/runs", 409, "saved report", id="saved"),
        pytest.param("GET", "/verdicts?wait=-1", 400, "from 0 to 600", id="negative"),
        pytest.param("GET", "/verdicts?wait=nan", 400, "from 0 to 600", id="nan"),
        pytest.param("GET", "/verdicts?wait=soon", 400, "from 0 to 600", id="word"),
    ],
)
def test_a_wrong_request_is_one_sentence(method, path, status, says):
    answer = ask(VerdictServer(report=REPORT), path, method)

    assert answer.status == status
    assert says in answer.body["error"]
    assert answer.patience == 0


def test_before_the_first_verdicts_a_client_is_told_when_to_ask_again():
    running = Run(id="1", started="2026-01-01T00:00:00+00:00")
    server = VerdictServer(runs=FakeRuns(running=running))

    answer = ask(server, f"/verdicts/usage.sums-up?wait={MOST_WAIT:g}")

    assert answer.status == 503
    assert ("retry-after", "2") in answer.headers
    assert answer.patience == MOST_WAIT
    assert ask(server, "/health").body == {
        "status": "ok",
        "verdicts": False,
        "running": True,
    }


def test_a_run_that_failed_is_no_reason_to_wait():
    runs = FakeRuns()
    failed = Run(id="1", started="", state=RunState.FAILED, reason="No check is odd.")
    runs.known.append(failed)

    answer = ask(VerdictServer(runs=runs), "/verdicts?wait=60")

    assert (answer.status, answer.patience) == (503, 0)
    assert "run 1 failed: No check is odd" in answer.body["error"]


def test_a_target_that_was_not_judged_is_the_answer_for_each_check():
    server = VerdictServer(report=Report(headers=(TROUBLE,), results=()))

    answer = ask(server, "/verdicts/usage.sums-up")

    assert answer.status == 503
    assert "could not be judged: nothing listens there" in answer.body["error"]


def test_runs_are_started_one_at_a_time_and_stopped():
    server = VerdictServer(runs=FakeRuns(REPORT))

    first = ask(server, "/runs", "POST", body=b" {} ")
    second = ask(server, "/runs", "POST")

    assert (first.status, first.body["state"]) == (202, "running")
    assert ("location", "/runs/7") in first.headers
    assert second.status == 409
    assert ("location", "/runs/7") in second.headers
    assert ask(server, "/runs/7?wait=9").patience == 9
    assert ask(server, "/runs/7", "DELETE").status == 202
    assert ask(server, "/verdicts").status == 200


def test_a_run_that_has_ended_is_not_stopped():
    runs = FakeRuns(REPORT)
    runs.known.append(Run(id="1", started="", state=RunState.FINISHED))

    assert ask(VerdictServer(runs=runs), "/runs/1", "DELETE").status == 409
    assert ask(VerdictServer(runs=runs), "/runs/1?wait=9").patience == 0


@pytest.mark.parametrize("body", [b"[]", b'{"select": ["x"]}', b"{", b"[" * 9_999])
def test_a_run_takes_no_options(body):
    answer = ask(VerdictServer(runs=FakeRuns()), "/runs", "POST", body=body)

    assert answer.status == 400


@pytest.mark.parametrize(
    ("header", "status"),
    [
        pytest.param("Bearer tok-12345678", 200, id="right"),
        pytest.param("bearer  tok-12345678", 200, id="lower-case"),
        pytest.param("Bearer tok-1234567", 401, id="shorter"),
        pytest.param("Bearer ", 401, id="empty"),
        pytest.param("tok-12345678", 401, id="bare"),
        pytest.param("Basic tok-12345678", 401, id="basic"),
        pytest.param("Bearer caf\u00e9", 401, id="latin-1"),
    ],
)
def test_the_token_is_demanded_but_for_the_health(header, status):
    server = VerdictServer(report=REPORT, token="tok-12345678")

    answer = ask(server, "/verdicts", authorization=header)

    assert answer.status == status
    assert "tok-1" not in str(answer)
    assert ask(server, "/verdicts").status == 401
    assert ask(server, "/health").status == 200


def test_head_is_get_without_a_body():
    server = VerdictServer(report=REPORT)

    for path in ("/verdicts", "//verdicts/", "/health", "/runs"):
        assert ask(server, path, "HEAD") == ask(server, path)
        assert ask(server, path).status == 200


@pytest.mark.parametrize("origin", ["null", "http://[", "", "http://127.0.0.1:87000"])
def test_an_odd_origin_is_a_foreign_one(origin):
    server = VerdictServer(runs=FakeRuns())

    answer = ask(server, "/runs", "POST", origin=origin, host="127.0.0.1:8700")

    assert answer.status == 403


def test_a_page_of_another_server_starts_no_run():
    server = VerdictServer(runs=FakeRuns())
    host = {"host": "127.0.0.1:8700"}

    foreign = ask(server, "/runs", "POST", origin="https://evil.example", **host)
    own = ask(server, "/runs", "POST", origin="http://127.0.0.1:8700", **host)

    assert (foreign.status, own.status) == (403, 202)
