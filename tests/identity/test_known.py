"""Known fingerprints are what mistral-common counts; --update-golden writes them."""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

import contract.identity
from contract.catalog.profiles import builtin
from contract.identity import prompts
from contract.identity.fingerprint import Fingerprint, dump, known_names, load, save
from contract.identity.observations import Reading
from contract.identity.prompts import LARGE, LOOK, SMALL, SYSTEM, TEXTS, TURNS, Plan
from contract.model.wire import build_request

FOLDER = Path(contract.identity.__file__).parent / "known"
# Name -> version of the tokenizer: Magistral 1.2 has Tekken v13.
VERSIONS = {"magistral-small-2509": "v13"}
NAMES = {
    1: "<s>",
    2: "</s>",
    3: "[INST]",
    4: "[/INST]",
    5: "[AVAILABLE_TOOLS]",
    6: "[/AVAILABLE_TOOLS]",
    7: "[TOOL_RESULTS]",
    8: "[/TOOL_RESULTS]",
    9: "[TOOL_CALLS]",
    10: "[IMG]",
    11: "<pad>",
    12: "[IMG_BREAK]",
    13: "[IMG_END]",
    0: "<unk>",
    14: "[PREFIX]",
    15: "[MIDDLE]",
    16: "[SUFFIX]",
    17: "[SYSTEM_PROMPT]",
    18: "[/SYSTEM_PROMPT]",
    19: "[TOOL_CONTENT]",
    32: "[ARGS]",
    33: "[CALL_ID]",
    34: "[THINK]",
    35: "[/THINK]",
}


@pytest.fixture(scope="module")
def count(tmp_path_factory):
    """A function from a request and a version to the tokens of mistral-common."""
    from mistral_common.protocol.instruct.normalize import get_normalizer  # noqa: PLC0415  # slow
    from mistral_common.protocol.instruct.request import ChatCompletionRequest  # noqa: PLC0415  # slow
    from mistral_common.protocol.instruct.validator import ValidationMode  # noqa: PLC0415  # slow
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer  # noqa: PLC0415  # slow

    source = importlib.resources.files("mistral_common") / "data/tekken_240911.json"
    data = json.loads(source.read_text("utf-8"))
    special = data["config"]["default_num_special_tokens"]
    data["special_tokens"] = [
        {"rank": n, "token_str": NAMES.get(n, f"<SPECIAL_{n}>"), "is_control": True}
        for n in range(special)
    ]
    sizes = {"image_patch_size": 14, "max_image_size": 1_540, "spatial_merge_size": 2}
    data["image"] = sizes
    data["vocab"] = data["vocab"][: data["config"]["default_vocab_size"] - special]
    data["config"]["num_vocab_tokens"] = len(data["vocab"])
    known = {}
    for version in set(VERSIONS.values()):
        data["config"]["version"] = version
        path = tmp_path_factory.mktemp("tekken") / "tekken.json"
        path.write_text(json.dumps(data), "utf-8")
        known[version] = MistralTokenizer.from_file(path, mode=ValidationMode.test)

    def tokens(probe, version):
        body = json.loads(build_request(probe, builtin()["vllm-0.32"], "m").body)
        request = ChatCompletionRequest(messages=body["messages"])
        instruct = known[version].instruct_tokenizer
        normalized = get_normalizer(
            instruct.tokenizer.version
        ).from_chat_completion_request(request)
        # The pixels need OpenCV, their number of tokens does not.
        pixels = "mistral_common.tokens.tokenizers.image.transform_image"
        with patch(pixels, lambda _image, size: np.zeros((3, *size[::-1]))):
            return len(instruct.encode_instruct(normalized).tokens)

    return tokens


def computed(name, count):
    plan = Plan(prompts=(*TEXTS, TURNS, SYSTEM), thinking=0, images=True)
    asked = [prompts.probe(one, plan, 0) for one in plan.prompts]
    asked += [prompts.image(one, plan) for one in (LOOK, SMALL, LARGE)]
    version = VERSIONS[name]
    return Fingerprint(
        model=name,
        source=f"counted by mistral-common, tokenizer {version}",
        plan=plan,
        readings={
            one.name: (Reading(status=200, prompt_tokens=count(one, version)),)
            for one in asked
        },
    )


@pytest.mark.parametrize("name", VERSIONS)
def test_a_known_fingerprint_is_what_mistral_common_counts(name, count, request):
    found = computed(name, count)
    if request.config.getoption("--update-golden"):
        FOLDER.mkdir(exist_ok=True)
        save(found, FOLDER / f"{name}.json")

    assert dump(load(f"known:{name}")) == dump(found)


def test_no_other_fingerprint_is_known():
    assert list(known_names()) == sorted(VERSIONS)
