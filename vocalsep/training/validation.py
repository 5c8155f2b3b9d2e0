"""Score a separator on songs with true stems."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from vocalsep.audio.read import open_audio
from vocalsep.audio.resample import resample_blocks
from vocalsep.dsp.mask import apply_mask, ideal_ratio_mask
from vocalsep.errors import DataError
from vocalsep.evaluation.metrics import regression_coefficients, sdr
from vocalsep.models.separator import MaskSeparator
from vocalsep.recipe import Recipe

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Song:
    """True stems of a song or an excerpt, (C, N) each; the mixture is their sum."""

    name: str
    vocals: Audio
    accompaniment: Audio


def load_songs(recipe: Recipe) -> list[Song]:
    """The recipe's validation songs, each cut to the `seconds` where its voice is strongest.

    Raises:
        DataError: a folder lacks a stem, or stems differ in length.
    """
    return [
        _load_song(name, Path(folder), recipe) for name, folder in recipe.validation.songs.items()
    ]


def score(separator: MaskSeparator, song: Song) -> dict[str, float]:
    """SDR in dB of both stems, and what share of each true stem the vocal estimate holds."""
    mixture = song.vocals + song.accompaniment
    vocals = _separate(separator, torch.from_numpy(mixture)).numpy()
    return _scores(song, vocals, mixture - vocals)


def score_anchors(separator: MaskSeparator, song: Song) -> dict[str, dict[str, float]]:
    """The same scores for the mixture itself and for the ideal ratio mask of the same STFT."""
    stems = torch.from_numpy(np.stack([song.vocals, song.accompaniment]))  # (2, C, N)
    spectra = separator.stft.analyse(stems)  # (2, C, F, T)
    mask = ideal_ratio_mask(spectra[:1], spectra[1:]).unsqueeze(1)  # (1, 1, C, F, T)
    ideal = apply_mask(mask, spectra.sum(0, keepdim=True))[:, 0]  # (1, C, F, T)
    oracle = separator.stft.synthesise(ideal, stems.shape[-1])[0].numpy()
    mixture = song.vocals + song.accompaniment
    return {
        "mixture": _scores(song, mixture, mixture),
        "ideal ratio mask": _scores(song, oracle, mixture - oracle),
    }


def _scores(song: Song, vocals: Audio, accompaniment: Audio) -> dict[str, float]:
    held, bleed = regression_coefficients(vocals, song.vocals, song.accompaniment)
    return {
        "vocals": sdr(song.vocals, vocals),
        "accompaniment": sdr(song.accompaniment, accompaniment),
        "voice_held": held,
        "music_held": bleed,
    }


@torch.inference_mode()
def _separate(separator: MaskSeparator, mixture: torch.Tensor) -> torch.Tensor:
    """(C, N) -> (C, N), in pieces of the chunk length without overlap: a little pessimistic."""
    pieces = mixture.split(separator.chunk_samples, dim=-1)
    return torch.cat([separator(piece.unsqueeze(0))[0, 0] for piece in pieces], dim=-1)


def _load_song(name: str, folder: Path, recipe: Recipe) -> Song:
    rate = recipe.audio.sample_rate
    vocals, accompaniment = (_load_stem(folder, s, rate) for s in ("vocals", "accompaniment"))
    if vocals.shape != accompaniment.shape:
        raise DataError(
            f"{folder}: vocals have {vocals.shape[1]} samples, accompaniment "
            f"{accompaniment.shape[1]}; true stems are of equal length"
        )
    kept = strongest_span(vocals, rate, recipe.validation.seconds)
    return Song(name, vocals[:, kept], accompaniment[:, kept])


def strongest_span(voice: Audio, sample_rate: int, length_s: float) -> slice:
    """The span of `length_s` seconds that holds most of the voice's energy; all of it for 0."""
    n_seconds = voice.shape[1] // sample_rate
    n_kept = math.ceil(length_s)
    if not 0 < n_kept < n_seconds:
        return slice(0, voice.shape[1])
    per_second = np.square(voice[:, : n_seconds * sample_rate]).mean(0)
    energy = per_second.reshape(n_seconds, sample_rate).mean(1)
    first = int(np.argmax(np.convolve(energy, np.ones(n_kept), "valid")))
    return slice(first * sample_rate, first * sample_rate + round(length_s * sample_rate))


def _load_stem(folder: Path, stem: str, sample_rate: int) -> Audio:
    files = sorted(folder.glob(f"{stem}.*"))
    if not files:
        raise DataError(f"{folder}: no {stem}.* in it; a validation song needs both stems")
    with open_audio(files[0]) as reader:
        blocks = list(resample_blocks(reader.blocks(), reader.info.sample_rate, sample_rate))
    audio = np.concatenate(blocks, axis=1, dtype=np.float32)
    return np.ascontiguousarray(np.broadcast_to(audio[:2], (2, audio.shape[1])))
