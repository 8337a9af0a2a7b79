"""What one reply shows at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.load.measure import BUSY, FOREIGN, UNEXPECTED, label, measure
from contract.load.scenario import find_scenario
from contract.model.exchange import Arrival, End
from contract.model.profile import Budget
from contract.testing.rehearsal import clean

SCENARIO = find_scenario("chat")


def drawn_chat(name):
    return next(
        drawn
        for drawn in (SCENARIO.draw(number, 0) for number in range(100))
        if drawn.chat.name == name
    )


def answered(drawn, dialect="vllm-0.32"):
    """The exchange of *drawn* with the mock; its bytes arrive within a second."""
    exchange = clean(dialect).send(drawn.probe)
    many = len(exchange.arrivals)
    return replace(
        exchange,
        elapsed=1.0,
        arrivals=tuple(
            Arrival((place + 1) / many, arrival.data)
            for place, arrival in enumerate(exchange.arrivals)
        ),
    )


def measured(drawn, exchange, **changes):
    times = {"intended": 10.0, "started": 10.0}
    return measure(drawn, exchange, seed=0, measured=True, **{**times, **changes})


@pytest.mark.parametrize("dialect", ["mistral", "vllm-0.32", "llamacpp", "inline"])
@pytest.mark.parametrize("chat", ["ticket", "sum", "second-turn", "whole"])
def test_a_sound_answer_is_not_suspicious(dialect, chat):
    drawn = drawn_chat(chat)
    found = measured(drawn, answered(drawn, dialect))

    assert (found.kind, found.suspicions, found.good) == ("answered", (), True)
    assert found.tokens > 1


def test_times_count_from_the_intended_start():
    drawn = drawn_chat("ticket")
    exchange = answered(drawn)
    prompt = measured(drawn, exchange)
    late = measured(drawn, exchange, started=13.0)

    for name in ("ttft", "ttfo", "e2e"):
        assert late.figures[name] == pytest.approx(prompt.figures[name] + 3)
    assert late.figures["tpot"] == prompt.figures["tpot"]
    assert late.start_delay == 3
    assert prompt.figures["ttft"] < prompt.figures["ttfo"] < prompt.figures["e2e"]


def test_connecting_is_part_of_the_time():
    drawn = drawn_chat("ticket")
    found = measured(drawn, replace(answered(drawn), connecting=0.5))

    assert found.figures["e2e"] == pytest.approx(1.5)


def test_the_ticket_of_another_request_is_found():
    drawn = drawn_chat("ticket")
    foreign = SCENARIO.draw(next_of("ticket", drawn.number), 0)
    found = measured(drawn, replace(answered(foreign), probe=drawn.probe))

    assert {FOREIGN, UNEXPECTED} == set(found.suspicions)
    assert found.kind == "answered"
    assert not found.good


def next_of(chat, after):
    return next(
        number
        for number in range(after + 1, after + 100)
        if SCENARIO.draw(number, 0).chat.name == chat
    )


def test_with_one_prompt_no_ticket_is_foreign():
    drawn = drawn_chat("ticket")
    foreign = SCENARIO.draw(next_of("ticket", drawn.number), 0)
    found = measured(drawn, answered(foreign), same=True)

    assert FOREIGN not in found.suspicions


@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_busy_server_is_named_so(status):
    drawn = drawn_chat("ticket")
    exchange = replace(answered(drawn), status=status)

    assert label(exchange) == BUSY
    assert measured(drawn, exchange).suspicions == (BUSY,)


def test_what_is_cut_off_is_not_good():
    drawn = drawn_chat("ticket")
    exchange = answered(drawn)
    half = exchange.arrivals[: len(exchange.arrivals) // 2]
    found = measured(drawn, replace(exchange, arrivals=half, end=End.RESET))

    assert (found.kind, found.good) == ("cut off", False)
    assert found.suspicions == ("cut off",)


@pytest.mark.parametrize(
    ("budget", "good"),
    [
        (Budget(e2e=0.9), False),
        (Budget(e2e=1.1), True),
        (Budget(ttft=0.001), False),
        (Budget(ttfo=0.9, ttft=0.9), True),
        (Budget(icl_max=0.001), False),
        (Budget(icl_p95=0.5), True),
        (Budget(tpot=0.001), False),
        (Budget(tokens_per_second=1_000), False),
        (Budget(tokens_per_second=5), True),
    ],
)
def test_a_good_answer_keeps_all_budgets(budget, good):
    drawn = drawn_chat("ticket")
    exchange = answered(drawn)
    profile = replace(exchange.profile, budget=budget)

    assert measured(drawn, replace(exchange, profile=profile)).good is good
