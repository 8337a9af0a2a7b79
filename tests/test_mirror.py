"""Each module with code has a test file of its name, or a line that says where."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from contract.testing import layers

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
# Module -> the files that test it, where that is no file of its name. For
# `contract/a/b.py` such a file is `tests/a/test_b.py`, or `tests/wire/a/test_b.py` or
# `tests/wire/test_b.py` if it needs sockets; for a package, `tests/a/test_init.py`.
ELSEWHERE: dict[str, tuple[str, ...]] = {
    # Proven together: each requirement holds for a sound client and fails for a bug.
    "clients.judging": ("tests/clients/test_scenarios.py",),
    "clients.scenarios.errors": ("tests/clients/test_scenarios.py",),
    "clients.scenarios.program": ("tests/clients/test_scenarios.py",),
    "clients.scenarios.reasoning": ("tests/clients/test_scenarios.py",),
    "clients.scenarios.requests": ("tests/clients/test_scenarios.py",),
    "clients.scenarios.responses": ("tests/clients/test_scenarios.py",),
    "clients.scenarios.retries": ("tests/clients/test_scenarios.py",),
    "clients.scenarios.streams": ("tests/clients/test_scenarios.py",),
    "clients.scenarios.tools": ("tests/clients/test_scenarios.py",),
    "clients.scenarios.transport": ("tests/clients/test_scenarios.py",),
    # Readers and names behind `fit`, whose files are made in its tests.
    "memory.files": ("tests/cli/test_fit.py",),
    "memory.gguf": ("tests/cli/test_fit.py", "tests/live/test_fit.py"),
    "memory.published": ("tests/memory/test_fitting.py",),
    "memory.safetensors": ("tests/cli/test_fit.py",),
    "memory.shape": ("tests/memory/test_quantisation.py",),
    "memory.starting": ("tests/cli/test_fit.py",),
    # Steps of a comparison, which is tested on what mocks reply.
    "identity.counted": ("tests/wire/identity/test_comparing.py",),
    "identity.evidence": ("tests/wire/identity/test_comparing.py",),
    # Asked before a package is imported; the program that compares; what a run prints.
    "claims.extra": ("tests/claims/test_items.py",),
    "claims.grading": ("tests/claims/test_scoring.py",),
    "claims.result": ("tests/wire/cli/test_claims.py",),
    # Run as `python -m contract`.
    "__main__": ("tests/wire/test_plugins.py",),
    "_version": ("tests/cli/test_init.py",),
    # Requests and helpers of a family of checks, tested by its checks.
    "checks.context.prompt_length": (
        "tests/checks/context/test_lengths.py",
        "tests/checks/context/test_truncation.py",
    ),
    "checks.context.prompts": (
        "tests/checks/context/test_lengths.py",
        "tests/checks/context/test_truncation.py",
    ),
    # Values and names that the modules beside them are made of.
    "providers.responses": ("tests/model/test_surface.py",),
    "providers.responses.names": ("tests/providers/responses/test_rendering.py",),
    "checks.latency.delays": ("tests/checks/latency/test_pace.py",),
    "checks.faults.logprobs": ("tests/checks/sampling/test_logprobs.py",),
    "checks.sampling.logprob_probes": ("tests/checks/sampling/test_logprobs.py",),
    "checks.structured.document": (
        "tests/checks/structured/test_around.py",
        "tests/checks/structured/conftest.py",
    ),
    "checks.tools.probes": ("tests/checks/tools/test_calls.py",),
    # What `verify` runs.
    "cli.verifying": ("tests/wire/cli/test_verify.py",),
    # What a fingerprint is made of, tested by what mocks reply.
    "identity.collecting": ("tests/wire/identity/test_comparing.py",),
    "identity.observations": ("tests/identity/test_fingerprint.py",),
    "identity.opening": ("tests/wire/identity/test_comparing.py",),
    "identity.prompts": ("tests/identity/test_fingerprint.py",),
    # Both transports have the same tests.
    "client.httpx_transport": ("tests/wire/test_stamped_transport.py",),
    "client.transport": ("tests/wire/test_stamped_transport.py",),
    # Time-outs need a server that is silent.
    "client.timeouts": ("tests/wire/test_recorder.py",),
    # Both are programs of their own, which a child process runs.
    "engines.shim.sitecustomize": ("tests/engines/test_shim.py",),
    "engines.watching": ("tests/wire/engines/test_process.py",),
    # Parts of the export for Apidog, and exporters that only put parts together.
    "exporters.apidog_guide": ("tests/exporters/test_apidog.py",),
    "exporters.apidog_project": ("tests/exporters/test_apidog.py",),
    "exporters.openapi": ("tests/cli/test_export.py",),
    "exporters.pages": ("tests/exporters/test_apidog.py",),
    "exporters.postman": ("tests/cli/test_export.py",),
    "exporters.recorded": ("tests/exporters/test_apidog.py",),
    # Starts Schemathesis, with the hooks that it loads.
    "fuzzing.bounded": ("tests/wire/test_fuzz_bounds.py",),
    "fuzzing.running": (
        "tests/wire/cli/test_fuzz.py",
        "tests/wire/test_fuzz_running.py",
    ),
    "schemathesis_hooks": (
        "tests/wire/cli/test_fuzz.py",
        "tests/wire/test_schemathesis.py",
    ),
    # Requests that many checks share: one name is one request.
    "model.probes": ("tests/test_laws.py",),
    "model.provider": (
        "tests/model/test_examples.py",
        "tests/catalog/test_providers.py",
    ),
    # Values without behaviour, tested by what reads them.
    "model.rejection": (
        "tests/providers/mistral/test_rejections.py",
        "tests/providers/vllm/test_rejections.py",
    ),
    "model.rules": ("tests/providers/test_rules.py",),
    "providers.inline": ("tests/catalog/test_providers.py",),
    "providers.litellm": ("tests/catalog/test_providers.py",),
    "providers.llamacpp": ("tests/catalog/test_providers.py",),
    "providers.lmstudio": ("tests/catalog/test_providers.py",),
    "providers.mistral": ("tests/catalog/test_providers.py",),
    "providers.ollama": ("tests/catalog/test_providers.py",),
    "providers.sglang": ("tests/catalog/test_providers.py",),
    "providers.transformers": ("tests/catalog/test_providers.py",),
    "providers.vllm": ("tests/catalog/test_providers.py",),
    "providers.vllm_rust": ("tests/catalog/test_providers.py",),
    "providers.llamacpp.rules": ("tests/providers/test_rules.py",),
    "providers.lmstudio.rules": ("tests/providers/test_rules.py",),
    "providers.mistral.rules": ("tests/providers/test_rules.py",),
    "providers.ollama.rules": ("tests/providers/test_rules.py",),
    "providers.transformers.rules": ("tests/providers/test_rules.py",),
    "providers.vllm.rules": ("tests/providers/test_rules.py",),
    "providers.vllm_rust.rules": ("tests/providers/test_rules.py",),
    # In the test suites of users.
    "pytest_plugin": ("tests/wire/test_pytest_plugin.py",),
    "pytest_plugin.summary": ("tests/wire/test_pytest_plugin.py",),
    # Data and short forms, tested by what is assembled and decided with them.
    "portable.facts": ("tests/portable/test_assembly.py",),
    "portable.schemas": ("tests/portable/test_requirement.py",),
    # What the verb `load` does, and the pictures of its page.
    "cli.loading": ("tests/cli/test_load.py", "tests/wire/cli/test_load.py"),
    "cli.load_page": ("tests/cli/test_load_reports.py",),
    # Asked before anything else is imported.
    "load.extra": ("tests/cli/test_load.py",),
    # The processes that the engine runs in, started and read.
    "load.running": ("tests/support/loads.py", "tests/support/load_report.py"),
    # The process of a relay, started by the verb.
    "proxying.engine": ("tests/wire/proxying/test_running.py",),
    # The parts of a relay.
    "proxying.limits": ("tests/wire/proxying/test_relay.py",),
    "proxying.passing": ("tests/wire/proxying/test_relay.py",),
    "proxying.tunnel": ("tests/wire/proxying/test_ways.py",),
    "proxying.upstream": ("tests/wire/proxying/test_relay.py",),
    # Named on the command line of `diff`.
    "cli.documents": ("tests/cli/test_diff.py", "tests/wire/cli/test_diff.py"),
    # What comparisons are made of.
    "openapi_diff.atoms": ("tests/openapi_diff/test_subset.py",),
    "openapi_diff.shapes": ("tests/openapi_diff/test_subset.py",),
    # What `open_target` and `open_recordings` return.
    "run.verification": ("tests/wire/test_opening.py",),
    # A test module itself: `pytest --pyargs contract.suite`.
    "suite": ("tests/wire/test_pytest_plugin.py",),
    "targets.base": ("tests/targets/test_url.py", "tests/wire/test_mock.py"),
    "testing.layers": ("tests/test_layers.py",),
    # Parts of the files of a tiny model.
    "tiny.saving": ("tests/cli/test_tiny.py",),
    "tiny.template": ("tests/tiny/test_transformers.py",),
    # What it draws is what these tests are about.
    "testing.strategies": ("tests/model/test_dialect.py", "tests/test_totality.py"),
}


def has_code(module):
    """Whether it defines anything: a docstring, imports and `__all__` do not."""
    return any(
        not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)
        and not (isinstance(node, ast.Assign) and "__all__" in names_of(node))
        for node in module.tree.body
    )


def names_of(node):
    """The names that a statement binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {one.id for one in node.targets if isinstance(one, ast.Name)}
    return set()


def mentions(text, module):
    """
    Whether a test in *text* is about *module*: its name, or what it defines.

    A check or fault may also be named by its id. Constants do not count, because
    modules share their names.
    """
    dotted = ".".join(filter(None, ("contract", module.name)))
    words = {dotted, dotted.rpartition(".")[2]}
    for name in set().union(*map(names_of, module.tree.body)):
        private = name.startswith("_") and not name.endswith("__")
        if not private and not name.isupper():
            words |= {name, name.replace("_", "-")}
    pattern = "|".join(map(re.escape, sorted(words)))
    return re.search(rf"(?<![\w-])(?:{pattern})(?![\w-])", text) is not None


def mirrors(module):
    """The test files of the module's name, those that do not exist left out."""
    path = module.name.replace(".", "/")
    if (layers.PACKAGE / path).is_dir():
        folder, leaf = path, "init"
        short = path.rpartition("/")[2] or "init"
    else:
        folder, _, leaf = path.rpartition("/")
        short = leaf
    found = {
        TESTS / folder / f"test_{leaf}.py",
        TESTS / "wire" / folder / f"test_{leaf}.py",
    }
    # Modules of several folders may share this name.
    wire = TESTS / "wire" / f"test_{short}.py"
    if wire.is_file() and imports(wire.read_text("utf-8"), module):
        found.add(wire)
    return {path for path in found if path.is_file()}


def imports(text, module):
    """Whether the test file with *text* imports *module*, or something of it."""
    name = f"contract.{module.name}".rstrip(".")
    found = layers.Module("", ast.parse(text)).imported
    return any(one == name or one.startswith(f"{name}.") for one in found)


MODULES = {one.name: one for one in layers.read().modules if has_code(one)}


def test_each_module_has_a_test_file_of_its_name_or_is_listed():
    untested = {
        name
        for name, module in MODULES.items()
        if name not in ELSEWHERE and not mirrors(module)
    }

    assert untested == set()


def test_each_test_file_is_about_the_module_that_it_is_named_after():
    wrong = {
        f"{path.relative_to(ROOT)} does not mention {name}"
        for name, module in MODULES.items()
        for path in mirrors(module)
        if not mentions(path.read_text("utf-8"), module)
    }

    assert wrong == set()


def test_a_listed_module_exists_and_has_no_file_of_its_name():
    gone = {name for name in ELSEWHERE if name not in MODULES}
    mirrored = {name for name in set(ELSEWHERE) - gone if mirrors(MODULES[name])}

    assert gone == set()
    assert mirrored == set()


def test_the_listed_files_exist_and_mention_the_module():
    listed = {
        (ROOT / path, name) for name, paths in ELSEWHERE.items() for path in paths
    }
    gone = {str(path) for path, _ in listed if not path.is_file()}
    unrelated = {
        f"{path.relative_to(ROOT)} does not mention {name}"
        for path, name in listed
        if path.is_file()
        and name in MODULES
        and not mentions(path.read_text("utf-8"), MODULES[name])
    }

    assert all(ELSEWHERE.values())
    assert gone == set()
    assert unrelated == set()
