from __future__ import annotations

import pytest

from contract.checks.rejections import images


@pytest.mark.parametrize(
    ("name", "recording", "status", "expected"),
    [
        pytest.param(
            "image_bad_base64",
            "vllm-0.32/img_bad_base64",
            400,
            "pass",
            id="image-bad-base64-vllm-0.32",
        ),
        pytest.param(
            "image_bad_base64",
            "llamacpp-b11434/image_bad_base64",
            400,
            "pass",
            id="image-bad-base64-llamacpp-b11434",
        ),
        pytest.param(
            "image_bad_base64",
            "transformers-5.23-vision/image_bad_base64",
            500,
            "waived",
            id="image-bad-base64-transformers-5.23-vision",
        ),
        pytest.param(
            "image_not_an_image",
            "vllm-0.32/img_b64_not_image",
            400,
            "pass",
            id="image-not-an-image-vllm-0.32",
        ),
        pytest.param(
            "image_without_base64",
            "vllm-0.32/img_no_base64_marker",
            501,
            "waived",
            id="image-without-base64-vllm-0.32",
        ),
        pytest.param(
            "image_unsupported_type",
            "vllm-0.32/img_wrong_mime",
            400,
            "pass",
            id="image-unsupported-type-vllm-0.32",
        ),
        pytest.param(
            "image_unsupported_type",
            "llamacpp-b11434/image_wrong_mime",
            400,
            "pass",
            id="image-unsupported-type-llamacpp-b11434",
        ),
        pytest.param(
            "file_url_image",
            "llamacpp-b11434/image_file_url",
            400,
            "pass",
            id="file-url-image-llamacpp-b11434",
        ),
        pytest.param(
            "file_url_image",
            "transformers-5.23-vision/image_file_url",
            500,
            "waived",
            id="file-url-image-transformers-5.23-vision",
        ),
    ],
)
def test_recorded_servers_get_the_outcome_that_their_profile_documents(
    outcome, name, recording, status, expected
):
    judged = outcome(getattr(images, name), recording)

    assert (status, expected) == judged
