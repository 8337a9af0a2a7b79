"""A check that one invalid request is rejected, together with its fault."""

from __future__ import annotations

from collections.abc import Iterable

from contract.checks.faults.rejection import acceptance_fault
from contract.checks.judging.rejection import ABOUT_THE_REQUEST, rejection_check
from contract.model.check import Check, Fault
from contract.model.probe import Probe
from contract.model.profile import Capability


def check_and_fault(  # noqa: PLR0913  # what differs between the pairs
    sends: Probe,
    requirement: str,
    description: str,
    *,
    source: str,
    needs: Iterable[Capability] = (),
    unless: str | None = None,
    statuses: frozenset[int] = ABOUT_THE_REQUEST,
    described: str = "",
) -> tuple[Check, Fault]:
    """
    Return the check that *sends* is rejected, and the fault that accepts it.

    Bind the two to the names that their ids are made of: for a probe `n-zero` these
    are `n_zero` and `accepts_n_zero`.

    Args:
        sends: The invalid request; its name becomes the name of the check.
        requirement: One sentence with one RFC 2119 keyword.
        description: One sentence on how a server comes to accept the request.
        source: The document that demands the rejection.
        needs: The capabilities without which the request cannot be sent.
        unless: The entry of a profile's `tolerates` that documents acceptance.
        statuses: The status codes that count as a rejection.
        described: Those status codes as a finding prints them.

    """
    rejection = rejection_check(
        sends,
        requirement,
        source=source,
        needs=needs,
        unless=unless,
        statuses=statuses,
        described=described,
    )
    return rejection, acceptance_fault(rejection, description)
