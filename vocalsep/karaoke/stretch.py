"""Change key and tempo: sample k of the result is where k·tempo was, as loud as it was.

The phase vocoder is Signalsmith Stretch (python-stretch, the extra "karaoke"). It moves everything
in frequency, resonances of a mouth included; `keep_formants` gives a voice its own back.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from vocalsep.dsp.overlap import ChunkGeometry, chunks, overlap_add
from vocalsep.dsp.stft import STFT
from vocalsep.errors import VocalsepError
from vocalsep.karaoke.options import Treatment

Float32Array = npt.NDArray[np.float32]

#: Above, partials are moved by a constant number of Hz, which keeps "s" and cymbals crisp.
_TONALITY_LIMIT_HZ = 8000.0
#: The same song gives the same samples.
_SEED = 20240229

_FRAME_S = 0.046
#: An envelope may change this fast along frequency (s): slower than the partials of any singer up
#: to 700 Hz, faster than formants.
_QUEFRENCY_S = 0.0014
_MAX_CORRECTION_DB = 24.0
_CHUNK_S = 20.0


def require_stretch() -> None:
    """Make sure that the library is there before hours of work.

    Raises:
        VocalsepError: it is not installed.
    """
    try:
        import python_stretch  # noqa: F401
    except ImportError as error:
        raise VocalsepError(
            "--key and --tempo need python-stretch: pip install 'vocalsep[karaoke]'"
        ) from error


def stretch(
    audio: Float32Array, sample_rate: int, treatment: Treatment, is_voice: bool
) -> Float32Array:
    """Change key and tempo.

    Args:
        audio: (C, N) the whole song.
        sample_rate: Hz.
        treatment: `key` and `tempo` are used.
        is_voice: keep its formants.

    Returns:
        (C, M), M = N·100/tempo, rounded.
    """
    if is_voice and treatment.key:
        slowed = _vocoder(audio, sample_rate, Treatment(tempo=treatment.tempo))
        moved = _vocoder(slowed, sample_rate, Treatment(key=treatment.key))
        return _as_loud(keep_formants(moved, slowed, sample_rate), audio)
    return _as_loud(_vocoder(audio, sample_rate, treatment), audio)


def _as_loud(done: Float32Array, audio: Float32Array) -> Float32Array:
    """Give back the tenths of a decibel that a phase vocoder loses."""
    before, after = (float(np.vdot(each, each)) / max(each.shape[1], 1) for each in (audio, done))
    return done * np.float32(np.sqrt(before / after)) if after > 0 else done


def _vocoder(audio: Float32Array, sample_rate: int, treatment: Treatment) -> Float32Array:
    if treatment.keeps_time_and_key:
        return audio
    from python_stretch.Signalsmith import Stretch

    n_samples = round(audio.shape[1] * 100.0 / treatment.tempo)
    vocoder = Stretch(_SEED)
    vocoder.preset(audio.shape[0], float(sample_rate))
    vocoder.setTransposeSemitones(treatment.key, _TONALITY_LIMIT_HZ / sample_rate)
    vocoder.setTimeFactor(treatment.tempo / 100.0)
    done = np.asarray(vocoder.process(np.ascontiguousarray(audio, np.float32)))
    missing = max(n_samples - done.shape[1], 0)
    return np.pad(done, ((0, 0), (0, missing)))[:, :n_samples]


def keep_formants(moved: Float32Array, voice: Float32Array, sample_rate: int) -> Float32Array:
    """Give a voice whose key was changed the spectral envelope of the voice before.

    Both envelopes are cepstrally smoothed magnitudes (Röbel and Rodet, "Efficient spectral
    envelope estimation", DAFx 2005, without their iteration).

    Args:
        moved, voice: (C, N) each, sample by sample together.
        sample_rate: Hz.
    """
    n_fft = 2 ** round(np.log2(_FRAME_S * sample_rate))
    stft = STFT(n_fft, n_fft // 4)
    n_kept = round(_QUEFRENCY_S * sample_rate)
    geometry = ChunkGeometry.from_overlap(max(round(_CHUNK_S * sample_rate), n_fft), 0.1)
    parts = (
        _corrected(torch.from_numpy(chunk), stft, n_kept).numpy()
        for chunk in chunks([np.stack([moved, voice])], geometry)
    )
    corrected = [moved[:, :0], *overlap_add(parts, geometry)]
    return np.concatenate(corrected, axis=-1).astype(np.float32)


def _corrected(pair: torch.Tensor, stft: STFT, n_kept: int) -> torch.Tensor:
    """(2, C, L) moved and original -> (C, L)."""
    spectra = stft.analyse(pair)  # (2, C, F, T)
    moved, voice = (_log_envelope(spectrum, n_kept) for spectrum in spectra)
    limit = _MAX_CORRECTION_DB / 20.0 * float(np.log(10.0))
    corrected = spectra[0] * (voice - moved).clamp(-limit, limit).exp()
    # Partials now stand elsewhere under the formants: each frame gets its old level back.
    level = (_power(spectra[1]) / _power(corrected)).sqrt().clamp(0.25, 4.0)
    return stft.synthesise((corrected * level).unsqueeze(0), pair.shape[-1])[0]


def _power(spectrum: torch.Tensor) -> torch.Tensor:
    """Energy of each frame, never zero; (C, F, T) -> (C, 1, T)."""
    return spectrum.abs().square().sum(dim=1, keepdim=True) + 1e-9


def _log_envelope(spectrum: torch.Tensor, n_kept: int) -> torch.Tensor:
    """Smoothed log magnitude: the first cepstral coefficients alone; (C, F, T) -> (C, F, T)."""
    floor = spectrum.abs().amax(dim=(1, 2), keepdim=True) * 1e-4 + 1e-9
    cepstrum = torch.fft.irfft(torch.log(spectrum.abs() + floor), dim=1)  # real and even
    cepstrum[:, n_kept : cepstrum.shape[1] - n_kept + 1] = 0.0
    smooth: torch.Tensor = torch.fft.rfft(cepstrum, dim=1).real
    return smooth
