"""llama.cpp's server, `llama-server`."""

from contract.model.provider import define
from contract.providers.llamacpp.dialect import LLAMACPP
from contract.providers.llamacpp.fingerprint import FINGERPRINT

PROVIDER = define(
    __name__,
    dialects=(LLAMACPP,),
    fingerprint=FINGERPRINT,
)
