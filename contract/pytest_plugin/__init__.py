"""
Pytest plug-in: checks as test items, options, the `magistral` fixture.

Imports: _version, cli, client, clients, consumer, errors, model, plugins, reporters,
run, targets, testing.
Third parties: pytest, respx, xdist.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from contract.pytest_plugin import settings
from contract.pytest_plugin.judged import JUDGED, Judged, Unopened, pack

if TYPE_CHECKING:
    import respx
    from xdist.workermanage import WorkerController  # type: ignore[import-untyped]  # xdist publishes no types

    from contract.clients.playing import Played
    from contract.model.check import Check
    from contract.pytest_plugin.scheduling import TargetScheduling
    from contract.run.verification import Verification

MARKERS = {
    "must": "a check whose failure fails the run",
    "should": "a check whose failure is a warning, and fails the run if strict",
    "may": "a check whose failure is a warning",
    "slow": "a check with many requests or a long prompt",
}

SUITE = "contract.suite"
SCENARIOS = "magistral_scenarios"
# Whether a test failed, so that what it did not come to do is no second failure.
RAISED = pytest.StashKey[bool]()
# Set in the input of an xdist worker if all items of a target run in one worker.
ONE_WORKER_PER_TARGET = "contract-one-worker-per-target"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `magistral-contract verify` that apply to a test run."""
    settings.add_options(parser)
    parser.getgroup("contract").addoption(
        "--magistral-replay",
        metavar="DIR",
        help="let the fixture magistral answer from this recording",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and fail early if a report cannot be written."""
    for name, description in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {description}")
    config.addinivalue_line(
        "markers",
        f"{SCENARIOS}(scenarios=, dialects=, select=): what magistral_scenario plays",
    )
    if settings.read(config) != settings.Settings():
        _register_summary(config)


def _register_summary(config: pytest.Config) -> None:
    """Register the summary; under xdist only the controller has one."""
    name = "magistral-contract-summary"
    if hasattr(config, "workerinput") or config.pluginmanager.hasplugin(name):
        return
    from contract.errors import ContractError
    from contract.pytest_plugin.summary import Summary

    try:
        summary = Summary(settings.read(config))
    except ContractError as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(summary, name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses `contract_result` for each check on each target."""
    if "contract_session" in metafunc.fixturenames:
        _parametrize_targets(metafunc)
    if "contract_check" in metafunc.fixturenames:
        _parametrize_checks(metafunc)
    if "magistral_scenario" in metafunc.fixturenames:
        _parametrize_scenarios(metafunc)


def _parametrize_scenarios(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses `magistral_scenario` for each scenario and dialect."""
    from contract.clients.playing import pairs
    from contract.errors import ContractError

    marker = metafunc.definition.get_closest_marker(SCENARIOS)
    options = {} if marker is None else marker.kwargs
    try:
        unknown = sorted(set(options) - {"scenarios", "dialects", "select"})
        if unknown or (marker is not None and marker.args):
            raise pytest.Collector.CollectError(
                f"{SCENARIOS} takes scenarios=, dialects= and select=, each a list."
            )
        found = pairs(
            _names(options.get("scenarios", ())),
            _names(options.get("dialects", ())),
            _names(options.get("select", ())),
        )
    except ContractError as error:
        raise pytest.Collector.CollectError(str(error)) from error
    chosen = _names(options.get("select", ()))
    metafunc.parametrize(
        "magistral_scenario",
        [(dialect, scenario, chosen) for dialect, scenario in found],
        ids=[f"{dialect}-{scenario}" for dialect, scenario in found],
        indirect=True,
    )


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _parametrize_targets(metafunc: pytest.Metafunc) -> None:
    targets = _targets(metafunc.config)
    metafunc.parametrize(
        "contract_session",
        targets,
        ids=_ids(metafunc.config),
        indirect=True,
        scope="session",
    )


def _targets(config: pytest.Config) -> tuple[str, ...]:
    return tuple(dict.fromkeys(settings.read(config).targets)) or ("mock",)


def _ids(config: pytest.Config) -> tuple[str, ...]:
    """Return the targets without their keys, as in the names of items and reports."""
    from contract.targets.base import mask_key

    return tuple(mask_key(target) for target in _targets(config))


def _parametrize_checks(metafunc: pytest.Metafunc) -> None:
    from contract.errors import ContractError
    from contract.testing.proof import select_checks

    chosen = settings.read(metafunc.config)
    _register_summary(metafunc.config)
    try:
        checks = select_checks(
            chosen.select, chosen.ignore, trust_plugins=chosen.trust_plugins
        )
    except ContractError as error:
        raise pytest.Collector.CollectError(str(error)) from error
    # Invariants come last, because they are judged on what the others have sent.
    checks = tuple(sorted(checks, key=lambda check: check.every is not None))
    for family in {check.family for check in checks}:
        metafunc.config.addinivalue_line("markers", f"{family}: a check of this family")
    metafunc.parametrize(
        "contract_check",
        [pytest.param(check, id=check.id, marks=_marks(check)) for check in checks],
        indirect=True,
    )


def _marks(check: Check) -> list[pytest.MarkDecorator]:
    names = [check.level.value.lower(), check.family, *(["slow"] if check.slow else [])]
    return [getattr(pytest.mark, name) for name in names]


@pytest.fixture(scope="session")
def contract_session(
    request: pytest.FixtureRequest,
) -> Iterator[Verification | Unopened]:
    """
    The target of this test, opened once and closed at the end of the session.

    A target that cannot be opened is `Unopened`: it fails one test and skips the rest.
    """
    from contract.cli.budgets import bounds, retry_budget, window
    from contract.cli.config import limits
    from contract.cli.offers import capabilities
    from contract.cli.outputs import profiles
    from contract.cli.repeating import as_words
    from contract.client.route import Route
    from contract.errors import ContractError
    from contract.run.opening import open_target
    from contract.targets.base import mask_key

    chosen = settings.read(request.config)
    target: str = request.param
    with ExitStack() as stack:
        try:
            verification = stack.enter_context(
                open_target(
                    target,
                    profile=chosen.profile,
                    profiles=profiles(chosen.profiles),
                    model=chosen.model,
                    key_env=chosen.api_key_env,
                    budget=bounds(chosen.budget),
                    offers=capabilities(chosen.offer),
                    context_window=window(chosen.context_window),
                    retry_budget=retry_budget(chosen.retry_budget),
                    limits=limits(chosen.others),
                    concurrency=chosen.others.get("concurrency"),
                    max_requests=chosen.others.get("max_requests"),
                    max_examples=chosen.others.get("max_examples"),
                    seed=chosen.others.get("seed"),
                    route=Route.read(chosen.header, chosen.header_env, chosen.proxy),
                    repeat=as_words({**asdict(chosen), **chosen.others}),
                    notes=(chosen.note,) if chosen.note else (),
                    thorough=chosen.thorough,
                )
            )
        except ContractError as error:
            yield Unopened(mask_key(target), str(error))
            return
        if _has_all_items(request.session):
            plan = verification.plan(_checks(request.session, target), slow=chosen.slow)
            verification.session.prefetch(plan.together)
        yield verification


def _has_all_items(session: pytest.Session) -> bool:
    """Return whether all items of a target run in this process."""
    worker_input = getattr(session.config, "workerinput", None)
    return worker_input is None or ONE_WORKER_PER_TARGET in worker_input


def _mode(config: pytest.Config) -> str | None:
    """Return the xdist mode if each target gets one worker; None otherwise."""
    from contract.pytest_plugin.scheduling import SCOPES

    # A test run that verifies nothing keeps the scheduler of xdist.
    verifies = settings.read(config) != settings.Settings() or SUITE in config.args
    mode = config.getoption("dist", None)
    return mode if verifies and mode in SCOPES else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: object
) -> TargetScheduling | None:
    """Return a scheduler with one worker per target; None if nothing is verified."""
    if (mode := _mode(config)) is None:
        return None
    from contract.pytest_plugin.scheduling import SCOPES, TargetScheduling

    return TargetScheduling(config, log, _ids(config), SCOPES[mode])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Pass to a worker that all items of its targets run there."""
    if _mode(node.config) is not None:
        node.workerinput[ONE_WORKER_PER_TARGET] = True


def _checks(session: pytest.Session, target: str) -> list[Check]:
    """Return the checks on *target* that remain after -k, -m and --lf."""
    parameters = [
        item.callspec.params for item in session.items if hasattr(item, "callspec")
    ]
    return [
        given["contract_check"]
        for given in parameters
        if given.get("contract_session") == target and "contract_check" in given
    ]


@pytest.fixture
def contract_check(request: pytest.FixtureRequest) -> Check:
    """The check of this test."""
    check: Check = request.param
    return check


@pytest.fixture
def contract_result(
    request: pytest.FixtureRequest,
    contract_session: Verification | Unopened,
    contract_check: Check,
) -> Judged:
    """The result of one check on one target; `enforce()` ends the test with it."""
    chosen = settings.read(request.config)
    if isinstance(contract_session, Unopened):
        judged = contract_session.judged(contract_check, strict=chosen.strict)
    else:
        result = contract_session.run(contract_check, slow=chosen.slow)
        judged = Judged(result, contract_session.header, strict=chosen.strict)
    request.node.stash[JUDGED] = judged
    request.node.user_properties += judged.properties
    return judged


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """
    Attach the result to the test report, which xdist sends to the controller.

    What pytest prints of a check passes the gate here, whatever it is.
    """
    report = yield
    if call.when == "call" and call.excinfo is not None:
        item.stash[RAISED] = True
    judged = item.stash.get(JUDGED, None)
    if judged is not None or "contract_session" in getattr(item, "fixturenames", ()):
        from contract.pytest_plugin import gate

        gate.apply(report)
    if call.when == "call" and judged is not None:
        with_exchanges = bool(settings.read(item.config).report)
        vars(report)["contract"] = pack(judged, exchanges=with_exchanges)
    return report


@pytest.fixture
def magistral(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., respx.MockRouter]]:
    """
    `magistral("vllm", url=…, fault=…)` answers httpx requests like that server.

    No port is opened, and httpx is restored when the test ends. The options are those
    of `contract.consumer.mocked`. With `--magistral-replay DIR` it answers from that
    recording, as with `replay=DIR`.
    """
    recorded = request.config.getoption("--magistral-replay", None)
    with ExitStack() as stack:

        def start(dialect: str = "mistral", **options: Any) -> respx.MockRouter:
            try:
                from contract.consumer import mocked
            except ImportError:
                pytest.fail(
                    "The fixture magistral needs respx: run "
                    "pip install -e '.[consumer]' in the cloned repository.",
                    pytrace=False,
                )
            if recorded is not None:
                options.setdefault("replay", recorded)
            return stack.enter_context(mocked(dialect, **options))

        yield start


@pytest.fixture
def magistral_scenario(request: pytest.FixtureRequest) -> Iterator[Played]:
    """
    A scenario of `magistral-contract client`, for a client inside the test.

    The test runs once for each scenario and dialect; the marker `magistral_scenarios`
    narrows them. It asks the client for what `.task` says, at `.base_url`, and ends
    with `.judge(answer=…, reasoning=…)`, or with `.judge(error=…)` if the client
    raises.
    """
    from contract.clients.playing import playing

    dialect, scenario, chosen = request.param
    with playing(dialect, scenario, chosen) as played:
        yield played
        call = request.node.stash.get(RAISED, False)
        if not played.judged and not call:
            pytest.fail(
                "The test ended without magistral_scenario.judge(answer=…).",
                pytrace=False,
            )
