"""Capabilities by name, on a command line."""

import pytest

from contract.cli.offers import capabilities
from contract.errors import UsageError
from contract.model.profile import Capability


def test_names_become_capabilities_once_each():
    found = capabilities(["load", "follows-instructions", "load"])

    assert {Capability.LOAD, Capability.FOLLOWS_INSTRUCTIONS} == found


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(UsageError, match=r"Unknown capability 'visoin'.*'vision'"):
        capabilities(["visoin"])


def test_a_name_like_no_other_is_told_with_all():
    with pytest.raises(UsageError, match=r"'xyz'. Known: choices, .*, vision\."):
        capabilities(["xyz"])
