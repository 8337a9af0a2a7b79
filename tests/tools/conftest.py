"""The folder of installed tools, the document, and a mock that they talk to."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.openapi_tools import OPENAPI, Tools

import contract
from contract.catalog.providers import providers

FOLDER = "MAGISTRAL_CONTRACT_TOOLS"  # set by .ci/openapi-tools


@pytest.fixture(scope="session")
def tools() -> Tools:
    if not os.environ.get(FOLDER):
        pytest.fail("Run these tests with .ci/openapi-tools; it installs the tools.")
    return Tools(Path(os.environ[FOLDER]))


@pytest.fixture(scope="session")
def document() -> Any:
    return yaml.safe_load(OPENAPI.read_text("utf-8"))


@pytest.fixture(scope="session")
def requests(document) -> dict[str, Any]:
    """The body of each example of a chat request, by its name."""
    chat = document["paths"]["/v1/chat/completions"]["post"]
    names = chat["requestBody"]["content"]["application/json"]["examples"]
    return {name: document["components"]["examples"][name]["value"] for name in names}


@pytest.fixture(scope="session")
def mocks():
    """`mocks(dialect)`: the root URL of a running mock."""
    running: dict[str, str] = {}
    with ExitStack() as stack:

        def mock(dialect: str) -> str:
            if dialect not in running:
                running[dialect] = stack.enter_context(contract.mock(dialect))
            return running[dialect]

        yield mock


@pytest.fixture(scope="session")
def prefixes() -> dict[str, str]:
    """The prefix of the schemas of each dialect that the document describes."""
    return {
        dialect.id: dialect.prefix
        for provider in providers().values()
        for dialect in provider.dialects
    }
