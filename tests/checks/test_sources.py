"""Sources of requirements: each is cited, and none twice under two names."""

from __future__ import annotations

from contract.checks import sources
from contract.model.check import Check
from contract.plugins.discovery import find

NAMED = {name: value for name, value in vars(sources).items() if name.isupper()}
# Both are described on one page.
SAME_PAGE = {"OPENAI_CHAT_OBJECT", "OPENAI_USAGE"}


def test_every_source_is_cited_by_a_check():
    cited = "\n".join(check.source for check in find("checks", Check).values())

    assert [] == [name for name, source in NAMED.items() if source not in cited]


def test_no_two_names_are_one_source():
    seen = {}
    for name, source in NAMED.items():
        seen.setdefault(source, set()).add(name)

    assert [SAME_PAGE] == [names for names in seen.values() if len(names) > 1]
