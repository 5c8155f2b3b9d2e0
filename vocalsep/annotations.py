"""Whether a value from a file is of the type that a constructor's annotation asks for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

# What numbers and words are called in messages, and the classes that hold them.
PLAIN: dict[Any, tuple[str, type]] = {
    bool: ("true or false", bool),
    int: ("a whole number", Integral),
    float: ("a number", Real),
    str: ("text", str),
    NoneType: ("null", NoneType),
}
LISTS, MAPPINGS = (list, tuple, Sequence, Iterable), (dict, Mapping)


def annotations_of(part: Callable[..., Any]) -> dict[str, Any]:
    """Name of each argument of a function or constructor -> its type, where that can be told."""
    while isinstance(part, partial):
        part = part.func
    try:
        return get_type_hints(part.__init__ if inspect.isclass(part) else part)
    except (NameError, TypeError):  # names that only type checkers import
        return {}


def fits(value: object, kind: Any) -> bool:
    """Whether a value is what an annotation says; annotations that are not checked fit all.

    Not checked are those of one value out of a few: constructors name the closest themselves.

    >>> fits([8, 4], tuple[int, int]), fits([8], tuple[int, int]), fits(True, int), fits(2, float)
    (True, False, False, True)
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in inner)
    if kind in PLAIN:
        return isinstance(value, PLAIN[kind][1]) and isinstance(value, bool) <= (kind is bool)
    if origin in LISTS:
        return isinstance(value, (list, tuple)) and _fits_list(value, kind)
    return isinstance(value, Mapping) if origin in MAPPINGS else True


def _fits_list(values: Sequence[object], kind: Any) -> bool:
    inner = get_args(kind)
    if has_length(kind):
        return len(values) == len(inner) and all(map(fits, values, inner))
    return all(fits(each, inner[0]) for each in values)


def told(kind: Any) -> str:
    """An annotation in words.

    >>> told(tuple[int, int]), told(Sequence[float] | None)
    ('a list of 2 (each a whole number)', 'a list (each a number) or null')
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(told(each) for each in inner)
    if kind in PLAIN:
        return PLAIN[kind][0]
    if origin in LISTS:
        n = f" of {len(inner)}" if has_length(kind) else ""
        return f"a list{n} (each {told(inner[0])})"
    if origin in MAPPINGS:
        return "keys with values"
    return getattr(kind, "__name__", str(kind))


def has_length(kind: Any) -> bool:
    """Whether an annotated list says how many values it holds: a tuple without "…"."""
    return get_origin(kind) is tuple and Ellipsis not in get_args(kind)
