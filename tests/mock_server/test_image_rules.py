"""Tests of image validation: by the bytes, and without opening URLs."""

import io
import socket

import pytest
from PIL import Image as Pillow

from contract.mock_server import image_rules
from contract.mock_server.image_rules import check_images
from contract.model.chat import Image, Message, Text
from contract.model.probe import Probe
from contract.model.rejection import RejectionReason


def picture(form="PNG", size=(60, 40)):
    buffer = io.BytesIO()
    Pillow.new("RGB", size).save(buffer, form)
    return buffer.getvalue()


def probe_with(*images):
    return Probe(name="images", messages=(Message("user", (Text("See:"), *images)),))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_images_of_supported_formats_are_accepted(form):
    assert check_images(probe_with(Image(picture(form))), None) is None


def bomb():
    data = bytearray(picture(size=(1, 1)))
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    return bytes(data)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(Image(b""), id="empty"),
        pytest.param(Image(b"this is no image"), id="text"),
        pytest.param(Image(picture("JPEG")[:400]), id="truncated"),
        pytest.param(Image(picture("BMP")), id="unknown-format"),
        pytest.param(Image(picture(), "text/plain"), id="media-type"),
        pytest.param(Image(bomb()), id="decompression-bomb"),
        pytest.param(Image(picture(size=(10_001, 1))), id="too-long"),
        pytest.param(Image(url="data:image/png;base64,@@@@"), id="bad-base64"),
        pytest.param(Image(url="data:image/png,%89PNG"), id="no-base64"),
    ],
)
def test_invalid_images_are_rejected(image):
    found = check_images(probe_with(image), None)

    assert found is not None
    assert found.reason is RejectionReason.IMAGE
    assert found.message
    assert found.pointer == "/messages/0/content"


def test_image_of_too_many_bytes_is_rejected(monkeypatch):
    monkeypatch.setattr(image_rules, "MAX_BYTES", 10)

    assert check_images(probe_with(Image(picture("JPEG", (7, 9)))), None) is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/cat.png",
        "https://example.com/cat.png",
        "HTTP://169.254.169.254/",
        "ftp://example.com/cat.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "../cat.png",
        "",
    ],
)
def test_urls_are_rejected_without_opening_them(url, monkeypatch):
    def opened(*_, **__):
        pytest.fail("the URL was opened")

    monkeypatch.setattr(socket.socket, "connect", opened)
    monkeypatch.setattr(socket, "getaddrinfo", opened)
    monkeypatch.setattr("builtins.open", opened)
    monkeypatch.setattr(io, "open", opened)
    monkeypatch.setattr("os.open", opened)
    found = check_images(probe_with(Image(url=url)), None)

    assert found is not None
    assert found.reason is RejectionReason.IMAGE_URL


@pytest.mark.parametrize(("count", "rejected"), [(8, False), (9, True)])
def test_images_of_all_messages_are_counted(count, rejected):
    message = Message("user", (Image(picture()),))
    probe = Probe(name="many", messages=(message,) * count)
    found = check_images(probe, 8)

    assert rejected is (found is not None)
    assert found is None or (found.reason, found.count, found.limit) == (
        RejectionReason.IMAGE_COUNT,
        9,
        8,
    )


def test_images_beyond_a_number_of_pixels_are_read_by_their_headers(monkeypatch):
    """Decoding them all would take seconds."""
    monkeypatch.setattr(image_rules, "_MAX_DECODED", 60 * 40)
    cut = picture()[:-30]
    first, later = probe_with(Image(cut)), probe_with(Image(picture()), Image(cut))

    assert check_images(first, None).reason is RejectionReason.IMAGE
    assert check_images(later, None) is None
