"""`contract.testing` loads what is used, when it is used."""

from __future__ import annotations

import pytest

from contract import testing


@pytest.mark.parametrize("name", testing.__all__)
def test_every_public_name_exists(name):
    assert getattr(testing, name).__name__ == name


def test_the_public_names_are_the_visible_names():
    assert dir(testing) == sorted(testing.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'run_law'"):
        testing.run_law  # noqa: B018  # the access is the test
