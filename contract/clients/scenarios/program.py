"""Requirements on any program, whatever it is asked to do."""

from __future__ import annotations

from contract.clients.expectations import same_answer, same_usage
from contract.clients.output import Trouble
from contract.clients.scenario import Run, Scenario, requirement
from contract.model.check import Finding, Findings

PLAIN = Scenario(
    id="plain", title="The server answers at once, with text and nothing else."
)
_PROTOCOL = "docs/client.md, the result"


@requirement(
    "client.ends-in-time",
    "A program MUST end, or print its result, within the time of a scenario.",
    source=_PROTOCOL,
)
def ends_in_time(run: Run) -> Findings:
    if run.output.trouble is Trouble.HUNG:
        waits = f"{len(run.chats)} chat requests were sent"
        yield Finding("the program hangs", run.output.reason, waits, at=run.scenario.id)


@requirement(
    "client.prints-a-result",
    "A program MUST print one result for each scenario, also for a failure.",
    source=_PROTOCOL,
)
def prints_a_result(run: Run) -> Findings:
    trouble = run.output.trouble
    if trouble is not None and trouble is not Trouble.HUNG:
        yield Finding(
            "there is no result",
            expected="a line of JSON with an answer or an error",
            actual=run.output.reason,
            at=run.scenario.id,
        )


@requirement(
    "client.leaves-nothing-running",
    "A program SHOULD end the processes that it starts.",
    source=_PROTOCOL,
)
def leaves_nothing_running(run: Run) -> Findings:
    if run.output.left_behind:
        yield Finding(
            "processes of the program were still running when it ended",
            expected="none",
            actual=str(run.output.left_behind),
            at=run.scenario.id,
        )


@requirement(
    "client.reads-a-plain-answer",
    "A client MUST return the answer of a whole response.",
    source="OpenAI API reference, chat completions",
    on=PLAIN,
)
def reads_a_plain_answer(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.reports-usage",
    "A client SHOULD report the token counts of a response as it received them.",
    source="OpenAI API reference, chat completions: usage",
    on=PLAIN,
)
def reports_usage(run: Run) -> Findings:
    yield from same_usage(run)
