"""newman, apidog-cli and Bruno on what `export apidog` writes."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

from support.openapi_tools import ROOT, Tools

Outcomes = dict[str, bool]  # whether a test passed, by the id of its check


def ran(tools: Tools, name: str) -> bool:
    """Return whether the program *name* was installed."""
    return tools.path(name).is_absolute()


def families(folder: Path) -> list[str]:
    """Return the families that have a scenario in *folder*."""
    names = {p.name.partition(".")[0] for p in (folder / "scenarios").iterdir()}
    return sorted(names - {"smoke", "verdicts", "each-language"})


def by_newman(tools: Tools, folder: Path) -> tuple[int, Outcomes]:
    """Return the exit code, and the outcome of each test that is not skipped."""
    collection, out = folder / "collection.postman.json", folder / "newman.json"
    code = tools.run_any("newman", "run", collection, "--reporters", "json",
                         "--reporter-json-export", out, cwd=folder)  # fmt: skip
    run = json.loads(out.read_text("utf-8"))["run"]
    return code, {
        _check(one["assertion"]): "error" not in one
        for each in run["executions"]
        for one in each.get("assertions", ())
        if not one.get("skipped")
    }


def by_apidog(tools: Tools, folder: Path, scenario: str) -> tuple[int, Outcomes]:
    """Return the exit code, and the outcome of each test of a scenario."""
    code = tools.run_any(
        "apidog", "run", folder / "scenarios" / f"{scenario}.apidog-cli.json",
        "-r", "junit", "--out-dir", folder / "apidog", "--out-file", scenario,
        cwd=folder)  # fmt: skip
    return code, _junit(folder / "apidog" / f"{scenario}.xml")


def to_bruno(tools: Tools, collection: Path, work: Path, name: str = "bruno") -> Path:
    """Convert a collection as the documentation does; return the new folder."""
    page = (ROOT / "docs" / "apidog.md").read_text("utf-8")
    (program,) = re.findall(
        r"^```js\n(// to-bruno.*?)^```", page, re.DOTALL | re.MULTILINE
    )
    (work / "to-bruno.js").write_text(program, "utf-8")
    tools.run("node", work / "to-bruno.js", collection, work / name, cwd=work)
    return work / name


def by_bruno(
    tools: Tools, folder: Path, work: Path, sandbox: str = "safe"
) -> tuple[int, Outcomes]:
    """Convert the collection in *folder* below *work*, and run it."""
    collection, out = folder / "collection.postman.json", work / "bruno.xml"
    converted = to_bruno(tools, collection, work, f"bruno-{sandbox}")
    code = tools.run_any("bru", "run", "-r", "--sandbox", sandbox,
                         "--reporter-junit", out, cwd=converted)  # fmt: skip
    return code, _junit(out)


def _junit(path: Path) -> Outcomes:
    tree = ET.parse(path)  # noqa: S314  # written by the tool just now
    return {
        _check(case.get("name") or ""): case.find("failure") is None
        for case in tree.iter("testcase")
        if case.find("skipped") is None
    }


def _check(name: str) -> str:
    return name.partition(": ")[0]
