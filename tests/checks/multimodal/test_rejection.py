"""Rejecting replies, and pairs of a check and its fault."""

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.catalog.providers import dialects
from contract.checks.multimodal import hostile
from contract.checks.multimodal.image_cost import ONE_IMAGE
from contract.checks.multimodal.rejection import reject_image
from contract.model.check import CLIENT_ERRORS
from contract.model.rewrite import decode_reply


@pytest.mark.parametrize("name", sorted(dialects()))
def test_image_is_rejected_in_the_format_of_the_dialect(name):
    profile = next(p for p in builtin().values() if p.dialect.id == name)
    rejected = reject_image(mock_reply(profile, ONE_IMAGE), "no images here")

    assert rejected.status in CLIENT_ERRORS | {500}
    assert rejected.rejection is not None
    assert not decode_reply(rejected).answer


def test_check_and_fault_are_named_after_the_image():
    assert hostile.refuses_svg.id == "multimodal.refuses-svg"
    assert hostile.accepts_svg.id == "accepts-svg"
    assert hostile.accepts_svg.breaks is hostile.refuses_svg
