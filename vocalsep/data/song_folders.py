"""Songs as folders with a float WAV a stem, as `evaluate`, validation and other tools read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.audio.formats import StemFormat
from vocalsep.audio.write import open_writer
from vocalsep.data.sources import StemSource, by_song, load
from vocalsep.errors import DataError, OutputError

Samples = npt.NDArray[np.float32]  # (C, N)


def write_song(song: Path, stems: Mapping[str, Samples], sample_rate: int) -> None:
    """Write one song: SONG/STEM.wav for each stem of (C, N), C 1 or 2.

    Raises:
        OutputError: a file cannot be written, or the folder is there already.
    """
    try:
        song.mkdir(parents=True)
    except FileExistsError as error:
        raise OutputError(f"{song} is there already; name another folder") from error
    except OSError as error:
        raise OutputError(f"{song}: cannot be made: {error.strerror}") from error
    for name, samples in stems.items():
        n_channels = len(samples)
        layout = "mono" if n_channels == 1 else "stereo"
        wav = StemFormat(
            ".wav", "wav", "pcm_f32le", sample_rate, n_channels, layout, None, True, True
        )
        with open_writer(song / f"{name}.wav", wav, samples.shape[1]) as writer:
            writer.write(samples)
            writer.commit()


def write_songs(sources: Iterable[StemSource], folder: Path, sample_rate: int) -> Iterator[Path]:
    """Write the songs of a data set, whatever its layout; unpaired stems are left out.

    Stems of a song that end a little early, as codecs leave them, are filled up with silence.

    Yields:
        Each song folder when it is complete.

    Raises:
        DataError: no song in it.
        UnreadableAudio: a stem cannot be decoded.
        OutputError: a file cannot be written, or a song folder is there already.
    """
    songs = by_song(sources)
    if not songs:
        raise DataError("no song with several stems in it; unpaired files make no songs")
    for name, stems in songs.items():
        decoded = {stem.target: load(stem, sample_rate).samples for stem in stems}
        length = max(samples.shape[1] for samples in decoded.values())
        write_song(
            folder / name, {k: _filled_up(v, length) for k, v in decoded.items()}, sample_rate
        )
        yield folder / name


def _filled_up(samples: Samples, length: int) -> Samples:
    return np.pad(samples, ((0, 0), (0, length - samples.shape[1])))
