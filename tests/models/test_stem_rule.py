"""The residual rule: what comes out adds up to the mixture, whatever the network says."""

from __future__ import annotations

import pytest
import torch

from vocalsep.dsp.front_end import FrontEnd
from vocalsep.dsp.signals import Signals
from vocalsep.models.stem_rule import StemRule
from vocalsep.recipe import Recipe

FRONT_END = FrontEnd(64, 16, 20)
CASES = [
    (["vocals"], "", ["vocals", "accompaniment"]),
    (["drums"], "", ["drums", "residual"]),
    (["vocals", "accompaniment"], "accompaniment", ["vocals", "accompaniment"]),
    (["accompaniment", "vocals"], "accompaniment", ["vocals", "accompaniment"]),
    (["vocals", "other", "drums"], "other", ["vocals", "drums", "other"]),
    (["vocals", "drums"], "other", ["vocals", "drums", "other"]),
]


@pytest.mark.parametrize(("targets", "residual", "stems"), CASES)
def test_stems_add_up_and_keep_their_targets(
    targets: list[str], residual: str, stems: list[str]
) -> None:
    recipe = Recipe("x", targets=targets, residual=residual)
    assert recipe.stems == stems
    estimates, mixture = torch.randn(2, len(targets), 2, 30), torch.randn(2, 1, 2, 30)
    out = StemRule(targets, stems).stems_of(estimates, mixture)
    assert out.shape == (2, len(stems), 2, 30)
    torch.testing.assert_close(out.sum(1, keepdim=True), mixture)
    for place, stem in enumerate(stems[:-1]):
        assert torch.equal(out[:, place], estimates[:, targets.index(stem)])


@pytest.mark.parametrize(("targets", "residual", "stems"), CASES)
def test_a_residual_that_is_a_target_is_trained_on_its_own(
    targets: list[str], residual: str, stems: list[str]
) -> None:
    estimates = Signals.from_waveforms(torch.randn(2, len(targets), 2, 90), FRONT_END)
    mixture = Signals.from_waveforms(torch.randn(2, 1, 2, 90), FRONT_END)
    rule = StemRule(targets, stems)
    out = rule.trained_stems(estimates, mixture)
    for view in ("waveforms", "spectra"):
        theirs, ours = getattr(estimates, view), getattr(out, view)
        if stems[-1] in targets:
            assert torch.equal(ours, theirs[:, [targets.index(stem) for stem in stems]])
        else:
            torch.testing.assert_close(ours.sum(1, keepdim=True), getattr(mixture, view))
