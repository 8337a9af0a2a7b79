"""Scopes of items under xdist, derived from their ids."""

import pytest

from contract.pytest_plugin.scheduling import SCOPES, target_of

TARGETS = ("mock", "mock:vllm", "http://a-b:8000/v1", "b:8000", "http://bücher/v1")


@pytest.mark.parametrize(
    ("nodeid", "target"),
    [
        pytest.param("suite.py::test_contract[mock-usage.sums-up]", "mock", id="first"),
        pytest.param("test_x.py::test_x[mock:vllm-usage.sums-up]", "mock:vllm", id="2"),
        pytest.param("test_x.py::test_x[fast-mock-usage.sums-up]", "mock", id="last"),
        pytest.param("test_x.py::test_x[mock]", "mock", id="only"),
        pytest.param(
            "test_x.py::T::test_x[http://a-b:8000/v1-usage.sums-up]",
            "http://a-b:8000/v1",
            id="longest",
        ),
        pytest.param("test_x.py::test_x[http://b\\xfccher/v1-x]", TARGETS[4], id="idn"),
        pytest.param("test_x.py::test_mock", None, id="no-parameters"),
        pytest.param("test_x.py::test_x[mocked]", None, id="another-word"),
        pytest.param("mock/test_x.py::test_x[1]", None, id="in-the-path"),
        pytest.param("test_x[mock].py", None, id="not-an-item"),
    ],
)
def test_the_target_is_read_from_the_parameters(nodeid, target):
    assert target == target_of(nodeid, TARGETS)


@pytest.mark.parametrize(
    ("mode", "scope"),
    [
        pytest.param("load", "d/test_x.py::T::test_x[a@b]@g", id="load"),
        pytest.param("worksteal", "d/test_x.py::T::test_x[a@b]@g", id="worksteal"),
        pytest.param("loadgroup", "g", id="loadgroup"),
        pytest.param("loadscope", "d/test_x.py::T", id="loadscope"),
        pytest.param("loadfile", "d/test_x.py", id="loadfile"),
    ],
)
def test_other_items_keep_the_scope_of_their_mode(mode, scope):
    assert scope == SCOPES[mode]("d/test_x.py::T::test_x[a@b]@g")


def test_an_at_in_a_parameter_is_not_a_group():
    assert SCOPES["loadgroup"]("test_x.py::test_x[a@b]") == "test_x.py::test_x[a@b]"
