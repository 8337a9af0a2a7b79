"""Whatever leaves the process passes a gate: a new way out is found in the source."""

from __future__ import annotations

import ast
from functools import cache

from contract.testing import layers

GRAPH = layers.read()
# What writes a file, and why no text of a server can be in it.
WRITERS = {
    "cli.outputs": "reports, by files.replacing, after the gate of Reporter",
    "run.recording": "recordings, masked and escaped in _write",
    "identity.fingerprint": "fingerprints, masked in dump",
    "files.replacing": "writes what the two above hand over",
    "files.folders": "exports, after the gate of Exporter",
    "checks.multimodal.attachments": "a sound of a request, in memory",
    "files.derived": "values computed from files of this package",
    "fuzzing.running": "openapi.yaml for a child process, in a temporary folder",
    "engines.environments": "the pins of an installed engine",
    "cli.scaffolding": "what init writes, from the options of the command",
    "claims.ledger": "the answers of a run, masked line by line",
    "cli.budget": "settings, of the options of the command and of measured numbers",
    "tiny.transformers": "a scripted model",
    "tiny.vllm": "a scripted model",
    "cli.__init__": "replaces a closed output by the null device",
}
WRITING = {"write_text", "write_bytes", "write_synced", "replace_file", "writelines"}
# What writes around the streams that `cli.streams` gates.
AROUND = {"__stdout__", "__stderr__"}
STREAMS = {
    "load.engine": "a program of its own, whose events its parent reads and masks",
    "claims.grading": "a program of its own, whose output its parent reads",
    "engines.watching": "a program of its own, whose output is a log",
    "engines.llama_server": "a program of its own, whose output is a log",
    "__main__": "one fixed sentence, if Ctrl-C comes before the command line is there",
    "verdicts.external": "a program of its own, whose text is masked and escaped",
    "testing.layers": "a program for this repository, which sends nothing",
}


def writes(node):
    """Return whether *node* is a call that writes a file."""
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in WRITING:
        return True
    if name not in {"open", "fdopen", "NamedTemporaryFile"}:
        return False
    texts = [a.value for a in ast.walk(node) if isinstance(a, ast.Constant)]
    return any(
        isinstance(text, str) and 0 < len(text) <= 3 and set(text) & set("wax+")
        for text in texts
    )


def around(node):
    """Return whether *node* prints with something that `cli.streams` does not gate."""
    if isinstance(node, ast.Attribute):
        inner = node.value
        buffered = node.attr == "buffer" and getattr(inner, "attr", "") in {
            "stdout",
            "stderr",
        }
        return node.attr in AROUND or buffered
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    return name in {"print", "os.write", "sys.stdout.write", "sys.stderr.write"}


@cache
def modules(found):
    return {
        module.name or "__init__"
        for module in GRAPH.modules
        if any(map(found, ast.walk(module.tree)))
    }


def test_only_known_modules_write_files():
    """A new one uses `Output` or `recording.save`, or says here why it need not."""
    assert modules(writes) - {n.removesuffix(".__init__") for n in WRITERS} == set()


def test_nothing_prints_around_the_gate():
    """Verbs print with click or rich, whose streams are gated; pytest has its own."""
    assert modules(around) - set(STREAMS) == set()


def test_the_lists_are_not_longer_than_needed():
    wanted = {n.removesuffix(".__init__") for n in WRITERS}

    assert wanted - modules(writes) == set()
    assert set(STREAMS) - modules(around) == set()


def test_a_writer_is_recognised():
    for source in (
        "path.write_text('x')",
        "open(path, 'w')",
        "path.open('ab')",
        "os.fdopen(1, mode='wb')",
    ):
        assert any(map(writes, ast.walk(ast.parse(source)))), source
    for source in ("open(path)", "path.open('rb')", "read('w')"):
        assert not any(map(writes, ast.walk(ast.parse(source)))), source
    for source in ("print(1)", "sys.stdout.buffer", "sys.__stderr__", "os.write(1, b)"):
        assert any(map(around, ast.walk(ast.parse(source)))), source
