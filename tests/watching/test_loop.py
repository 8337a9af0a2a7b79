"""`contract.watching.loop`: what is due when, on a clock of its own."""

from __future__ import annotations

import pytest
from support.runs import FAIL, MUST, PASS, report

from contract.watching.loop import Loop, conditions
from contract.watching.state import Condition, Watched

AWAY = report(trouble="it cannot be reached.")
GOOD, BAD = report((MUST, PASS)), report((MUST, FAIL))


class World:
    """A clock, and targets that give the reports of a script, the last for ever."""

    def __init__(self, took=1.0, **scripts):
        self.time, self.took = 0.0, took
        self.scripts = {name: list(script) for name, script in scripts.items()}
        self.asked, self.ended, self.ready = [], [], []

    def verify(self, name, names):
        kind = "whole" if names is None else "again" if names else "open"
        self.asked.append((self.time, name, kind))
        self.time += self.took
        script = self.scripts[name]
        return script.pop(0) if len(script) > 1 else script[0]

    def look(self, name):
        self.asked.append((self.time, name, "look"))
        self.time += self.took
        return self.ready.pop(0) if self.ready else True

    def sleep(self, seconds):
        assert seconds > 0
        self.time += seconds

    def loop(self, **options):
        return Loop(
            targets={name: Watched(target=name) for name in self.scripts},
            verify=self.verify,
            on_run=self.ended.append,
            clock=lambda: self.time,
            sleep=self.sleep,
            now=lambda: f"{self.time:g}",
            look=self.look,
            **options,
        )


def test_runs_begin_at_equal_distances():
    world = World(one=[GOOD])
    world.loop(every=10.0, runs=3).run()

    assert world.asked == [
        (0, "one", "whole"),
        (10, "one", "whole"),
        (20, "one", "whole"),
    ]


def test_a_run_that_takes_longer_than_the_period_is_followed_at_once():
    world = World(took=25.0, one=[GOOD])
    world.loop(every=10.0, runs=3).run()

    assert [at for at, *_ in world.asked] == [0, 25, 50]


def test_targets_take_turns():
    world = World(one=[GOOD], two=[GOOD])
    world.loop(every=10.0, runs=2).run()

    assert [name for _, name, _ in world.asked] == ["one", "two", "one", "two"]


def test_looks_come_in_between():
    world = World(one=[GOOD])
    world.loop(every=10.0, quick=3.0, runs=2).run()

    kinds = [(at, kind) for at, _, kind in world.asked]
    assert kinds == [(0, "whole"), (4, "look"), (8, "look"), (10, "whole")]
    assert len(world.ended) == 2


def test_a_failure_is_repeated_at_once():
    world = World(one=[GOOD, BAD, BAD])
    changes = world.loop(every=10.0, until_change=True).run()

    assert [kind for *_, kind in world.asked] == ["whole", "whole", "again"]
    assert [change.kind for change in changes] == ["broken"]


def test_a_look_notices_that_a_target_is_away_and_that_it_is_back():
    world = World(one=[GOOD, AWAY, AWAY, AWAY, GOOD])
    world.ready = [False, False, True]
    world.loop(every=100.0, quick=10.0, runs=2).run()

    kinds = [[change.kind.value for change in run.changes] for run in world.ended]
    assert kinds == [[], ["away"], ["back"]]
    # It could not be opened twice, was still away, and was back.
    assert [kind for *_, kind in world.asked] == [
        *("whole", "look", "open", "open", "look", "open", "look", "whole")
    ]
    assert world.time < 60


def test_a_target_that_comes_back_doubtful_is_back():
    world = World(one=[GOOD, AWAY, AWAY, BAD])
    world.ready = [False, False]
    world.loop(every=100.0, quick=10.0, runs=2).run()

    kinds = [[change.kind.value for change in run.changes] for run in world.ended]
    assert kinds == [[], ["away"], ["back", "broken"]]


def test_a_doubt_of_a_look_makes_a_whole_run_due():
    world = World(one=[GOOD, GOOD, BAD])
    world.ready = [False]
    changes = world.loop(every=100.0, quick=10.0, until_change=True).run()

    assert [kind for *_, kind in world.asked] == [
        *("whole", "look", "open", "whole", "again")
    ]
    assert [change.kind for change in changes] == ["broken"]


def test_what_is_known_or_cannot_be_told_changes_nothing():
    world = World(one=[BAD])
    world.ready = [False, None, True] * 3
    world.loop(every=100.0, quick=10.0, runs=2).run()

    assert [kind for *_, kind in world.asked].count("whole") == 2
    assert [run.changes for run in world.ended][1:] == [()]


def test_a_target_that_is_away_is_tried_once_more_after_a_while():
    world = World(one=[AWAY, GOOD, GOOD])
    world.loop(every=10.0, runs=1, second_look=2.0).run()

    assert [at for at, *_ in world.asked] == [0, 3]
    assert world.ended[0].changes == ()


def test_an_interrupt_passes_through():
    world = World(one=[GOOD])

    def interrupted(_):
        raise KeyboardInterrupt

    loop = world.loop(every=10.0)
    loop.sleep = interrupted
    with pytest.raises(KeyboardInterrupt):
        loop.run()


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([Condition.PASSING], 0),
        ([Condition.PASSING, Condition.FAILING, Condition.AWAY], 1),
        ([Condition.PASSING, Condition.AWAY], 3),
        ([Condition.INCONCLUSIVE], 3),
        ([Condition.UNKNOWN], 3),
    ],
)
def test_the_exit_code_is_that_of_the_conditions(found, code):
    assert conditions(Watched(target="x", condition=one) for one in found) == code
