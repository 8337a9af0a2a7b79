from __future__ import annotations

import subprocess
import sys

import pytest
from support.each import each

import contract

HEAVY = ["httpx", "jsonschema", "rich", "tiktoken", "uvicorn", "yaml"]


def test_the_public_names_are_the_visible_names():
    assert dir(contract) == sorted(contract.__all__)


@each("name", contract.__all__)
def test_every_public_name_exists(name):
    assert getattr(contract, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'verfy'"):
        contract.verfy  # noqa: B018  # the access is the test


@pytest.mark.parametrize(
    "module", ["contract", "contract.cli", "contract.pytest_plugin"]
)
def test_an_import_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    done = subprocess.run(  # noqa: S603  # our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}

    assert not loaded & set(HEAVY)
