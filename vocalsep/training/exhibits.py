"""What TensorBoard shows of a song: each stem to listen to, its spectrogram and its mask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from vocalsep.dsp.signals import Signals
from vocalsep.evaluation.songs import Song
from vocalsep.models.base import BaseSeparator
from vocalsep.training.task import Exhibit

HEARD_S = 10.0  # of each stem
FLOOR_DB = -80.0  # what is quieter is black


def exhibits_of(
    song: Song, stems: Mapping[str, Tensor], network: BaseSeparator
) -> Iterator[Exhibit]:
    """Sound, spectrogram and mask of every stem, (C, N) each; the pictures of the mono sum.

    The mask is what a stem holds of each bin's magnitude, so it is also there to be seen of
    models that estimate waveforms.
    """
    n_heard = int(HEARD_S * network.sample_rate)
    names = list(stems)
    heard = torch.stack([stems[name][:, :n_heard] for name in names])  # (S, C, N)
    device = network.front_end.stft.window.device
    mono = heard.mean(1, keepdim=True).unsqueeze(0).to(device)  # (1, S, 1, N)
    magnitudes = Signals.from_waveforms(mono, network.front_end).magnitudes[0, :, 0].cpu()
    mixture = torch.from_numpy(song.mixture[:, :n_heard])
    loudest = float(magnitudes.max())
    shares = magnitudes / magnitudes.sum(0, keepdim=True).clamp_min(1e-9)
    yield Exhibit(f"{song.name}/mixture", mixture.numpy(), network.sample_rate)
    for name, sound, magnitude, share in zip(names, heard, magnitudes, shares, strict=True):
        yield Exhibit(f"{song.name}/{name}", sound.numpy(), network.sample_rate)
        level = 20 * torch.log10(magnitude / max(loudest, 1e-9) + 1e-9)
        # Low bins at the bottom of the picture.
        picture = level.clamp_min(FLOOR_DB).flip(0).numpy()
        yield Exhibit.heat_map(f"{song.name}/{name} spectrogram", picture)
        yield Exhibit.heat_map(f"{song.name}/{name} mask", share.flip(0).numpy())
