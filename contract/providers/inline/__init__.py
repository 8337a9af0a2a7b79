"""Servers without a reasoning parser: reasoning stays in `content`, with markers."""

from contract.model.provider import define
from contract.providers.inline.dialect import INLINE
from contract.providers.inline.fingerprint import FINGERPRINT

PROVIDER = define(
    __name__,
    dialects=(INLINE,),
    fingerprint=FINGERPRINT,
)
