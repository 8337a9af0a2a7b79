"""What the workflows, the action and the documents tell others to run, exists."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from contract import cli
from contract.engines.environments import RECIPES
from contract.targets.vllm import default_flags

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
CI = ROOT / "docs" / "ci.md"
YAML = ("-", "run:")  # what stands before a command there
RUNS = {"README.md", "CONTRIBUTING.md", "action.yml", "ci.md", "mock.md", "verify.md"}

yaml_files = pytest.mark.parametrize(
    "path", [ACTION, *WORKFLOWS], ids=lambda path: path.name
)


def steps(path):
    file = yaml.safe_load(path.read_text("utf-8"))
    jobs = file.get("jobs", {"action": file.get("runs")})
    return [step for job in jobs.values() for step in job["steps"]]


def scripts(path):
    """Each script of a workflow, or each block and span of commands of a document."""
    if path.suffix == ".yml":
        return [step["run"] for step in steps(path) if "run" in step]
    text = path.read_text("utf-8")
    blocks = re.findall(r"^```(?:sh|yaml)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    sessions = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    typed = [m for s in sessions for m in re.findall(r"^\$ (.*)$", s, re.MULTILINE)]
    spans = re.findall(rf"(?<!`)`({cli.PROGRAM} [^`]+)`(?!`)", text)
    return [*blocks, *typed, *(span.replace("\n", " ") for span in spans)]


def commands(script, program=cli.PROGRAM):
    """The words after the program's name, for each time it is run."""
    joined = script.replace("\\\n", " ")
    for line in joined.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = []
        for word in [*lexer, ";"]:
            if not set(word) <= set("();<>|&"):
                words.append(word)
                continue
            while words[:1] and words[0] in YAML:
                words.pop(0)
            if words and words[0].endswith(program):
                yield words[1:]
            words = []


def unknown(words):
    """The first verb or option of a command line that does not exist."""
    command, words = cli.command, list(words)
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        if name.startswith("-"):
            option, _, value = name.partition("=")
            if option not in names(command):
                return name
            if words and not value and takes_value(command, option):
                words.pop(0)
            continue
        found = command.get_command(click.Context(command), name)
        if found is None:
            return name
        command = found
    options = words[: words.index("--")] if "--" in words else words
    given = (word.partition("=")[0] for word in options if word.startswith("-"))
    return next((word for word in given if word not in names(command)), None)


def takes_value(command, name):
    """Whether the option *name* of a command is followed by a value."""
    return any(
        name in parameter.opts and not parameter.is_flag
        for parameter in command.params
        if isinstance(parameter, click.Option)
    )


def names(command):
    """The options of a command."""
    return {"-h", "--help"} | {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        pytest.param("verify mock --save x", None, id="right"),
        pytest.param("engines install vllm", None, id="right-verb-of-a-verb"),
        pytest.param("verity mock", "verity", id="verb"),
        pytest.param("engines instal vllm", "instal", id="verb-of-a-verb"),
        pytest.param("verify mock --reprot x", "--reprot", id="option"),
        pytest.param("verify -- --selct", None, id="right-target-like-an-option"),
        pytest.param("client --command 'x y' list", None, id="right-group-and-options"),
        pytest.param("client --command x lits", "lits", id="verb-after-an-option"),
        pytest.param("client --comand x", "--comand", id="option-of-a-group"),
        pytest.param("--version", None, id="right-option-of-the-program"),
        pytest.param("--verson", "--verson", id="option-of-the-program"),
    ],
)
def test_what_does_not_exist_is_noticed(line, wrong):
    (words,) = commands(f"- {cli.PROGRAM} {line} || true")

    assert wrong == unknown(words)


@pytest.mark.parametrize(
    "path", [ACTION, *WORKFLOWS, *DOCUMENTS], ids=lambda path: path.name
)
def test_every_command_exists(path):
    found = [words for script in scripts(path) for words in commands(script)]
    wrong = [words for words in found if unknown(words) is not None]

    assert not wrong
    assert found or path.name not in RUNS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_option_of_pytest_exists(path, pytestconfig):
    groups = pytestconfig._parser._groups  # noqa: SLF001  # there is no public list
    options = (*(o for g in groups for o in g.options), *anonymous(pytestconfig))
    known = {name for option in options for name in option.names()}
    given = {
        word.partition("=")[0]
        for script in scripts(path)
        for words in commands(script, "pytest")
        for word in words
        if word.startswith("--")
    }

    assert given <= known


def anonymous(config):
    """The options of pytest that belong to no group, such as those of `conftest.py`."""
    return config._parser._anonymous.options  # noqa: SLF001  # there is no public list


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_script_of_the_repository_is_there(path):
    named = set(re.findall(r"(?<![\w/])\.ci/[\w-]+", path.read_text("utf-8")))

    assert [] == [name for name in named if not (ROOT / name).stat().st_mode & 0o100]


@yaml_files
def test_every_script_is_shell(path):
    for script in scripts(path):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)  # noqa: S607  # bash is found as users find it


@yaml_files
def test_every_file_that_is_run_is_there(path):
    for script in scripts(path):
        for word in shlex.split(script.splitlines()[0], comments=True):
            assert not word.startswith(".ci/") or (ROOT / word).stat().st_mode & 0o100


@yaml_files
def test_actions_of_others_are_pinned(path):
    """A tag can be moved, the name of a commit cannot."""
    used = [step["uses"] for step in steps(path) if "uses" in step]

    assert [u for u in used if u == "./" or re.search(r"@[0-9a-f]{40}$", u)] == used


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_only_read(path):
    file = yaml.safe_load(path.read_text("utf-8"))

    assert {"contents": "read"} == file["permissions"]
    assert all("timeout-minutes" in job for job in file["jobs"].values())


@yaml_files
def test_no_expression_is_pasted_into_a_script(path):
    """What others name would run as code there; it goes through the environment."""
    assert not [script for script in scripts(path) if "${{" in script]


def test_every_engine_has_its_job():
    jobs = yaml.safe_load((WORKFLOWS[0].parent / "engines.yml").read_text())["jobs"]
    heavy = jobs["heavy"]["strategy"]["matrix"]["engine"]
    (light,) = [step["run"] for step in jobs["light"]["steps"] if "run" in step]

    assert set(RECIPES) == {*heavy, light.split()[-1]}


def test_what_the_action_is_given_it_has():
    inputs = yaml.safe_load(ACTION.read_text("utf-8"))["inputs"]
    used = [
        step["with"]
        for path in WORKFLOWS
        for step in steps(path)
        if step.get("uses") == "./"
    ]

    assert used
    assert all(set(given) <= set(inputs) for given in used)


def test_the_image_is_started_as_the_target_starts_vllm():
    """The recipe for CI and `vllm:tiny` use the same flags."""
    (recipe,) = [s for s in scripts(CI) if "docker run" in s]
    words = shlex.split(recipe.replace("\\\n", " "), comments=True)

    assert set(default_flags(131_072, "mistral", "mistral")) <= set(words)
