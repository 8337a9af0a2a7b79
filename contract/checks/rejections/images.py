"""Wrong in what is shown: images that are none, or that nobody may read."""

from __future__ import annotations

from contract.checks.faults.refusal import accepts
from contract.checks.judging.refusal import (
    ABOUT_AN_IMAGE,
    rejects,
)
from contract.checks.rejections import mistakes
from contract.model.profile import Capability

VISION = "Mistral API reference, vision; vllm-project/vllm#47163"

image_bad_base64 = rejects(
    mistakes.IMAGE_BAD_BASE64,
    "An image that is not base64 MUST be refused.",
    source=VISION,
    needs={Capability.VISION},
    by=ABOUT_AN_IMAGE,
)
accepts_image_bad_base64 = accepts(
    image_bad_base64, "An image that cannot be decoded is left out of the prompt."
)
image_not_an_image = rejects(
    mistakes.IMAGE_NOT_AN_IMAGE,
    "Bytes that are no image MUST be refused.",
    source=VISION,
    needs={Capability.VISION},
    by=ABOUT_AN_IMAGE,
)
accepts_image_not_an_image = accepts(
    image_not_an_image, "Bytes that show nothing are left out of the prompt."
)
image_without_base64 = rejects(
    mistakes.IMAGE_WITHOUT_BASE64,
    "A data URI without base64 MUST be refused.",
    source=VISION,
    needs={Capability.VISION},
    by=ABOUT_AN_IMAGE,
)
accepts_image_without_base64 = accepts(
    image_without_base64, "A data URI in another encoding is left out of the prompt."
)
image_unsupported_type = rejects(
    mistakes.IMAGE_UNSUPPORTED_TYPE,
    "A data URI that is no image MUST be refused.",
    source=VISION,
    needs={Capability.VISION},
    by=ABOUT_AN_IMAGE,
)
accepts_image_unsupported_type = accepts(
    image_unsupported_type, "A text in the place of an image is left out of the prompt."
)
file_url_image = rejects(
    mistakes.FILE_URL_IMAGE,
    "An image of the server's own disk MUST be refused.",
    source="CWE-73; CWE-918",
    needs={Capability.VISION},
    by=ABOUT_AN_IMAGE,
)
accepts_file_url_image = accepts(
    file_url_image, "The server opens any file it is pointed at."
)
