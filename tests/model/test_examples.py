"""The usage examples in the docstrings run and give the stated results."""

import doctest

import pytest

from contract.model import check, provider


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (check, {"check", "fault", "quirk"}),
        (provider, {"define"}),
    ],
    ids=["check", "provider"],
)
def test_examples_give_the_stated_results(module, names):
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [test for test in finder.find(module) if test.examples]
    runner = doctest.DocTestRunner()
    for example in examples:
        runner.run(example)

    assert names == {example.name.rpartition(".")[2] for example in examples}
    assert 0 == runner.failures
