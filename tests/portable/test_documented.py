"""docs/portable.md lists the portable checks and the members of a reply."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from contract.model.probes import SUM
from contract.portable import PORTABLE, assemble
from contract.testing.rehearsal import clean

PAGE = Path(__file__).parents[2] / "docs" / "portable.md"
HEADING = "## The checks\n\n"


def table():
    """The portable checks by family, as the page lists them."""
    families = groupby(sorted(PORTABLE), key=lambda one: one.partition(".")[0])
    rows = [
        f"| {family} | {', '.join(f'`{one}`' for one in ids)} |\n"
        for family, ids in families
    ]
    head = f"{len(PORTABLE)} checks are portable.\n\n| Family | Checks |\n|---|---|\n"
    return head + "".join(rows)


def test_the_page_lists_the_portable_checks(request):
    above, _, listed = PAGE.read_text("utf-8").partition(HEADING)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(above + HEADING + table(), "utf-8", newline="\n")
        listed = table()

    assert listed == table()


def test_the_page_describes_every_member():
    rows = re.findall(r"^\| (`.*?) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    assert described == set(assemble(clean("vllm-0.32").send(SUM)))
