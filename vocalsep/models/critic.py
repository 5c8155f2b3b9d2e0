"""Critics of adversarial training: how much a magnitude spectrogram looks like a real source."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from vocalsep.errors import RecipeError
from vocalsep.recipe import Part
from vocalsep.registry import Registry

CRITICS: Registry[Callable[..., nn.Module]] = Registry("critic")
SMALLEST = 4  # bins and frames that the convolutions leave


def build_critic(part: Part, n_channels: int, size: tuple[int, int]) -> nn.Module:
    """The critic of one source, for spectrograms of one size.

    Args:
        part: name and parameters.
        n_channels: C.
        size: (F', T).

    Returns:
        A network (B, C, F', T) -> scores (B,), without bounds, higher for what looks real.

    Raises:
        RecipeError: unknown, refuses its parameters, or the spectrograms are too small.
    """
    critic: nn.Module = CRITICS.build(part.name, part.params, n_channels, size)
    return critic


@CRITICS.register("strided")
class StridedCritic(nn.Sequential):
    """Strided convolutions to about 4×4, then two dense layers, without any norm.

    Source: Stoller, Ewert, Dixon, ICASSP 2018, and the authors' code
    (f90/AdversarialAudioSeparation, MIT): 4×4 convolutions of stride 2 with 32, 64, 128, 256
    channels until the shorter axis has 4 values, then such along frequency alone, 32 dense
    values and one without bias; LeakyReLU(0.2). For 256 bins × 64 frames: 1,869,344 parameters.
    Batch norm would tie examples together, which the gradient penalty forbids.

    Args:
        n_channels: C of the spectrograms.
        size: (F', T), at least 4 frames and as many bins as frames.
        width: D of the first layer; doubled by each of the next, up to eight times.
    """

    def __init__(self, n_channels: int, size: tuple[int, int], *, width: int = 32) -> None:
        n_bins, n_frames = size
        if not SMALLEST <= n_frames <= n_bins or width < 1:
            raise RecipeError(
                f"critic of {n_bins} bins × {n_frames} frames and width {width}: expected at "
                f"least {SMALLEST} frames, as many bins or more, and a positive width"
            )
        layers: list[nn.Module] = []
        d_in = n_channels
        while n_bins > SMALLEST:
            both = n_frames > SMALLEST
            d_out = width if not layers else min(2 * d_in, 8 * width)
            kernel, stride = ((4, 4), (2, 2)) if both else ((4, 2), (2, 1))
            # As "same" in Keras, where it is uneven: one value more at the end.
            layers += [
                nn.ZeroPad2d((0 if not both else 1, 1, 1, 1)),
                nn.Conv2d(d_in, d_out, kernel, stride),
                nn.LeakyReLU(0.2),
            ]
            n_bins //= 2
            n_frames = n_frames // 2 if both else n_frames
            d_in = d_out
        super().__init__(
            *layers,
            nn.Flatten(),
            nn.Linear(d_in * n_bins * n_frames, 32),
            nn.LeakyReLU(0.2),
            nn.Linear(32, 1, bias=False),
            nn.Flatten(0),
        )
