"""Providers are loaded in order, and an incomplete one is named with what it lacks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.catalog import providers as catalog
from contract.errors import SpecError
from contract.model.provider import Fingerprint, Provider
from contract.providers.vllm.dialect import VLLM_0_16

CACHED = ("providers", "profiles", "_loaded", "dialects", "aliases", "fingerprints")


def provider(name, order=50, like=None, **more):
    """A complete provider with one profile, *like* that of another if given."""
    own = replace(VLLM_0_16, id=name)
    base = f'like = "{like}"' if like else ""
    parts = {
        "dialects": (own,),
        "fingerprint": Fingerprint(recognise=lambda _: None, order=order),
        "profiles": f'[{name}-1]\ndialect = "{name}"\n{base}',
    }
    return Provider(id=name, **{**parts, **more})


@pytest.fixture
def install(monkeypatch):
    """`install(provider, …, foreign={id, …})` makes these the installed providers."""

    def clear():
        for name in CACHED:
            getattr(catalog, name).cache_clear()

    def install(*found, foreign=()):
        by_id = {one.id: one for one in found}
        monkeypatch.setattr(catalog, "find", lambda *_: by_id)
        monkeypatch.setattr(catalog, "plugins", lambda *_: dict.fromkeys(foreign))
        clear()

    clear()
    yield install
    monkeypatch.undo()
    clear()


def test_providers_are_in_the_order_of_their_fingerprints(install):
    install(provider("last", 90), provider("first", 10), provider("middle", 50))

    assert ["first", "middle", "last"] == [*catalog.providers()]
    assert [10, 50, 90] == [one.order for one in catalog.fingerprints()]
    assert ["first-1", "middle-1", "last-1"] == [*catalog.profiles()]
    assert ["first", "middle", "last"] == [*catalog.dialects()]


def test_plug_ins_are_last_but_their_fingerprints_are_not(install):
    install(provider("acme", 10), provider("vllm", 50), foreign={"acme"})

    assert ["vllm", "acme"] == [*catalog.providers()]
    assert [10, 50] == [one.order for one in catalog.fingerprints()]


def test_a_provider_is_loaded_after_the_one_it_extends(install):
    install(
        provider("one", 10, like="two-1"),
        provider("two", 20, like="three-1"),
        provider("three", 30, aliases={"short": "three-1"}),
        provider("four", 15),
    )

    assert ["three", "two", "one", "four"] == [*catalog.providers()]
    assert {"short": "three-1"} == catalog.aliases()


def test_providers_that_extend_each_other_are_rejected(install):
    install(provider("one", like="two-1"), provider("two", like="one-1"))

    with pytest.raises(SpecError, match=r"like = '(one|two)-1' names no profile"):
        catalog.providers()


def test_a_dialect_of_another_provider_is_rejected(install):
    taken = replace(VLLM_0_16, id="one")
    install(provider("one", 10), provider("two", 20, dialects=(taken,)))

    with pytest.raises(SpecError, match="'two' defines the dialect 'one', which"):
        catalog.providers()


def test_profiles_that_are_not_toml_are_rejected(install):
    install(provider("one", profiles="["))

    with pytest.raises(SpecError, match="not TOML"):
        catalog.providers()


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        pytest.param({"fingerprint": None}, ["no fingerprint"], id="fingerprint"),
        pytest.param({"profiles": ""}, ["no profile (add profiles.toml"], id="profile"),
        pytest.param(
            {"dialects": (), "profiles": ""}, ["no dialect", "no profile"], id="dialect"
        ),
        pytest.param(
            {"dialects": (replace(VLLM_0_16, id="one", rules=None),)},
            ["dialect one has no rules"],
            id="rules",
        ),
        pytest.param(
            {"dialects": (VLLM_0_16, replace(VLLM_0_16, id="one"))},
            ["no profile uses the dialect vllm-0.16"],
            id="unused-dialect",
        ),
        pytest.param(
            {"dialects": (replace(VLLM_0_16, id="one", prefix="Bare"),)},
            ["no schema BareChatRequest, ", "BareModelList", "for the dialect one"],
            id="schemas",
        ),
        pytest.param(
            {
                "fingerprint": None,
                "profiles": "",
                "dialects": (replace(VLLM_0_16, id="one", rules=None, prefix="Bare"),),
            },
            ["no fingerprint", "no profile", "no rules", "no schema Bare"],
            id="everything",
        ),
    ],
)
def test_every_missing_part_is_named(install, more, missing):
    install(provider("one", **more))

    with pytest.raises(SpecError, match="The provider 'one' is incomplete: ") as caught:
        catalog.providers()

    parts = str(caught.value).split("; ")
    assert all(part in str(caught.value) for part in missing)
    assert len(parts) == len([part for part in missing if part.startswith(("no", "d"))])


def test_the_installed_providers_are_complete():
    known = {
        "inline",
        "litellm",
        "llamacpp",
        "lmstudio",
        "mistral",
        "ollama",
        "sglang",
        "transformers",
        "vllm",
        "vllm_rust",
    }

    assert known <= set(catalog.providers())
