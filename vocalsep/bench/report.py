"""Run the measures one after the other and name what they found."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from vocalsep.bench.jobs import Setting
from vocalsep.bench.live import measure_live
from vocalsep.bench.song import write_song
from vocalsep.errors import VocalsepError
from vocalsep.karaoke.sliding import LATENCIES

FILE_S = 180  # length of the song for the file measures
COLD_S = 10  # length of the clip for the cold start
COLD_REPEATS = 3
HELP_REPEATS = 5
EVALUATION_S = 240  # length of the song for BSS Eval


@dataclass(frozen=True)
class Result:
    """One number.

    Attributes:
        name: what was measured.
        value: in `unit`.
        unit: "x real time", "s", "%", …
    """

    name: str
    value: float
    unit: str


def machine() -> dict[str, str]:
    """What the numbers belong to."""
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": version("torch"),
    }


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def load_average() -> str:
    """How many programs wanted the processor in the last minute; "unknown" on Windows."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def network_speed(setting: Setting) -> Iterator[Result]:
    """The network alone, in both number formats."""
    for precision in ("float32", "bfloat16"):
        found = run_job("network", setting, {"precision": precision})
        yield Result(f"network alone, {precision}", found["x_real_time"], "x real time")


def file_speed(setting: Setting) -> Iterator[Result]:
    """From a WAV or FLAC file to two files of the same format."""
    with tempfile.TemporaryDirectory() as folder:
        for extension in ("wav", "flac"):
            source = Path(folder) / f"song.{extension}"
            write_song(source, FILE_S)
            found = run_job("files", setting, files_order(source, extension))
            name = f"{extension.upper()} file to two {extension.upper()} files, {FILE_S} s"
            yield Result(name, FILE_S / found["seconds"], "x real time")


def cold_start(setting: Setting) -> Iterator[Result]:
    """`vocalsep separate` on a short clip, from the prompt to the prompt."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "clip.wav"
        write_song(source, COLD_S)
        words = ["separate", str(source), "-o", str(Path(folder) / "out"), "-m", setting.model]
        words += ["--quality", setting.quality, "--device", setting.device]
        if setting.threads is not None:
            words += ["--threads", str(setting.threads)]
        taken = [run_s(["-m", "vocalsep", *words]) for _ in range(COLD_REPEATS)]
    yield Result(f"cold start, {COLD_S} s clip", statistics.median(taken), "s")


def peak_memory(setting: Setting) -> Iterator[Result]:
    """Peak memory of a process that separates one long WAV file."""
    for length in setting.minutes:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "song.wav"
            write_song(source, 60 * length)
            found = run_job("memory", setting, files_order(source, "wav"))
        if "peak_rss_bytes" in found:
            yield Result(f"peak memory, {length} min", found["peak_rss_bytes"] / 1e6, "MB")


def help_time(setting: Setting) -> Iterator[Result]:
    """`vocalsep --help`, from the prompt to the prompt."""
    taken = [run_s(["-m", "vocalsep", "--help"]) for _ in range(HELP_REPEATS)]
    yield Result("vocalsep --help", statistics.median(taken), "s")


def training_speed(setting: Setting) -> Iterator[Result]:
    """The trainer alone and as two processes, the loader against one cached batch."""
    for n_processes in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            found = run_job("training", setting, {"source": folder}, n_processes)
        name = f"training, {n_processes} process{'es' if n_processes > 1 else ''}"
        yield Result(f"{name}", found["examples_per_s"], "examples/s")
        yield Result(f"{name}, one cached batch", found["cached_examples_per_s"], "examples/s")
        share = 100 * found["examples_per_s"] / found["cached_examples_per_s"]
        yield Result(f"{name}, of the cached speed", share, "%")
        yield Result(f"{name}, data wait", found["data_wait_percent"], "%")
        yield Result(f"{name}", found["x_real_time"], "x real time")


def evaluation_speed(setting: Setting) -> Iterator[Result]:
    """BSS Eval v4 of a song with two stereo targets, and museval's where it is installed."""
    found = run_job("evaluation", setting, {"seconds": EVALUATION_S})
    name = f"BSS Eval v4, {EVALUATION_S} s, two stereo targets"
    yield Result(name, found["ours_s"], "s")
    yield Result(f"{name}, processor", found["ours_cpu_s"], "s")
    if "museval_s" in found:
        yield Result(f"{name}, museval", found["museval_s"], "s")
        yield Result(f"{name}, museval, processor", found["museval_cpu_s"], "s")
        yield Result("museval over ours", found["museval_s"] / found["ours_s"], "times")
        cpu = found["museval_cpu_s"] / found["ours_cpu_s"]
        yield Result("museval over ours, processor", cpu, "times")
        yield Result("largest difference of a score", found["largest_difference_db"], "dB")


def live_delay(setting: Setting) -> Iterator[Result]:
    """`vocalsep live` at the pace of the music, each setting."""
    for latency in LATENCIES:
        found = measure_live(setting, latency)
        name = f"live, {latency}"
        yield Result(f"{name}: an impulse comes out after", found["delay_s"], "s")
        yield Result(f"{name}: load", 100 * found["load"], "%")
        yield Result(f"{name}: kept its voice, being late", found["late_s"], "s")


def picture_speed(setting: Setting) -> Iterator[Result]:
    """Labels of pictures as large as a tile of the model, in both number formats."""
    for precision in ("float32", "bfloat16"):
        found = run_job("pictures", setting, {"precision": precision})
        yield Result(f"pictures to labels, {precision}", found["pictures_per_s"], "pictures/s")


MEASURES: dict[str, Callable[[Setting], Iterator[Result]]] = {
    "network": network_speed,
    "files": file_speed,
    "cold": cold_start,
    "memory": peak_memory,
    "help": help_time,
    "training": training_speed,
    "evaluation": evaluation_speed,
    "live": live_delay,
    "pictures": picture_speed,
}


def measures_of(model: str) -> list[str]:
    """The measures that a model can be put to.

    Raises:
        ModelError: unknown or damaged model.
    """
    from vocalsep.models.catalogue import find_model
    from vocalsep.models.checkpoint import read_card  # torch: not for --help

    of_pictures = read_card(find_model(model)).recipe.task == "segmentation"
    return [name for name in MEASURES if (name == "pictures") == of_pictures]


def files_order(source: Path, extension: str) -> dict[str, str]:
    """Arguments of the jobs that separate a file: the stems lie beside the source."""
    output = source.parent / "stems"
    return {"source": str(source), "output": str(output), "stem_format": extension}


def run_job(
    name: str, setting: Setting, arguments: Mapping[str, object], n_processes: int = 1
) -> dict[str, float]:
    """Run a job of jobs.py in a new process, or in several that torchrun starts."""
    order = json.dumps({"job": name, "setting": asdict(setting), **arguments})
    several = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={n_processes}"]
    started = several if n_processes > 1 else []
    printed = run([*started, "-m", "vocalsep.bench.jobs", order])
    result: dict[str, float] = json.loads(printed.splitlines()[-1])
    return result


def run_s(words: list[str]) -> float:
    """Seconds from starting Python with `words` until it has ended."""
    start = time.perf_counter()
    run(words)
    return time.perf_counter() - start


def run(words: list[str]) -> str:
    """Run this Python with `words`, and return what it printed.

    Raises:
        VocalsepError: it failed; the message is its own last line.
    """
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last_words = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise VocalsepError(f"measuring failed: {last_words}")
    return done.stdout
