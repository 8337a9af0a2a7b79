"""The built-in profiles and their aliases."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin, named
from contract.catalog.providers import aliases, dialects
from contract.errors import UsageError
from contract.model.profile import Capability

DIALECTS = dialects()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_has_a_profile_of_its_name(dialect):
    own = DIALECTS[dialect]

    assert any(
        builtin()[dialect].dialect is one for one in (own, *own.releases.values())
    )


@pytest.mark.parametrize("name", builtin())
def test_every_profile_has_title_source_and_model(name):
    profile = builtin()[name]

    assert profile.title
    assert profile.source.startswith("https://")
    assert profile.model
    assert Capability.STREAMING in profile.offers


@pytest.mark.parametrize("name", builtin())
def test_offered_endpoints_are_paths_of_the_dialect(name):
    profile = builtin()[name]
    needed = {
        Capability.TOKENIZE: "/tokenize",
        Capability.MODEL_LIST: "/v1/models",
        Capability.MODEL_CARD: "/v1/models/{model}",
    }
    paths = {path for offer, path in needed.items() if offer in profile.offers}

    assert paths <= profile.dialect.paths


def test_only_servers_with_tekken_v13_offer_exact_counts():
    exact = {n for n, p in builtin().items() if Capability.EXACT_TOKENS in p.offers}

    # The Rust frontend encodes with the tokenizer of the model's own folder.
    vllm = {n for n in builtin() if n.startswith("vllm")} - {"vllm-0.32-rust"}
    assert vllm | {"mistral-2025-10"} == exact


@pytest.mark.parametrize(("alias", "id"), aliases().items())
def test_aliases_are_resolved(alias, id):
    assert id == named(alias).id


def test_own_profiles_take_precedence():
    own = builtin()["llamacpp"]

    assert own is named("mistral", {"mistral": own})
    assert own is named("llamacpp")


def test_unknown_names_get_a_suggestion():
    with pytest.raises(UsageError, match="Did you mean 'llamacpp'"):
        named("lamacpp")
