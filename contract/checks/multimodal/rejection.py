"""Rejections of images: rejecting replies, and checks that require a rejection."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.faults.rejection import acceptance_fault
from contract.checks.judging.rejection import ABOUT_THE_REQUEST, expect_rejected
from contract.checks.multimodal.image_cost import VISION
from contract.model.check import ANY, Check, Fault, Findings, check
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json
from contract.portable.requirement import decided
from contract.portable.schemas import has, one_of


def reject_image(
    reply: Reply, message: str, reason: RejectionReason = RejectionReason.UNSUPPORTED
) -> Reply:
    """
    Return *reply* replaced by a rejection in the format of its dialect.

    *message* is the text of the error, *reason* selects its status and code.
    """
    rejection = Rejection(reason=reason, message=message, pointer="/messages")
    status, body = reply.dialect.error(rejection)
    data = body.encode() if isinstance(body, str) else encode_json(body)
    return replace(
        reply,
        status=status,
        headers=(
            JSON_TYPE,
            *(pair for pair in reply.headers if pair[0] != JSON_TYPE[0]),
        ),
        frames=(Frame(0.0, data),),
        rejection=rejection,
    )


def check_and_fault(  # noqa: PLR0913  # the fields that differ between these pairs
    sends: Probe,
    name: str,
    requirement: str,
    description: str,
    *,
    source: str,
    statuses: frozenset[int] = ABOUT_THE_REQUEST,
    unless: str | None = None,
) -> tuple[Check, Fault]:
    """
    Return the check `multimodal.refuses-NAME` and its fault `accepts-NAME`.

    The check requires that the image of *sends* is rejected with one of *statuses*.
    The fault answers the request instead; *description* says why. *unless* is the
    entry in a profile's `tolerates` for servers documented to accept the image.
    """

    @decided(has(status=one_of(sorted(statuses))))
    def judge(exchange: Exchange) -> Findings:
        yield from expect_rejected(exchange, statuses)

    judge.__name__ = judge.__qualname__ = f"refuses_{name}".replace("-", "_")
    rejected = check(
        f"multimodal.refuses-{name}",
        requirement,
        source=source,
        sends=sends,
        needs=VISION,
        expects=ANY,
        unless=unless,
    )(judge)
    return rejected, replace(
        acceptance_fault(rejected, description), id=f"accepts-{name}"
    )
