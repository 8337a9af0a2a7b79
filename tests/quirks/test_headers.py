"""Quirks of headers do not change the media type or the body of a reply."""

from __future__ import annotations

import pytest

from contract.model.check import Quirk
from contract.model.probes import UTF8, UTF8_WHOLE
from contract.quirks import headers

QUIRKS = [value for value in vars(headers).values() if isinstance(value, Quirk)]


@pytest.mark.parametrize("probe", [UTF8, UTF8_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.id)
def test_media_type_and_body_are_the_same(quirk, probe, reply, read):
    before, after = read(reply(probe)), read(quirk.apply(reply(probe)))

    assert before.media_type == after.media_type
    assert before.body == after.body


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.id)
def test_reply_without_a_content_type_is_supported(quirk, reply):
    bare = reply().with_header("content-type", None)

    assert bare.frames == quirk.apply(bare).frames
