"""The server of Hugging Face Transformers, `transformers serve`."""

from contract.model.provider import define
from contract.providers.transformers.dialect import TRANSFORMERS
from contract.providers.transformers.fingerprint import FINGERPRINT

PROVIDER = define(
    __name__,
    dialects=(TRANSFORMERS,),
    fingerprint=FINGERPRINT,
)
