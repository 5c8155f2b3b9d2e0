"""The learning-rate finder puts everything back, and finds what is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.test_trainer import assert_same_state, records
from tests.training.toy import Toy, toy_trainer
from vocalsep.errors import DataError
from vocalsep.training.finder import HIGHEST, LOWEST, Sweep, find_learning_rate, sweep_rates


def test_everything_is_as_before(tmp_path: Path) -> None:
    import copy

    trainer = toy_trainer(tmp_path, Toy(dropout=0.3), max_steps=4)
    trainer.run()
    before = copy.deepcopy(trainer.state_dict())
    n_lines = len(records(tmp_path))
    found = find_learning_rate(trainer, n_steps=40)
    assert_same_state(trainer.state_dict(), before)
    assert len(records(tmp_path)) == n_lines
    assert LOWEST < found.suggested < HIGHEST
    assert str(found).startswith("rate")


def test_rates_are_equally_far_apart_in_their_logarithm() -> None:
    rates = list(sweep_rates(9))
    assert rates[0] == pytest.approx(1e-7) and rates[-1] == pytest.approx(10)
    assert rates[1] / rates[0] == pytest.approx(10) == pytest.approx(rates[5] / rates[4])


def test_the_steepest_fall_is_suggested() -> None:
    found = Sweep([1e-4, 1e-3, 1e-2, 1e-1, 1.0], [1.0, 0.9, 0.5, 0.4, 9.0])
    assert found.suggested == 1e-2


def test_nan_from_the_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="NaN in the data"):
        find_learning_rate(toy_trainer(tmp_path, Toy(nan_from=0)))
