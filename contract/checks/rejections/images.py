"""Rejections of image parts that are not images or must not be read."""

from __future__ import annotations

from contract.checks.judging.rejection import ABOUT_AN_IMAGE
from contract.checks.rejections import invalid_requests
from contract.checks.rejections.pairs import check_and_fault
from contract.model.profile import Capability

VISION = "Mistral API reference, vision; vllm-project/vllm#47163"

image_bad_base64, accepts_image_bad_base64 = check_and_fault(
    invalid_requests.IMAGE_BAD_BASE64,
    "An image with invalid base64 MUST be rejected.",
    "An image that cannot be decoded is left out of the prompt.",
    source=VISION,
    needs={Capability.VISION},
    statuses=ABOUT_AN_IMAGE,
)
image_not_an_image, accepts_image_not_an_image = check_and_fault(
    invalid_requests.IMAGE_NOT_AN_IMAGE,
    "Bytes that are not an image MUST be rejected.",
    "Bytes that are not an image are left out of the prompt.",
    source=VISION,
    needs={Capability.VISION},
    statuses=ABOUT_AN_IMAGE,
)
image_without_base64, accepts_image_without_base64 = check_and_fault(
    invalid_requests.IMAGE_WITHOUT_BASE64,
    "A data URI without base64 MUST be rejected.",
    "A data URI in another encoding is left out of the prompt.",
    source=VISION,
    needs={Capability.VISION},
    statuses=ABOUT_AN_IMAGE,
)
image_unsupported_type, accepts_image_unsupported_type = check_and_fault(
    invalid_requests.IMAGE_UNSUPPORTED_TYPE,
    "A data URI whose media type is not an image MUST be rejected.",
    "Text sent in place of an image is left out of the prompt.",
    source=VISION,
    needs={Capability.VISION},
    statuses=ABOUT_AN_IMAGE,
)
file_url_image, accepts_file_url_image = check_and_fault(
    invalid_requests.FILE_URL_IMAGE,
    "An image URL that names a file on the server's disk MUST be rejected.",
    "The server opens any local file that an image URL names.",
    source="CWE-73; CWE-918",
    needs={Capability.VISION},
    statuses=ABOUT_AN_IMAGE,
)
