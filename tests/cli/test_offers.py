"""Capabilities given on the command line."""

import pytest

from contract.cli.offers import capabilities
from contract.errors import UsageError
from contract.model.profile import Capability


def test_duplicate_names_count_once():
    found = capabilities(["load", "follows-instructions", "load"])

    assert {Capability.LOAD, Capability.FOLLOWS_INSTRUCTIONS} == found


def test_an_unknown_name_gets_a_suggestion():
    with pytest.raises(UsageError, match=r"Unknown capability 'visoin'.*'vision'"):
        capabilities(["visoin"])


def test_a_name_without_a_similar_one_gets_all_names():
    with pytest.raises(UsageError, match=r"'xyz'. Known: choices, .*, vision\."):
        capabilities(["xyz"])
