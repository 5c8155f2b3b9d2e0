"""Names that say that nobody sings."""

from __future__ import annotations

import pytest

from vocalsep.karaoke.instrumental import names_an_instrumental


@pytest.mark.parametrize(
    "name",
    [
        "So (Instrumental)",
        "So [INSTR]",
        "So (Karaoke Version)",
        "instrumental",
        "So (Kar)",
        "KARAOKE",
    ],
)
def test_instrumentals(name: str) -> None:
    assert names_an_instrumental(name)


@pytest.mark.parametrize(
    "name", ["So", "Instrumental Love", "Karaoke Queen", "So (Karl)", "So (Live)", ""]
)
def test_songs(name: str) -> None:
    assert not names_an_instrumental(name)
