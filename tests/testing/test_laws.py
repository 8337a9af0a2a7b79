"""Each broken law of a check or fault is named, and a good check breaks none."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from contract import Finding, NotApplicable, check, fault, probes
from contract.catalog.profiles import builtin
from contract.checks.streaming.ending import ends_with_done
from contract.model.check import Capability, Check, Combined, Quirk
from contract.plugins import discovery
from contract.testing import laws
from contract.testing.laws import broken_laws, representatives, run_laws

LIMIT = 64  # characters


@check("acme.short-ids", "An id MUST be short.", source="RFC 1", sends=probes.SUM_WHOLE)
def short_ids(exchange):
    value = exchange.json
    if not isinstance(value, dict) or "id" not in value:
        raise NotApplicable("the reply has no id")
    if len(value["id"]) > LIMIT:
        yield Finding("the id is too long", "64 characters", value["id"])


@check("acme.no-x", "An id MUST NOT have an x.", source="RFC 1", sends=probes.SUM_WHOLE)
def no_x(exchange):
    if "x" in str(exchange.json.get("id")):
        yield Finding("the id has an x")


def longer(reply, text="x" * LIMIT):
    def change(value):
        return {**value, "id": f"{value['id']}{text}"}

    chat = isinstance(reply.json, dict) and "choices" in reply.json
    return reply.change(change) if chat else reply


@fault(breaks=short_ids)
def id_too_long(reply):
    """A gateway appends its route to the id."""
    return longer(reply, "-" * LIMIT)


@fault(breaks=no_x, also=("acme.short-ids",))
def id_of_x(reply):
    """A gateway appends an x for each hop to the id."""
    return longer(reply)


@fault(breaks=no_x)
def undeclared(reply):
    """A gateway appends an x for each hop to the id."""
    return longer(reply)


@fault(breaks=short_ids)
def idle(reply):
    """It leaves the reply as it is."""
    return reply


@fault(breaks=short_ids)
def only_of_vllm(reply):
    """A gateway in front of vLLM appends its route to the id."""
    return id_too_long.apply(reply) if "vllm" in reply.dialect.id else reply


@fault(breaks=short_ids)
def wordy(reply):
    return longer(reply, "-" * LIMIT)


@pytest.fixture(autouse=True)
def _no_other_checks(monkeypatch):
    """Try faults only against the checks of a test: all others take seconds."""

    def find(folder, kind):
        return {} if kind is Check else discovery.find(folder, kind)

    monkeypatch.setattr(laws, "find", find)


def test_good_checks_with_faults_break_no_law():
    assert broken_laws([short_ids, id_too_long]) == ()
    assert broken_laws([short_ids, id_too_long, no_x, id_of_x]) == ()


def test_a_module_is_its_checks_and_faults():
    module = ModuleType("acme")
    vars(module).update(one=short_ids, two=id_too_long, three="text", four=Finding)

    assert broken_laws(module) == ()


@pytest.mark.parametrize(
    "nothing",
    [(), [id_too_long], ModuleType("empty")],
    ids=["nothing", "a-fault", "module"],
)
def test_a_set_without_a_check_is_named(nothing):
    assert broken_laws(nothing) == ("there is no check in it",)


def test_a_check_without_a_fault_is_named():
    assert broken_laws([short_ids]) == ("acme.short-ids has no fault that breaks it",)


def test_an_idle_fault_is_named():
    assert broken_laws([short_ids, idle]) == (
        "the fault idle never turns acme.short-ids red",
    )


def test_a_fault_that_is_idle_in_some_dialects_is_named_with_them():
    (law,) = broken_laws([short_ids, only_of_vllm])

    head, _, names = law.partition(" in ")
    missed = [name for name in representatives() if "vllm" not in name]
    assert head == "the fault only-of-vllm does not turn acme.short-ids red"
    assert names.split(", ") == missed


def test_a_fault_that_exists_in_some_dialects_only_is_not():
    @fault(breaks=short_ids, where=lambda dialect: "vllm" in dialect.id)
    def where_it_is(reply):
        """A gateway in front of vLLM appends its route to the id."""
        return only_of_vllm.apply(reply)

    assert broken_laws([short_ids, where_it_is]) == ()


def test_undeclared_side_effects_are_named_in_every_dialect():
    found = broken_laws([short_ids, id_too_long, no_x, undeclared])

    assert found == tuple(
        f"the fault undeclared also breaks acme.short-ids in {name}; name them in "
        "`also`"
        for name in representatives()
    )


@pytest.mark.parametrize("also", ["acme", "acme.short-ids"])
def test_side_effects_are_declared_by_id_or_family(also):
    @fault(breaks=no_x, also=(also,))
    def declared(reply):
        """A gateway appends an x for each hop to the id."""
        return longer(reply)

    assert broken_laws([short_ids, id_too_long, no_x, declared]) == ()


def test_a_description_that_is_no_sentence_is_named():
    assert broken_laws([short_ids, id_too_long, wordy]) == (
        "wordy: the docstring is not a sentence",
    )


def test_a_check_that_fails_on_a_quirk_is_named():
    @check("acme.no-news", "A chunk MUST be known.", source="RFC 1", sends=probes.SUM)
    def no_news(exchange):
        known = {"id", "object", "created", "model", "choices", "usage", "p"}
        for chunk in exchange.raw_chunks:
            for name in set(chunk.json) - known - {"system_fingerprint", "timings"}:
                if name.startswith("x") or "unknown" in name:
                    yield Finding(f"the member {name} is unknown")

    @fault(breaks=no_news)
    def news(reply):
        """A gateway adds a member of its own to every chunk."""
        if not reply.streamed:
            return reply
        return reply.change(lambda value: {**value, "x_gateway": 1})

    quirk = discovery.find("quirks", Quirk)["unknown-members"]
    found = [law for law in broken_laws([no_news, news]) if quirk.id in law]

    assert found == [
        f"the quirk unknown-members fails acme.no-news in {name}"
        for name in representatives()
    ]


@check("acme.strict", "It MUST hold.", source="RFC 1", sends=probes.SUM_WHOLE)
def strict(_exchange):
    yield Finding("nothing is good enough")


def test_a_check_that_fails_on_a_conforming_server_is_named_with_its_findings():
    found = broken_laws([strict])

    for name in builtin():
        law = f"acme.strict is fail on the mock of {name}: nothing is good enough"
        assert law in found


def test_a_check_that_fails_anyway_is_no_side_effect():
    found = broken_laws([short_ids, id_too_long, strict])

    assert not any("also breaks" in law for law in found)


def test_a_check_that_is_never_judged_is_named_with_the_reason():
    @check(
        "acme.never",
        "It MUST hold.",
        source="RFC 1",
        sends=probes.SUM,
        needs=set(Capability),
    )
    def never(_exchange):
        yield from ()

    assert any(
        law.startswith("acme.never is judged in no profile: ") and "offer" in law
        for law in broken_laws([never])
    )


@pytest.mark.parametrize(
    ("name", "level", "source", "laws_broken"),
    [
        pytest.param(
            "acme.house-must",
            "MUST",
            "house rule: a test",
            ["a house rule cannot be a MUST"],
            id="house-rule",
        ),
        pytest.param(
            "acme.house-must-not",
            "MUST NOT",
            "house rule: a test",
            ["a house rule cannot be a MUST"],
            id="house-rule-of-must-not",
        ),
        pytest.param(
            "acme.house-should",
            "SHOULD",
            "house rule: a test",
            [],
            id="house-rule-of-should",
        ),
        pytest.param("acme.nowhere", "MUST", " ", ["no source"], id="no-source"),
    ],
)
def test_a_source_must_carry_the_level(name, level, source, laws_broken):
    @check(name, f"It {level} hold.", source=source, sends=probes.SUM_WHOLE)
    def words(_exchange):
        yield from ()

    without_fault, *found = broken_laws([words])

    assert without_fault == f"{name} has no fault that breaks it"
    assert found == [f"{name}: {law}" for law in laws_broken]


def test_a_check_that_crashes_on_a_fault_is_an_error():
    @check("acme.crash", "It MUST hold.", source="RFC 1", sends=probes.SUM_WHOLE)
    def crash(exchange):
        if len(exchange.json["id"]) > LIMIT:
            raise ZeroDivisionError
        yield from ()

    with pytest.raises(AssertionError, match=r"acme\.crash is broken: ZeroDivision"):
        broken_laws([short_ids, id_too_long, crash])


def test_run_laws_lists_every_broken_law():
    run_laws([short_ids, id_too_long])

    with pytest.raises(AssertionError) as caught:
        run_laws([short_ids, idle, no_x])

    assert str(caught.value).splitlines() == [
        "broken laws:",
        "acme.no-x has no fault that breaks it",
        "the fault idle never turns acme.short-ids red",
    ]


def test_there_is_one_representative_of_each_dialect():
    found = [builtin()[name].dialect.id for name in representatives()]

    assert sorted(found) == sorted({one.dialect.id for one in builtin().values()})


def test_the_checks_of_the_package_are_tried_too(monkeypatch):
    def find(folder, kind):
        installed = discovery.find(folder, kind)
        if kind is Check:
            return {ends_with_done.id: installed[ends_with_done.id]}
        return installed

    @check("acme.done", "It MUST end.", source="RFC 1", sends=probes.SUM)
    def done(exchange):
        if not exchange.events or exchange.events[-1].data != "[DONE]":
            yield Finding("it does not end")

    @fault(breaks=done)
    def done_lost(reply):
        """A gateway drops the last event of every stream."""
        return reply.with_frames(reply.frames[:-1]) if reply.streamed else reply

    monkeypatch.setattr(laws, "find", find)
    found = broken_laws([done, done_lost])

    assert (
        "the fault done-lost also breaks streaming.ends-with-done in vllm-0.32; "
        "name them in `also`"
    ) in found


def never_finds(_exchange):
    yield from ()


def test_a_fault_that_combined_requests_do_not_show_is_named():
    blind = replace(
        short_ids, combined=(Combined(sends=(probes.SUM,), judge=never_finds),)
    )
    found = broken_laws([blind, replace(id_too_long, breaks=blind)])

    assert found == (
        "the fault id-too-long turns acme.short-ids red by its own requests, and "
        "passes by the combined ones, in " + ", ".join(representatives()),
    )


def test_combined_requests_that_settle_nothing_are_named():
    useless = replace(
        short_ids, combined=(Combined(sends=(probes.SUM,), judge=strict.judge),)
    )
    found = broken_laws([useless, replace(id_too_long, breaks=useless)])

    assert set(found) == {
        f"the combined requests of acme.short-ids settle nothing in {name}"
        for name in builtin()
    }
