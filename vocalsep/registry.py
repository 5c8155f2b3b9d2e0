"""Look parts up by name: the allow-list that recipes and model files go through."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from vocalsep.annotations import annotations_of, fits, told
from vocalsep.errors import RecipeError

T = TypeVar("T", bound=Callable[..., Any])


def did_you_mean(word: str, choices: list[str]) -> str:
    """A sentence that names the closest choice, or all of them."""
    close = difflib.get_close_matches(word, choices, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"choose one of: {', '.join(sorted(choices)) or '(none)'}"


def one_of(what: str, value: object, choices: Iterable[object]) -> None:
    """Check the value of a parameter that has few.

    >>> one_of("finest", 16, (8, 16, 32))

    Raises:
        RecipeError: another value; names the closest one.
    """
    known = list(choices)
    if value not in known:
        hint = did_you_mean(str(value), [str(each) for each in known])
        raise RecipeError(f"{what} cannot be {value!r}: {hint}")


class Registry(Generic[T]):
    """Named constructors of one kind of part.

    >>> shapes: Registry = Registry("shape")
    >>> @shapes.register("square")
    ... def square(side: int) -> int:
    ...     return side * side
    >>> shapes.build("square", {"side": 3})
    9
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._parts: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that files a constructor under `name`; a taken name is our own bug."""

        def add(part: T) -> T:
            if name in self._parts:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._parts[name] = part
            return part

        return add

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._parts)

    def get(self, name: str) -> T:
        """The constructor called `name`.

        Raises:
            RecipeError: no such part; names the closest one.
        """
        if name not in self._parts:
            hint = did_you_mean(name, self.names())
            raise RecipeError(f"unknown {self.kind} {name!r}: {hint}")
        return self._parts[name]

    def build(self, name: str, params: Mapping[str, Any], *args: Any) -> Any:
        """Call the constructor with positional `args` and the recipe's `params`, checked by name.

        Raises:
            RecipeError: unknown part, unknown or missing parameter, a value of another type than
                its annotation says, or an impossible one.
        """
        part = self.get(name)
        parameters = list(inspect.signature(part).parameters.values())[len(args) :]
        self._check(name, params, parameters, annotations_of(part))
        try:
            return part(*args, **params)
        except (TypeError, ValueError, LookupError, ArithmeticError, RuntimeError) as error:
            raise RecipeError(f"{self.kind} {name!r}: {error}") from error

    def _check(
        self,
        name: str,
        params: Mapping[str, Any],
        parameters: list[inspect.Parameter],
        kinds: Mapping[str, Any],
    ) -> None:
        """Refuse what a constructor does not take, lacks, or would not understand."""
        known = [each.name for each in parameters]
        for key, value in params.items():
            if key not in known:
                hint = did_you_mean(key, known)
                raise RecipeError(f"{self.kind} {name!r} has no parameter {key!r}: {hint}")
            if not fits(value, kinds.get(key, Any)):
                expected = told(kinds[key])
                raise RecipeError(f"{self.kind} {name!r}: {key} is {value!r}: expected {expected}")
        for each in parameters:
            named = each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
            if named and each.default is each.empty and each.name not in params:
                raise RecipeError(f"{self.kind} {name!r}: its parameter {each.name!r} is missing")
