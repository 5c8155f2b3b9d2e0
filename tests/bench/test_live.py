"""The measure of `vocalsep live`: a real process, timed by the clock."""

from __future__ import annotations

import pytest

from vocalsep.bench.jobs import Setting
from vocalsep.bench.live import measure_live
from vocalsep.errors import VocalsepError


@pytest.mark.slow
def test_an_impulse_takes_as_long_as_it_must() -> None:
    found = measure_live(Setting(), "normal")
    assert found["delay_s"] > 1.4  # 1.45 s, and nothing comes out earlier, however fast
    assert found["load"] > 0


@pytest.mark.slow
def test_a_program_that_ends_is_one_line() -> None:
    with pytest.raises(VocalsepError, match=r"measuring failed: .*no-such-model"):
        measure_live(Setting(model="no-such-model"), "normal")
