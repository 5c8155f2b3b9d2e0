"""Stem files for DJ programs (NI Stems): mix, drums, bass, other and vocals in one .stem.mp4.

Five stereo AAC tracks, of which only the mix is enabled: a program that knows nothing of stems
plays the song. `moov/udta/stem` holds names and colours as JSON. Mixxx wants exactly these five.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

from vocalsep.audio.formats import StemFormat
from vocalsep.audio.read import open_audio
from vocalsep.audio.tags import read_tags, write_tags
from vocalsep.audio.write import open_writer
from vocalsep.errors import UnsupportedFormat
from vocalsep.inference.events import FileResult
from vocalsep.inference.names import Source
from vocalsep.karaoke.boxes import add_user_box
from vocalsep.karaoke.context import ALL_TREATMENTS, Context
from vocalsep.karaoke.product import Product, Studio
from vocalsep.types import Block

DEFAULT_TEMPLATE = "{folder}/{track}.{ext}"

#: Name and colour (Mixxx's own) of the tracks behind the mix, in their order.
_STEMS = {"Drums": "#009E73", "Bass": "#D55E00", "Other": "#CC79A7", "Vocals": "#56B4E9"}

#: Both off, at the values that NI's tool writes.
_MASTERING = {
    "compressor": {
        "enabled": False,
        "ratio": 3,
        "output_gain": 0.5,
        "release": 0.3,
        "attack": 0.003,
        "input_gain": 0.5,
        "threshold": 0,
        "hp_cutoff": 300,
        "dry_wet": 50,
    },
    "limiter": {"enabled": False, "release": 0.05, "threshold": 0, "ceiling": -0.35},
}


def manifest() -> bytes:
    """The content of `moov/udta/stem`."""
    stems = [{"name": name, "color": color} for name, color in _STEMS.items()]
    content = {"version": 1, "mastering_dsp": _MASTERING, "stems": stems}
    return json.dumps(content, separators=(",", ":")).encode("utf-8")


class StemFile(Product):
    """One song as a stem file; stems that the model does not know are silent."""

    kind = "stems"

    def facts(self) -> Mapping[str, Any]:
        return {}  # no treatment is possible

    def build(self, studio: Studio) -> FileResult:
        (output,) = self.job.outputs.values()
        folder = studio.workshop.folder
        result = studio.separate(self.source)
        tracks = [folder / "mix.m4a"]
        _encode(_blocks([self.source]), tracks[0], self.job.stem_format)
        for name in _STEMS:
            files = _files_of(name, result.outputs)
            tracks.append(folder / f"{name}.m4a")
            # What no file holds is as silent as it is long.
            blocks = _blocks(files) if files else _silence(self.source)
            _encode(blocks, tracks[-1], self.job.stem_format)
        made = studio.workshop.path_for(output)
        _mux(tracks, made, self.job.stem_format.sample_rate)
        write_tags(made, read_tags(self.source), self.job.stem_format)
        add_user_box(made, b"stem", manifest())
        return replace(result, levels={}, outputs=self.job.outputs)


def _files_of(name: str, stems: Mapping[str, Path]) -> list[Path]:
    """The model's stems that belong into one track; "Other" is whatever has no track."""
    known = [each.lower() for each in _STEMS if each != "Other"]
    if name != "Other":
        return [path for stem, path in stems.items() if stem == name.lower()]
    return [path for stem, path in stems.items() if stem not in known]


def _blocks(paths: list[Path]) -> Iterator[Block]:
    """The sum of files of one length, block by block."""
    with ExitStack() as stack:
        readers = [stack.enter_context(open_audio(path)).blocks() for path in paths]
        for parts in zip(*readers, strict=True):
            yield np.sum(parts, axis=0)


def _silence(source: Path) -> Iterator[Block]:
    for block in _blocks([source]):
        yield np.zeros_like(block)


def _encode(blocks: Iterator[Block], path: Path, stem_format: StemFormat) -> None:
    """Write one track; mono becomes stereo."""
    with open_writer(path, stem_format, None) as writer:
        for block in blocks:
            stereo = np.repeat(block, 2, axis=0) if block.shape[0] == 1 else block
            writer.write(stereo.astype(np.float32, copy=False))
        writer.commit()


def _mux(tracks: list[Path], output: Path, sample_rate: int) -> None:
    """Put sound files into one MP4, the first of them enabled."""
    options = {"fflags": "+bitexact", "movie_timescale": str(sample_rate)}
    with ExitStack() as stack:
        inputs = [stack.enter_context(av.open(f"file:{path}")) for path in tracks]
        container = stack.enter_context(av.open(f"file:{output}", "w", "mp4", options=options))
        streams = []
        for number, source in enumerate(inputs):
            stream = container.add_stream_from_template(source.streams.audio[0])
            stream.disposition = Disposition.default if number == 0 else Disposition(0)
            streams.append(stream)
        packets = [_numbered(number, source) for number, source in enumerate(inputs)]
        for _, number, packet in heapq.merge(*packets, key=lambda item: item[:2]):
            packet.stream = streams[number]
            container.mux_one(packet)


def _numbered(number: int, source: InputContainer) -> Iterator[tuple[int, int, Packet[Stream]]]:
    """(time stamp, track, packet); all tracks count in samples."""
    for packet in source.demux():
        if packet.dts is not None:
            yield packet.dts, number, packet


def plan_stem_file(source: Source, context: Context) -> StemFile:
    """Plan one stem file.

    Raises:
        VocalsepError: the song cannot be read, or is an instrumental.
        UnsupportedFormat: it has more than two channels, or a rate that AAC does not have.
        PlanError: see `Context`.
    """
    why = "DJ programs mix and stretch themselves"
    context.refuse_treatment("stem file", why, ALL_TREATMENTS)
    sound = context.open(source.path)
    if sound.info.n_channels > 2:
        raise UnsupportedFormat(
            f"{source.path}: stem files are stereo, not {sound.info.n_channels} channels"
        )
    stereo = replace(sound, info=replace(sound.info, n_channels=2, layout="stereo"))
    if context.options.format not in (None, "m4a"):
        raise UnsupportedFormat(f"stem files hold --format m4a, not {context.options.format}")
    stem_format = context.format(stereo, "m4a")
    output = context.output(source, DEFAULT_TEMPLATE, "stem.mp4")
    return StemFile(
        context.job(sound, stem_format, {"stems": output}), context.options, context.separator
    )
