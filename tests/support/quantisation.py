"""llama.cpp's own quantisation, called in its shared library."""

from __future__ import annotations

import ctypes
from pathlib import Path

# llama_ftype of llama.h
FORMATS = {
    "F16": 1,
    "Q8_0": 7,
    "Q5_K_M": 17,
    "Q4_K_M": 15,
    "Q4_K_S": 14,
    "Q4_0": 2,
    "IQ4_XS": 30,
    "Q3_K_M": 12,
    "Q2_K": 10,
}


class _Parameters(ctypes.Structure):
    """The head of llama_model_quantize_params; what follows keeps its default."""

    _fields_ = (
        ("threads", ctypes.c_int32),
        ("format", ctypes.c_int32),
        ("others", ctypes.c_ubyte * 504),  # far more than any release has
    )


def quantise(libraries: Path, source: Path, name: str, to: Path) -> None:
    """Write *source* in the format *name* to *to*, by the libllama in *libraries*."""
    for library in sorted(libraries.glob("libggml-base.*so*")):
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    for library in sorted(libraries.glob("libggml.*so*")):
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    (found,) = libraries.glob("libllama.*so*")
    llama = ctypes.CDLL(str(found))
    llama.llama_model_quantize_default_params.restype = _Parameters
    llama.llama_model_quantize.restype = ctypes.c_uint32
    llama.llama_model_quantize.argtypes = (
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.POINTER(_Parameters),
    )
    llama.llama_backend_init()
    wanted = llama.llama_model_quantize_default_params()
    wanted.threads, wanted.format = 1, FORMATS[name]
    done = llama.llama_model_quantize(
        str(source).encode(), str(to).encode(), ctypes.byref(wanted)
    )
    assert done == 0, f"llama.cpp could not quantise to {name}"
