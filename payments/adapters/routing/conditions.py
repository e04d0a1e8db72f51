"""Conditions over a payment, in CEL: checked when they are saved, evaluated without side effects.

CEL answers an error (a division by zero, an overflow) as a value, and that value is true to Python.
So the type of every result is looked at first; what is not a boolean is a RuleBroken.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from cel_expr_python import cel

from payments.domain.routing import Facts
from payments.ports.routing import RuleRefused

LONGEST: Final = 2_000
_TYPES: Final = {int: cel.Type.INT, str: cel.Type.STRING}
_ENVIRONMENT: Final = cel.NewEnv(
    variables={name: _TYPES[kind] for name, kind in Facts.__annotations__.items()}
)


class RuleBroken(Exception):
    """A condition had no answer for this payment."""


class Condition:
    """One compiled condition."""

    def __init__(self, when: str) -> None:
        """Raises RuleRefused with CEL's own words: line, column, and what is wrong."""
        if len(when) > LONGEST:
            raise RuleRefused(f"a condition has at most {LONGEST} characters")
        try:
            self._compiled = _ENVIRONMENT.compile(when)
        except RuntimeError as error:
            raise RuleRefused(str(error)) from None
        if self._compiled.return_type() != cel.Type.BOOL:
            kind = self._compiled.return_type().name()
            raise RuleRefused(f"{when!r} is of type {kind}; a condition is true or false")

    def holds(self, facts: Mapping[str, str | int]) -> bool:
        """`facts` are the fields of Facts. Raises RuleBroken."""
        result = self._compiled.eval(data=facts)
        if result.type() != cel.Type.BOOL:
            raise RuleBroken(str(result.value()))
        return bool(result.value())


@lru_cache(maxsize=1024)
def condition(when: str) -> Condition:
    """Compiled once for each text. Raises RuleRefused."""
    return Condition(when)
