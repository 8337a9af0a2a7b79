"""Many small cases as one test item: thousands of items cost more than they test."""

from __future__ import annotations

import functools
import inspect
from itertools import count

import pytest
from _pytest.mark.structures import ParameterSet


def each(names, values, ids=None):
    """
    As `pytest.mark.parametrize`, but all cases are one test.

    Every case runs; the failure lists each failed one by its id with its message. It
    can be stacked. A case that skips is passed over; if all do, the test is skipped.
    """
    names = (
        tuple(name.strip() for name in names.split(","))
        if isinstance(names, str)
        else tuple(names)
    )
    cases = [*_cases(values, len(names), ids)]

    def decorate(test):
        @functools.wraps(test)
        def run(**fixtures):
            failed, skipped = {}, []
            for case, arguments in cases:
                try:
                    test(**dict(zip(names, arguments, strict=True)), **fixtures)
                except pytest.skip.Exception as reason:
                    skipped.append(str(reason))
                except (AssertionError, pytest.fail.Exception) as error:
                    failed[case] = str(error) or "an assertion failed"
                except Exception as error:  # noqa: BLE001  # named with its case
                    failed[case] = f"{type(error).__name__}: {error}"
            if cases and len(skipped) == len(cases):
                pytest.skip(skipped[0])
            text = "\n".join(f"[{case}] {message}" for case, message in failed.items())
            assert not failed, f"{len(failed)} of {len(cases)} cases failed\n{text}"

        run.__signature__ = inspect.Signature(
            [
                parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
                for name, parameter in inspect.signature(test).parameters.items()
                if name not in names
            ]
        )
        return run

    return decorate


def _cases(values, width, ids):
    named = iter(ids) if ids is not None and not callable(ids) else None
    for number, value in zip(count(), values, strict=False):
        found = ParameterSet.extract_from(value, force_tuple=width == 1)
        name = found.id
        if name is None and named is not None:
            name = next(named)
        if name is None:
            show = ids if callable(ids) else str
            name = "-".join(str(show(one)) for one in found.values)[:80] or str(number)
        yield name, found.values
