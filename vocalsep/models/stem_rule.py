"""The residual rule, in one place: which stems come out of what the network estimates.

    stems = targets without the residual, then residual = mixture − Σ the others

so stems add up to the mixture by construction. Inference, loss and validation all ask here.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from vocalsep.dsp.signals import Signals


class StemRule:
    """From estimates of the targets to all stems.

    Args:
        targets: what the network estimates, in the order of S.
        stems: what comes out, the residual last (`Recipe.stems`).

    Attributes:
        chosen: of each stem but the residual, its place among the targets.
        residual: place of the residual among the targets, None if it is not one.
    """

    def __init__(self, targets: Sequence[str], stems: Sequence[str]) -> None:
        *others, residual = stems
        self.chosen = [list(targets).index(name) for name in others]
        self.residual = list(targets).index(residual) if residual in targets else None

    def stems_of(self, estimates: Tensor, mixture: Tensor) -> Tensor:
        """All stems as they come out: the residual is what the others leave.

        Args:
            estimates: (B, S, C, …) of the targets, waveforms or spectra.
            mixture: (B, 1, C, …).

        Returns:
            (B, n stems, C, …); the sum over the stems is the mixture.
        """
        others = estimates[:, self.chosen]
        return torch.cat([others, mixture - others.sum(1, keepdim=True)], dim=1)

    def trained_stems(self, estimates: Signals, mixture: Signals) -> Signals:
        """All stems as they are trained: a residual that is a target too stands by itself.

        That is how networks with one output for every stem learn the last of them.
        """

        if self.residual is not None:
            order = [*self.chosen, self.residual]
            return estimates.map(lambda view: view[:, order])
        return Signals(
            lambda: self.stems_of(estimates.waveforms, mixture.waveforms),
            lambda: self.stems_of(estimates.spectra, mixture.spectra),
        )
