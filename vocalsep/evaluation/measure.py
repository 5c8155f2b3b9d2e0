"""All metrics of one method on one song.

BSS Eval hears everything rounded to 16 bits, the format in which all campaigns exchanged their
files. Without that floor its filters are ill-conditioned wherever references are band-limited
(decoded MP3 or Opus, resampled songs): they blow up what lies between the bands, and the windows of
version 4 score −30 dB and less for estimates that nobody could tell from the source; museval and
mir_eval do so as well (docs/evaluation.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalsep.evaluation.metrics import (
    BssEval,
    dip_db,
    leakage_db,
    log_spectral_distance,
    sdr,
    si_sdr,
)
from vocalsep.evaluation.metrics.bss_eval import silent_sources
from vocalsep.evaluation.score import score
from vocalsep.evaluation.signals import Audio, Lazy, Samples, Signal, mapped, stacked
from vocalsep.evaluation.songs import Song

#: What can be asked for, cheapest first. "v4" and "v3" are BSS Eval.
GROUPS = ("energy", "spectral", "singing", "v3", "v4")
WINDOW_S = 1.0  # of BSS Eval v4, and its hop: museval's protocol

Frames = dict[str, dict[str, list[float]]]  # stem -> SDR, ISR, SIR, SAR -> one value a window


@dataclass(frozen=True)
class Measured:
    """Scores of one method on one song.

    Attributes:
        frames: BSS Eval v4 window by window.
        scores: stem -> metric key (see metric_names.py) -> value; NaN where there is none.
        silent: stems whose reference or estimate is silent throughout.
    """

    frames: Frames
    scores: dict[str, dict[str, float]]
    silent: tuple[str, ...]


class Measure:
    """Measures any number of methods on one song; what depends on the song is done once.

    Args:
        song: with at least two sources for BSS Eval.
        groups: of GROUPS.
    """

    def __init__(self, song: Song, groups: Collection[str] = GROUPS) -> None:
        self._song = song
        self._groups = set(groups)
        self._stems = list(song.sources)
        truth = stacked(list(song.sources.values()))  # (S, C, N)
        self._truth = in_16_bits(truth)
        several = len(self._stems) > 1
        wanted = several and bool(self._groups & {"v3", "v4"})
        self._bss = BssEval(self._truth) if wanted else None
        self._mono: BssEval | None = None
        if several and "v3" in self._groups:
            stereo = self._truth.shape[1] > 1
            self._mono = BssEval(_mono(truth)) if stereo else self._bss
            nothing_done = in_16_bits(stacked([song.mixture] * len(self._stems)))
            self._baseline = self._mono_scores(nothing_done)

    def of(self, estimates: Mapping[str, Audio]) -> Measured:
        """Scores of estimates, stem name -> (C, N), for every source of the song."""
        guess = in_16_bits(stacked([estimates[stem] for stem in self._stems]))
        scores: dict[str, dict[str, float]] = {stem: {} for stem in self._stems}
        frames: Frames = {}
        if "energy" in self._groups:
            self._energies(estimates, scores)
        if "spectral" in self._groups:
            for stem in self._stems:
                pair = self._song.sources[stem], estimates[stem]
                scores[stem]["lsd"] = log_spectral_distance(*pair)
        if "singing" in self._groups and "vocals" in self._stems:
            self._singing(estimates, scores)
        if "v3" in self._groups and self._bss is not None:
            self._version_3(guess, scores)
        if "v4" in self._groups and self._bss is not None:
            frames = self._version_4(guess, scores)
        silent = silent_sources(self._truth) | silent_sources(guess)
        names = [stem for stem, flag in zip(self._stems, silent, strict=True) if flag]
        return Measured(frames, scores, tuple(names))

    def _energies(
        self, estimates: Mapping[str, Audio], scores: dict[str, dict[str, float]]
    ) -> None:
        for stem in self._stems:
            pair = self._song.sources[stem], estimates[stem]
            scores[stem] |= {"sdr": sdr(*pair), "si_sdr": si_sdr(*pair)}
        if "vocals" in self._stems:
            quick = score(self._song, {"vocals": estimates["vocals"]})
            scores["vocals"] |= {key: quick[key] for key in ("voice_held", "music_held")}

    def _singing(self, estimates: Mapping[str, Audio], scores: dict[str, dict[str, float]]) -> None:
        voice, mixture, rate = (
            self._song.sources["vocals"],
            self._song.mixture,
            self._song.sample_rate,
        )
        scores["vocals"]["leakage"] = leakage_db(voice, mixture, estimates["vocals"], rate)
        if "accompaniment" in estimates:
            music = self._song.sources["accompaniment"]
            found = dip_db(voice, music, estimates["accompaniment"], rate)
            scores["accompaniment"]["dip"] = found

    def _version_3(self, guess: Signal, scores: dict[str, dict[str, float]]) -> None:
        assert self._bss is not None
        images = self._bss.images(guess).named()
        for name, values in self._mono_scores(guess).items():
            for stem, value, before in zip(self._stems, values, self._baseline[name], strict=True):
                scores[stem][f"src_{name.lower()}"] = float(value)
                if name == "SDR":
                    scores[stem]["src_nsdr"] = float(value - before)
        for name, table in images.items():
            for stem, value in zip(self._stems, table[:, 0], strict=True):
                scores[stem][f"img_{name.lower()}"] = float(value)

    def _mono_scores(self, guess: Signal) -> dict[str, npt.NDArray[np.float64]]:
        """SDR, SIR, SAR -> (S,): BSS Eval v3 sources of the mono downmix."""
        assert self._mono is not None
        found = self._mono.sources(guess if guess.shape[1] == 1 else _mono(guess)).named()
        return {name: values[:, 0] for name, values in found.items() if name != "ISR"}

    def _version_4(self, guess: Signal, scores: dict[str, dict[str, float]]) -> Frames:
        assert self._bss is not None
        window = round(WINDOW_S * self._song.sample_rate)
        found = self._bss.framewise(guess, window, window).named()
        frames: Frames = {}
        for j, stem in enumerate(self._stems):
            frames[stem] = {name: values[j].tolist() for name, values in found.items()}
            for name, values in found.items():
                scores[stem][f"v4_{name.lower()}"] = finite_median(values[j])
        return frames


def finite_median(values: npt.NDArray[np.float64]) -> float:
    """Median over the windows that have a finite score; NaN if none has."""
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def in_16_bits(signals: Signal) -> Lazy:
    """Rounded to the grid of 16-bit files, not clipped."""
    return mapped(signals, _rounded, signals.shape)


def _mono(signals: Signal) -> Lazy:
    """(S, C, N) -> (S, 1, N), in 16 bits."""
    n_sources, _, n_samples = signals.shape
    return in_16_bits(mapped(signals, _mixed_down, (n_sources, 1, n_samples)))


def _mixed_down(samples: Samples) -> Samples:
    found: Samples = samples.mean(axis=1, keepdims=True, dtype=np.float32)
    return found


def _rounded(samples: Samples) -> Samples:
    steps = np.float32(2**15)
    found: Samples = np.round(samples * steps) / steps
    return found
