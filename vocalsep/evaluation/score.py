"""Score estimates of a song's voice, and the anchors that frame every table."""

from __future__ import annotations

import numpy as np
import torch

from vocalsep.dsp.mask import apply_mask, ideal_ratio_mask
from vocalsep.dsp.stft import STFT
from vocalsep.evaluation.metrics import regression_coefficients, sdr
from vocalsep.evaluation.songs import Audio, Song

Scores = dict[str, float]


def score(song: Song, vocals: Audio, accompaniment: Audio) -> Scores:
    """Scores of a pair of estimates, (C, N) each.

    Returns:
        "vocals", "accompaniment": global SDR, dB. "voice_held", "music_held": the shares of the
        true voice and of the true accompaniment that the vocal estimate holds (1 and 0 are
        perfect).
    """
    held, bleed = regression_coefficients(vocals, song.vocals, song.accompaniment)
    return {
        "vocals": sdr(song.vocals, vocals),
        "accompaniment": sdr(song.accompaniment, accompaniment),
        "voice_held": held,
        "music_held": bleed,
    }


def score_anchors(song: Song, stft: STFT) -> dict[str, Scores]:
    """The same scores for the mixture as estimate of both, and for the ideal ratio mask."""
    stems = torch.from_numpy(np.stack([song.vocals, song.accompaniment]))  # (2, C, N)
    spectra = stft.analyse(stems)  # (2, C, F, T)
    mask = ideal_ratio_mask(spectra[:1], spectra[1:]).unsqueeze(1)  # (1, 1, C, F, T)
    ideal = apply_mask(mask, spectra.sum(0, keepdim=True))[:, 0]  # (1, C, F, T)
    voice = stft.synthesise(ideal, stems.shape[-1])[0].numpy()
    mixture = song.mixture
    return {
        "mixture": score(song, mixture, mixture),
        "ideal ratio mask": score(song, voice, mixture - voice),
    }
