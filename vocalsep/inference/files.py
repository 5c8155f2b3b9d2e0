"""Separate one planned song: read ahead, network, write behind, and the second pass."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from vocalsep import __version__
from vocalsep.audio.channels import groups_for
from vocalsep.audio.read import AudioReader
from vocalsep.audio.tags import Tags, read_tags
from vocalsep.errors import UnreadableAudio
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.encode import Pair, StemEncoder, StemFiles, StemPipe, StemSink
from vocalsep.inference.events import FileResult, Progress, ProgressCallback
from vocalsep.inference.manifest import Entry, add_entry, file_sha256
from vocalsep.inference.pipes import standard_output
from vocalsep.inference.plan import Job
from vocalsep.inference.stems import derived_stems
from vocalsep.inference.stream import EstimateStream, SourceFormat
from vocalsep.inference.threads import read_ahead, write_behind
from vocalsep.types import Block

#: Pairs wait in turns of up to one chunk, so a short queue is enough to keep both sides busy.
_WRITE_QUEUE = 2

_FILE_BLOCK = 65536
_PIPE_BLOCK = 4096


@dataclass(frozen=True)
class Model:
    """A network ready to run and what its outputs are named after."""

    stream: EstimateStream
    name: str
    sha256: str
    stems: tuple[str, ...]  # the residual last
    quality: str  # name of the preset
    wiener: int = 0  # iterations of the post-filter

    @property
    def comment(self) -> str:
        """What the stems' comment tag says."""
        return f"vocalsep {__version__}, model {self.name}"


class FileSeparation:
    """One song on its way through the model.

    Args:
        job: what to read and write.
        model: what separates it.
        progress: called in the caller's thread after every step of the network.
        cancel: looked at as often.
    """

    def __init__(
        self, job: Job, model: Model, progress: ProgressCallback | None, cancel: CancelToken
    ) -> None:
        self._job = job
        self._model = model
        self._progress = progress or (lambda progress: None)
        self._cancel = cancel
        self._n_pass = 0
        self._warnings: list[str] = []

    def run(self) -> FileResult:
        """Write the stems and their manifest entry.

        Raises:
            UnreadableAudio: nothing can be decoded, or samples are not numbers.
            OutputError: the stems cannot be written.
            Cancelled: the token was set.
        """
        start = time.perf_counter()
        entry = wanted_entry(self._job, self._model)
        gain = 1.0
        encoder = self._one_pass(gain)
        wanted_gain = self._gain_that_fits(encoder)
        if wanted_gain != 1.0:
            gain = wanted_gain
            encoder = self._one_pass(gain)
        manifest = self._job.manifest
        if manifest and entry:
            add_entry(manifest, replace(entry, gain=gain))
        levels = encoder.levels()
        return FileResult(
            source=self._job.info.name,
            outputs=self._job.outputs,
            levels={stem: levels[stem] for stem in self._job.outputs},
            gain=gain,
            overs=sum(encoder.overs[stem] for stem in self._job.outputs),
            audio_s=encoder.n_samples / self._job.info.sample_rate,
            seconds=time.perf_counter() - start,
            warnings=tuple(self._warnings),
        )

    def _one_pass(self, gain: float) -> StemEncoder:
        """Separate the song once; the files get their names unless the gain turns out wrong."""
        self._n_pass += 1
        job = self._job
        with ExitStack() as stack:
            reader = stack.enter_context(job.open())
            stems = self._model.stems
            sums = {name: s for name, s in derived_stems(stems).items() if name in job.outputs}
            encoder = StemEncoder(reader.info, job.stem_format, stems, gain, sums)

            def consume(pairs: Iterator[Pair]) -> None:
                with self._open_sink(reader) as sink:
                    encoder.run(pairs, sink)
                    if encoder.n_samples == 0:
                        raise UnreadableAudio(f"{job.info.name}: has no samples")
                    self._cancel.check()
                    if gain != 1.0 or self._gain_that_fits(encoder) == 1.0:
                        sink.commit()

            blocks = stack.enter_context(read_ahead(reader.blocks(self._block_samples())))
            put = stack.enter_context(write_behind(consume, _WRITE_QUEUE))
            self._separate(blocks, reader, put)
        self._warnings = list(reader.warnings)
        return encoder

    def _block_samples(self) -> int:
        # Whoever feeds a pipe in real time waits for every block to fill up.
        return _FILE_BLOCK if self._job.pipe is None else _PIPE_BLOCK

    def _separate(
        self, blocks: Iterator[Block], reader: AudioReader, put: Callable[[Pair], None]
    ) -> None:
        info = reader.info
        source = SourceFormat(info.sample_rate, groups_for(info.n_channels, info.layout))
        n_done = 0
        for pair in self._model.stream.pairs(blocks, source):
            self._cancel.check()
            put(pair)
            n_done += pair[0].shape[-1]
            done_s = n_done / info.sample_rate
            self._progress(Progress(info.name, done_s, info.length_s, self._n_pass))

    def _gain_that_fits(self, encoder: StemEncoder) -> float:
        """The gain of a second pass; 1.0 if none is needed, or none is possible."""
        if self._job.source is None or self._job.to_stdout:
            return 1.0
        return encoder.gain_that_fits(self._job.outputs)

    def _open_sink(self, reader: AudioReader) -> StemSink:
        job = self._job
        if job.to_stdout:
            (stem,) = job.outputs
            raw = job.options.format == "raw"
            return StemPipe(standard_output(self._cancel), stem, job.stem_format, raw)
        n_samples = reader.info.n_samples
        if n_samples is not None:
            n_samples = round(n_samples * job.stem_format.sample_rate / reader.info.sample_rate)
        tags = read_tags(job.source) if job.source else Tags()
        stem_tags = {stem: tags.for_stem(stem, self._model.comment) for stem in job.outputs}
        return StemFiles(job.outputs, job.stem_format, n_samples, stem_tags)


def wanted_entry(job: Job, model: Model) -> Entry | None:
    """What the manifest says of this job once it is done; None for pipes.

    Raises:
        UnreadableAudio: the source cannot be read.
    """
    if job.manifest is None or job.source is None:
        return None
    try:
        digest = file_sha256(job.source)
    except OSError as error:
        raise UnreadableAudio(f"{job.source}: cannot be read: {error.strerror}") from error
    options = {
        "format": job.options.format,
        "subtype": job.options.subtype,
        "start_s": job.options.start_s,
        "end_s": job.options.end_s,
        "quality": model.quality,
        "vocalsep": __version__,
    }
    if model.wiener:
        options["wiener"] = model.wiener
    folder = job.manifest.parent
    outputs = {
        stem: Path(os.path.relpath(path, folder)).as_posix() for stem, path in job.outputs.items()
    }
    return Entry(
        source=job.source.name,
        input_sha256=digest,
        model=model.name,
        model_sha256=model.sha256,
        options=options,
        gain=1.0,
        outputs=outputs,
        stems=list(model.stems),
    )
