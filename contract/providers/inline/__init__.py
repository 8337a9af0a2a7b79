"""Any server without a reasoning parser: thoughts stay in the content, in markers."""

from contract.model.provider import define
from contract.providers.inline.dialect import INLINE
from contract.providers.inline.fingerprint import FINGERPRINT

PROVIDER = define(
    __name__,
    dialects=(INLINE,),
    fingerprint=FINGERPRINT,
)
