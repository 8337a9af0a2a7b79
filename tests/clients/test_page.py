"""`docs/clients.md` is what was recorded; --update-golden writes it."""

from __future__ import annotations

from pathlib import Path

from support import client_page
from support.clients import breakages, read, today

from contract.catalog.profiles import builtin
from contract.clients.judging import requirements, scenarios

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "fixtures" / "golden" / "clients"
PAGE = ROOT / "docs" / "clients.md"


def test_the_page_is_what_was_recorded(request):
    text = client_page.whole(GOLDEN)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(text, "utf-8", newline="\n")

    assert PAGE.read_text("utf-8") == text


def test_every_client_and_bug_has_a_record():
    recorded = {path.stem for path in GOLDEN.glob("*.json")}
    found = {path.stem for path in (GOLDEN / "old").glob("*.txt")}

    assert recorded == {f"{r.client}@{d}" for r, dialects in today() for d in dialects}
    assert found == {one.id for one in breakages()}
    assert len(found) >= 10


def test_the_list_names_what_exists():
    ids = {one.id for one in requirements()}
    rows = {f"client.{name}" for names in client_page.ROWS.values() for name in names}
    notes = {id_ for of in read().get("notes", {}).values() for id_ in of}

    assert rows | notes <= ids
    for one in breakages():
        assert one.requirement in ids
        assert one.scenario in scenarios()
        assert one.dialect in builtin()
