"""The slots of a busy llama-server."""

import pytest

from contract.providers.llamacpp.load import slots


@pytest.mark.parametrize(
    ("running", "count"), [(0, 4), (1, 4), (4, 4), (6, 6)], ids=str
)
def test_each_running_request_has_a_slot(running, count):
    found = slots(running, "magistral", 4_096)

    assert count == len(found)
    assert running == sum(slot["is_processing"] for slot in found)
    assert [*range(count)] == [slot["id"] for slot in found]


def test_slots_share_the_window():
    assert {1_024} == {slot["n_ctx"] for slot in slots(0, "magistral", 4_096)}
