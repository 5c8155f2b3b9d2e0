"""Score estimates of a song's stems quickly: for validation, tests and every table's anchors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from vocalsep.dsp.stft import STFT
from vocalsep.evaluation.metrics import regression_coefficients, sdr
from vocalsep.evaluation.signals import Audio
from vocalsep.evaluation.songs import Song

Scores = dict[str, float]


def score(song: Song, estimates: Mapping[str, Audio]) -> Scores:
    """Scores of estimates, stem name -> (C, N); any of the song's stems.

    Returns:
        Stem name -> global SDR, dB. Where "vocals" are among them also "voice_held" and
        "music_held": the shares of the true voice and of everything else that the vocal estimate
        holds (1 and 0 are perfect).
    """
    scores = {stem: sdr(song.sources[stem], audio) for stem, audio in estimates.items()}
    if "vocals" in estimates:
        vocals, music = song.sources["vocals"], song.rest("vocals")
        held, bleed = regression_coefficients(estimates["vocals"], vocals, music)
        scores |= {"voice_held": held, "music_held": bleed}
    return scores


def score_anchors(song: Song, stft: STFT) -> dict[str, Scores]:
    """The same scores for the mixture as estimate of every stem, and for the ideal ratio mask."""
    names = list(song.sources)
    stems = torch.from_numpy(np.stack(list(song.sources.values())))  # (S, C, N)
    spectra = stft.analyse(stems)  # (S, C, F, T)
    magnitudes = spectra.abs()
    masks = magnitudes / (magnitudes.sum(0, keepdim=True) + 1e-12)
    ideal = stft.synthesise(masks * spectra.sum(0, keepdim=True), stems.shape[-1]).numpy()
    mixture = song.mixture
    return {
        "mixture": score(song, dict.fromkeys(names, mixture)),
        "ideal ratio mask": score(song, dict(zip(names, ideal, strict=True))),
    }
