"""What `contract.model.surface` promises, kept by `contract.providers.responses`."""

from __future__ import annotations

from contract.catalog.providers import dialects
from contract.model.probes import SUM
from contract.model.reply import spelled
from contract.testing.rehearsal import reply_to

SURFACES = {
    name: dialect.surface
    for name, dialect in dialects().items()
    if dialect.surface is not None
}


def test_there_is_one():
    assert set(SURFACES) == {
        "llamacpp-responses",
        "mistral-responses",
        "vllm-responses",
    }


def test_each_stream_has_a_reader_and_a_renderer_of_its_own():
    for surface in SURFACES.values():
        assert surface.reader() is not surface.reader()
        assert surface.renderer(None) is not surface.renderer(None)


def test_a_reply_is_spelled_once_and_only_on_a_surface():
    for name in SURFACES:
        reply = spelled(reply_to(SUM, name))
        assert spelled(reply) is reply
        assert b"choices" not in reply.body
    plain = reply_to(SUM, "vllm")
    assert spelled(plain) is plain
