"""The routes of the verdict server."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qs

from contract.mock_server.json_app import Answer
from contract.model.chat import Json
from contract.model.check import shorten
from contract.model.wire import Request
from contract.run.report import Report
from contract.verdicts.runs import BusyError, Run, Runs, RunState
from contract.verdicts.verdict import summary_json, verdict_json, worst

MOST_WAIT = 600.0
"""The most seconds that `?wait=SECONDS` may ask for."""

SAVED = "saved"
"""The id of the run of a saved report."""

_MOST_FIELDS = 16  # of a query
_RETRY = "2"  # seconds, for Retry-After
_ROUTES: dict[str, Json] = {
    "GET /health": "whether the server is up; needs no token",
    "GET /verdicts": "the summary and all checks",
    "GET /verdicts/CHECK": "the verdict on one check",
    "GET /runs": "the runs so far",
    "POST /runs": "start a run",
    "GET /runs/ID": "one run",
    "DELETE /runs/ID": "stop a run",
}


class _RefusedError(Exception):
    """A request is answered with an error."""

    def __init__(
        self, status: HTTPStatus, error: str, *headers: tuple[str, str]
    ) -> None:
        super().__init__(error)
        self.answer = Answer(
            status=status.value, body={"error": error}, headers=headers
        )


class VerdictServer:
    """
    Answers requests for verdicts, from a saved report or from runs.

    Usage: `json_app(VerdictServer(report=report).answer)`.
    """

    def __init__(
        self,
        *,
        report: Report | None = None,
        runs: Runs | None = None,
        token: str | None = None,
    ) -> None:
        """
        Serve *report*, or the report of the last of *runs*; exactly one is given.

        *token* is what clients must send as `Authorization: Bearer TOKEN`; None demands
        nothing.
        """
        self._saved = report
        self._runs = runs
        self._token = token

    def answer(self, request: Request) -> Answer:
        """Return the answer to *request*; see docs/verdicts.md."""
        try:
            return self._answer(request)
        except _RefusedError as error:
            return error.answer

    def _answer(self, request: Request) -> Answer:
        path, _, text = request.path.partition("?")
        if path == "/health":
            _allow(request, "GET")
            return Answer(body=self._health())
        self._authorise(request)
        _refuse_foreign_pages(request)
        query = _query(text)
        wait = _wait(query.get("wait", ["0"])[-1])
        match path.strip("/").split("/"):
            case [""]:
                _allow(request, "GET")
                return Answer(body={"service": "magistral-contract", "routes": _ROUTES})
            case ["verdicts"]:
                _allow(request, "GET")
                return self._when_known(wait, summary_json)
            case ["verdicts", check]:
                _allow(request, "GET")
                target = query.get("target", [None])[-1]
                return self._when_known(
                    wait, lambda report, run: _verdict(report, run, check, target)
                )
            case ["runs"]:
                _allow(request, "GET", "POST")
                return self._start(request) if request.method == "POST" else self._all()
            case ["runs", id]:
                _allow(request, "GET", "DELETE")
                return self._run(request, id, wait)
        raise _RefusedError(
            HTTPStatus.NOT_FOUND, "There is no such path; GET / lists all of them."
        )

    def _health(self) -> dict[str, Json]:
        known, running = self._now()
        return {
            "status": "ok",
            "verdicts": known is not None,
            "running": running is not None,
        }

    def _authorise(self, request: Request) -> None:
        """Raise `_RefusedError` without the token; compares in constant time."""
        if self._token is None:
            return
        scheme, _, given = (request.header("authorization") or "").partition(" ")
        same = hmac.compare_digest(given.strip().encode(), self._token.encode())
        if scheme.lower() != "bearer" or not same:
            raise _RefusedError(
                HTTPStatus.UNAUTHORIZED,
                "Send the token of this server as Authorization: Bearer TOKEN.",
                ("www-authenticate", "Bearer"),
            )

    def _now(self) -> tuple[tuple[str, Report] | None, Run | None]:
        if self._runs is not None:
            return self._runs.now()
        return None if self._saved is None else (SAVED, self._saved), None

    def _when_known(
        self, wait: float, show: Callable[[Report, str], dict[str, Json]]
    ) -> Answer:
        """Return what *show* makes of the report; wait for the first one."""
        known, running = self._now()
        if known is not None:
            run, report = known
            return Answer(body=show(report, run))
        if running is None:
            last = self._runs.all()[-1:] if self._runs else ()
            why = "".join(f"run {one.id} {one.state}: {one.reason}" for one in last)
            raise _RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"There are no verdicts ({why.rstrip('.: ') or 'no run yet'}); "
                "POST /runs starts a run.",
            )
        return Answer(
            status=HTTPStatus.SERVICE_UNAVAILABLE.value,
            body={
                "error": f"There are no verdicts yet, because run {running.id} is "
                "going on; ask again, or wait with ?wait=SECONDS."
            },
            headers=(("retry-after", _RETRY),),
            patience=wait,
        )

    def _all(self) -> Answer:
        runs = self._runs.all() if self._runs else ()
        return Answer(body={"runs": [run.as_json() for run in runs]})

    def _start(self, request: Request) -> Answer:
        if self._runs is None:
            raise _RefusedError(
                HTTPStatus.CONFLICT,
                "This server shows a saved report and has no target to run; start it "
                "with serve --verdicts TARGET.",
            )
        _ensure_empty(request.body)
        try:
            run = self._runs.start()
        except BusyError as busy:
            raise _RefusedError(
                HTTPStatus.CONFLICT,
                f"Run {busy.run} is going on, and there is one at a time; wait with "
                f"GET /runs/{busy.run}?wait=SECONDS, or stop it with DELETE.",
                ("location", f"/runs/{busy.run}"),
            ) from busy
        return Answer(
            status=HTTPStatus.ACCEPTED.value,
            body=run.as_json(),
            headers=(("location", f"/runs/{run.id}"),),
        )

    def _run(self, request: Request, id: str, wait: float) -> Answer:
        run = self._runs.get(id) if self._runs else None
        if self._runs is None or run is None:
            raise _RefusedError(
                HTTPStatus.NOT_FOUND, "There is no such run; GET /runs lists them."
            )
        if request.method != "DELETE":
            waits = run.state is RunState.RUNNING
            return Answer(body=run.as_json(), patience=wait if waits else 0.0)
        if not self._runs.stop(run.id):
            raise _RefusedError(
                HTTPStatus.CONFLICT, f"Run {run.id} has ended ({run.state})."
            )
        return Answer(status=HTTPStatus.ACCEPTED.value, body=run.as_json())


def _verdict(
    report: Report, run: str, check: str, target: str | None
) -> dict[str, Json]:
    """Return the verdict on *check*: on *target*, or the worst of all targets."""
    results = [
        result
        for result in report.results
        if result.check.id == check and target in {None, result.target}
    ]
    found = worst(report, results)
    if found is not None:
        return verdict_json(report, found, run)
    trouble = next((h.trouble for h in report.headers if h.trouble), "")
    if trouble:
        raise _RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"The target could not be judged: {' '.join(trouble.split())}",
        )
    raise _RefusedError(
        HTTPStatus.NOT_FOUND,
        f"This run has no verdict on {shorten(check)}; GET /verdicts lists all.",
    )


def _allow(request: Request, *methods: str) -> None:
    # A server that has GET has HEAD (RFC 9110 9.1); uvicorn leaves out the body.
    method = "GET" if request.method == "HEAD" else request.method
    if method not in methods:
        raise _RefusedError(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"Use {' or '.join(methods)} here.",
            ("allow", ", ".join(methods)),
        )


def _refuse_foreign_pages(request: Request) -> None:
    """Raise `_RefusedError` if a page of another server made a browser send this."""
    origin = request.header("origin")
    host = request.header("host") or ""
    if origin is not None and origin not in {f"http://{host}", f"https://{host}"}:
        raise _RefusedError(
            HTTPStatus.FORBIDDEN, "Pages of other servers cannot use this one."
        )


def _query(text: str) -> dict[str, list[str]]:
    try:
        return parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise _RefusedError(
            HTTPStatus.BAD_REQUEST, "The query is too long; use wait and target."
        ) from None


def _wait(text: str) -> float:
    try:
        wait = float(text)
    except ValueError:
        wait = -1.0
    if not 0 <= wait <= MOST_WAIT:
        raise _RefusedError(
            HTTPStatus.BAD_REQUEST,
            f"wait is a number of seconds from 0 to {MOST_WAIT:g}.",
        )
    return wait


def _ensure_empty(body: bytes) -> None:
    """Raise `_RefusedError` if the *body* of POST /runs says anything."""
    try:
        value = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        value = None
    if value != {}:
        raise _RefusedError(
            HTTPStatus.BAD_REQUEST,
            "The body must be empty or {}; the options of a run are those with which "
            "this server was started.",
        )
