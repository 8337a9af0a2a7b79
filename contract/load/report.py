"""The report of a load test: its steps, the knee of a sweep, and the JSON form v1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from contract.load.running import Step
from contract.load.totals import METRICS, PERCENTS
from contract.model.chat import Json
from contract.run.report import Report
from contract.run.report import to_json as report_to_json

FORMAT = "load-v1"
GOOD_SHARE = 0.95  # of the requests, for the highest step that is called good


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one step; values are seconds, or tokens per second."""

    name: str
    meaning: str
    unit: str
    # The number of values.
    n: int
    # By percentile, in the order of `PERCENTS`; the 50th is the median.
    percentiles: tuple[float, ...]
    largest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """All that a load test found."""

    # Header and results as of `verify`, with the exit code.
    report: Report
    # One step; several of a sweep, in their order.
    steps: tuple[Step, ...]
    # Requirements on the replies were judged on this many of them.
    sampled: int
    # Where the failing exchanges, or all that were kept, are saved; empty: nowhere.
    saved: str = ""

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 3 inconclusive, 4 a check crashed."""
        return self.report.exit_code


def rows(step: Step) -> Iterator[Row]:
    """Yield the metrics of *step* that have values."""
    for name, (meaning, unit) in METRICS.items():
        values = step.totals.latencies[name]
        if not values.count:
            continue
        yield Row(
            name=name,
            meaning=meaning,
            unit=unit,
            n=values.count,
            percentiles=tuple(values.percentile(p) or 0.0 for p in PERCENTS),
            largest=values.largest or 0.0,
        )


def load_of(step: Step) -> str:
    """Return the load of a step in words: `8 users` or `2.5 requests/s`."""
    plan = step.plan
    if plan.users is not None:
        return f"{plan.users} user{'s' if plan.users != 1 else ''}"
    return f"{offered(step):.4g} requests/s"


def offered(step: Step) -> float:
    """Return the users of a step, or the requests that its schedule has per second."""
    plan = step.plan
    if plan.users is not None:
        return float(plan.users)
    length = plan.warm_up + plan.duration
    return len(plan.schedule) / length if length > 0 else 0.0


def throughput(step: Step) -> float:
    """Return the output tokens per second of all requests together."""
    return step.totals.rate(step.totals.tokens)


def per_user(step: Step) -> float:
    """Return the output tokens per second of the median request."""
    return step.totals.latencies["tokens_per_second"].percentile(50) or 0.0


def knee(steps: Sequence[Step]) -> int | None:
    """
    Return the place of the step at the knee of a sweep; None for fewer than three.

    The knee is where throughput divided by response time, the power of the system, is
    greatest (Kleinrock 1979, "Power and deterministic rules of thumb for probabilistic
    problems in computer communications"): beyond it, more load buys waiting time.
    """
    powers = [_power(step) for step in steps]
    if len(powers) < 3 or not any(powers):  # noqa: PLR2004  # two points have no bend
        return None
    return powers.index(max(powers))


def _power(step: Step) -> float:
    e2e = step.totals.latencies["e2e"].percentile(50)
    rate = throughput(step) or step.totals.rate(step.totals.answered)
    return rate / e2e if e2e else 0.0


def best_good(steps: Sequence[Step]) -> int | None:
    """Return the place of the highest step of which `GOOD_SHARE` is good, or None."""
    good = [
        n for n, step in enumerate(steps) if (step.totals.goodput or 0) >= GOOD_SHARE
    ]
    return max(good, key=lambda n: offered(steps[n]), default=None)


def to_json(found: LoadReport) -> dict[str, Json]:
    """Return the report as `load-v1.schema.json` describes it."""
    whole = report_to_json(found.report)
    return {
        "format": FORMAT,
        "exit_code": found.exit_code,
        "strict": found.report.strict,
        "target": whole["targets"][0],  # type: ignore[index]  # a list of one
        "steps": [_step(step) for step in found.steps],
        "knee": knee(found.steps),
        "best_good": best_good(found.steps) if len(found.steps) > 1 else None,
        "sampled": found.sampled,
        "saved": found.saved,
        "counts": whole["counts"],
        "results": whole["results"],
    }


def _step(step: Step) -> dict[str, Json]:
    plan, totals = step.plan, step.totals
    return {
        "model": "closed" if plan.users is not None else "open",
        "users": plan.users,
        "rate": None if plan.users is not None else round(offered(step), 6),
        "in_flight": plan.in_flight if plan.open else None,
        "duration": plan.duration,
        "warm_up": plan.warm_up,
        "scenario": plan.scenario.name,
        "seed": plan.seed,
        "same_prompt": plan.same,
        "processes": len(step.generators),
        "troubles": list(step.troubles),
        "requests": {
            "sent": totals.sent,
            "unsent": totals.unsent,
            "measured": totals.measured,
            "answered": totals.answered,
            "late": totals.late,
            "most_in_flight": step.most_in_flight,
            "kinds": dict(sorted(totals.kinds.items())),
            "suspicions": dict(sorted(totals.suspicions.items())),
            "chats": dict(sorted(totals.chats.items())),
        },
        "times": step.times,
        "seconds": round(totals.seconds, 6),
        "goodput": {
            "share": None if totals.goodput is None else round(totals.goodput, 6),
            "requests_per_second": round(totals.rate(totals.good), 6),
        },
        "requests_per_second": round(totals.rate(totals.answered), 6),
        "tokens": totals.tokens,
        "prompt_tokens": totals.prompt_tokens,
        "tokens_per_second": round(throughput(step), 6),
        "metrics": [
            {
                "name": row.name,
                "unit": row.unit,
                "n": row.n,
                **{
                    f"p{percent:g}": round(value, 6)
                    for percent, value in zip(PERCENTS, row.percentiles, strict=True)
                },
                "max": round(row.largest, 6),
                "histogram": totals.latencies[row.name].to_json(),
            }
            for row in rows(step)
        ],
        "generators": [
            {name: round(value, 6) for name, value in asdict(one).items()}
            for one in step.generators
        ],
    }
