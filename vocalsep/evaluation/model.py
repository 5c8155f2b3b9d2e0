"""Score a model as its users hear it: through the public separator, whole songs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vocalsep.dsp.stft import STFT
from vocalsep.evaluation.score import Scores, score, score_anchors
from vocalsep.evaluation.songs import find_songs, load_song
from vocalsep.inference.separator import Separator
from vocalsep.models.catalogue import find_model
from vocalsep.models.checkpoint import read_card


def score_model(
    folders: list[Path], model: str, quality: str
) -> Iterator[tuple[str, dict[str, Scores]]]:
    """Yield (song, {"model": …, "mixture": …, "ideal ratio mask": …}) one song after another.

    Raises:
        DataError: no songs, or a song lacks a stem.
        ModelError: unknown or damaged model.
    """
    audio = read_card(find_model(model)).recipe.audio
    stft = STFT(audio.n_fft, audio.hop_length)
    separator = Separator.from_pretrained(model, quality=quality)
    for name, folder in find_songs(folders, separator.stems).items():
        song = load_song(name, folder, separator.stems, audio.sample_rate)
        stems = separator.separate(song.mixture, song.sample_rate)
        scores = {"model": score(song, stems)}
        yield name, scores | score_anchors(song, stft)
