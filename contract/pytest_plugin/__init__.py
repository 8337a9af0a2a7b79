"""
The pytest plug-in: checks as items, options, the `magistral` fixture.

Imports: _version, cli, consumer, errors, model, plugins, reporters, run, targets.
Third parties: pytest, respx, xdist.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from contract.pytest_plugin import settings
from contract.pytest_plugin.judged import (
    JUDGED,
    Judged,
    Unopened,
    pack,
)

if TYPE_CHECKING:
    import respx
    from xdist.workermanage import WorkerController  # type: ignore[import-untyped]  # xdist publishes no types

    from contract.model.check import Check
    from contract.pytest_plugin.scheduling import TargetScheduling
    from contract.run.verification import Verification

MARKERS = {
    "must": "a check whose failure violates the contract",
    "should": "a check whose failure is reported, and a violation when strict",
    "may": "a check whose failure is only reported",
    "slow": "a check of many requests or a long prompt",
}

SUITE = "contract.suite"
# What the controller of xdist tells its workers: that a target has one of them.
APART = "contract-targets-apart"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `magistral-contract verify` that make sense in a test run."""
    settings.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Say what items are marked with, and find out early what cannot be written."""
    for name, story in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {story}")
    if settings.read(config) != settings.Settings():
        _summarise(config)


def _summarise(config: pytest.Config) -> None:
    """Collect the results; under xdist only the controller sees them all."""
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
    """A test that asks for `contract_result` runs for each check on each target."""
    if "contract_session" in metafunc.fixturenames:
        _each_target(metafunc)
    if "contract_check" in metafunc.fixturenames:
        _each_check(metafunc)


def _each_target(metafunc: pytest.Metafunc) -> None:
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
    """The targets as items and reports name them: a key is not shown."""
    from contract.targets.base import without_key

    return tuple(without_key(target) for target in _targets(config))


def _each_check(metafunc: pytest.Metafunc) -> None:
    from contract.errors import ContractError
    from contract.model.check import Check
    from contract.plugins.discovery import find
    from contract.run.select import select

    chosen = settings.read(metafunc.config)
    _summarise(metafunc.config)
    try:
        checks = select(find("checks", Check).values(), chosen.select, chosen.ignore)
    except ContractError as error:
        raise pytest.Collector.CollectError(str(error)) from error
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
    The target of this test, opened once and greeted; closed when all is done.

    A target that cannot be opened is a value too: it fails one test, not forty.
    """
    from contract.cli.budgets import (
        bounds,
        window,
    )
    from contract.cli.offers import capabilities
    from contract.cli.outputs import profiles
    from contract.errors import ContractError
    from contract.run.verification import open_target
    from contract.targets.base import without_key

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
                )
            )
        except ContractError as error:
            yield Unopened(without_key(target), str(error))
            return
        if _alone(request.session):
            plan = verification.plan(_checks(request.session, target), slow=chosen.slow)
            verification.session.prefetch(plan.together)
        yield verification


def _alone(session: pytest.Session) -> bool:
    """Whether all items of a target run in this process, so that all may be sent."""
    told = getattr(session.config, "workerinput", None)
    return told is None or APART in told


def _mode(config: pytest.Config) -> str | None:
    """The mode of xdist in which targets are kept apart; None when they are not."""
    from contract.pytest_plugin.scheduling import SCOPES

    # A suite that verifies nothing keeps the scheduler it knows.
    verifies = settings.read(config) != settings.Settings() or SUITE in config.args
    mode = config.getoption("dist", None)
    return mode if verifies and mode in SCOPES else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: object
) -> TargetScheduling | None:
    """One worker for each target, where xdist would spread a target's items."""
    if (mode := _mode(config)) is None:
        return None
    from contract.pytest_plugin.scheduling import (
        SCOPES,
        TargetScheduling,
    )

    return TargetScheduling(config, log, _ids(config), SCOPES[mode])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker whether it has its targets to itself."""
    if _mode(node.config) is not None:
        node.workerinput[APART] = True


def _checks(session: pytest.Session, target: str) -> list[Check]:
    """The checks that are left after -k, -m and --lf, on this target."""
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
    """The result of one check on one target; `enforce()` makes it the test's own."""
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
    """Let the result travel with the test's report, which xdist hands on."""
    report = yield
    judged = item.stash.get(JUDGED, None)
    if call.when == "call" and judged is not None:
        wanted = bool(settings.read(item.config).report)
        vars(report)["contract"] = pack(judged, exchanges=wanted)
    return report


@pytest.fixture
def magistral() -> Iterator[Callable[..., respx.MockRouter]]:
    """
    `magistral("vllm", url=…, fault=…)` answers httpx as that provider, without a port.

    Until the test ends; the options are those of `contract.consumer.mocked`.
    """
    with ExitStack() as stack:

        def start(dialect: str = "mistral", **options: Any) -> respx.MockRouter:
            try:
                from contract.consumer import mocked
            except ImportError:
                pytest.fail(
                    "The fixture magistral needs respx: "
                    "pip install -e '.[consumer]' where it was cloned.",
                    pytrace=False,
                )
            return stack.enter_context(mocked(dialect, **options))

        yield start
