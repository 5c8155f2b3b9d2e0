"""What `vocalsep doctor` looks at. Each check answers even where its library is broken."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version

from vocalsep import __version__
from vocalsep.errors import VocalsepError

REINSTALL = "python -m pip install --force-reinstall --no-deps"
REINSTALL_OURSELVES = f"{REINSTALL} vocalsep (in a source checkout: git checkout -- pretrained)"
# Instruction sets that decide the speed, and where torch tells of them.
CPU_FEATURES = {
    "avx2": "_is_avx2_supported",
    "avx512": "_is_avx512_supported",
    "avx512_bf16": "_is_avx512_bf16_supported",
    "amx": "_is_amx_tile_supported",
}
ENCODERS = ("libmp3lame", "aac", "alac", "libopus")


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        name: what was looked at.
        found: what was found, for people.
        ok: False if something that separating needs is missing or broken.
        fix: the command or action that mends it, also given for what is merely nice to have.
    """

    name: str
    found: str
    ok: bool = True
    fix: str | None = None


def all_checks() -> Iterator[Check]:
    """Every check, in the order of the report."""
    yield Check("vocalsep", __version__)
    yield Check("python", f"{platform.python_version()} ({sys.executable})")
    yield Check("system", f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores")
    yield from packages()
    for name, look, fix in LIBRARY_CHECKS:
        yield guarded(name, look, fix)
    yield guarded("model", model, REINSTALL_OURSELVES)
    yield temporary_folder()
    yield ffmpeg_program()


def guarded(name: str, look: Callable[[], str], fix: str) -> Check:
    """Run `look`; whatever goes wrong in it is the finding, and `fix` the cure."""
    try:
        return Check(name, look())
    except VocalsepError as error:
        return Check(name, str(error), ok=False, fix=fix)
    # A damaged installation fails in ways nobody can list: missing libraries, wrong ABI, …
    except Exception as error:
        return Check(name, f"{type(error).__name__}: {error}", ok=False, fix=fix)


def packages() -> Iterator[Check]:
    """The packages that separating needs, as the installed metadata of vocalsep names them."""
    try:
        lines = requires("vocalsep") or []
    except PackageNotFoundError:
        fix = "python -m pip install -e . (in the source checkout)"
        yield Check("packages", "vocalsep itself is not installed", ok=False, fix=fix)
        return
    for line in lines:
        if "extra ==" not in line:
            yield package_version(re.split(r"[^\w.-]", line)[0])


def package_version(package: str) -> Check:
    """The installed version of a package."""
    try:
        return Check(package, version(package))
    except PackageNotFoundError:
        fix = f"python -m pip install {package}"
        return Check(package, "not installed", ok=False, fix=fix)


def libsndfile() -> str:
    return str(import_module("soundfile").__libsndfile_version__)


def ffmpeg_libraries() -> str:
    """Versions of the FFmpeg libraries inside PyAV, and that its encoders are there."""
    av = import_module("av")
    missing = [name for name in ENCODERS if name not in av.codecs_available]
    if missing:
        raise RuntimeError(f"this build of PyAV cannot encode {', '.join(missing)}")
    versions = {name: ".".join(map(str, v)) for name, v in av.library_versions.items()}
    return f"{av.ffmpeg_version_info} (libavcodec {versions['libavcodec']})"


def resampler() -> str:
    return str(import_module("soxr").__libsoxr_version__)


def device() -> str:
    """The device that `--device auto` takes, and why."""
    from vocalsep.inference.devices import choose_device

    return str(choose_device("auto"))


def cpu_features() -> str:
    """Instruction sets torch may use, and which number format follows from them."""
    import torch

    from vocalsep.inference.devices import has_native_bfloat16

    probes = ((name, getattr(torch.cpu, probe, None)) for name, probe in CPU_FEATURES.items())
    found = [name for name, probe in probes if probe is not None and probe()]
    precision = "bfloat16" if has_native_bfloat16(torch.device("cpu")) else "float32"
    threads = torch.get_num_threads()
    return f"{', '.join(found) or 'baseline'}; {precision}, {threads} threads"


LIBRARY_CHECKS: tuple[tuple[str, Callable[[], str], str], ...] = (
    ("libsndfile", libsndfile, f"{REINSTALL} soundfile"),
    ("FFmpeg", ffmpeg_libraries, f"{REINSTALL} av"),
    ("libsoxr", resampler, f"{REINSTALL} soxr"),
    ("device", device, f"{REINSTALL} torch"),
    ("cpu", cpu_features, f"{REINSTALL} torch"),
)


def model() -> str:
    """The default model is there, undamaged, and loads."""
    from vocalsep.models.load import load_named

    _, card = load_named("vocals")
    return f"{card.name}: {card.n_bytes / 1e6:.1f} MB, sha256 as in the index"


def temporary_folder() -> Check:
    """Whether the temporary folder takes files, and how much space it has."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"vocalsep")
        folder = tempfile.gettempdir()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        fix = "set TMPDIR (TEMP on Windows) to a folder that can be written"
        return Check("temporary files", str(error), ok=False, fix=fix)
    return Check("temporary files", f"{folder}, {free / 1e9:.1f} GB free")


def ffmpeg_program() -> Check:
    """The ffmpeg program: separating does not use it, the test suite does."""
    path = shutil.which("ffmpeg")
    if path:
        return Check("ffmpeg program", f"{path} (used by the tests only)")
    install = {"Darwin": "brew install ffmpeg", "Windows": "winget install ffmpeg"}
    fix = install.get(platform.system(), "apt-get install ffmpeg")
    return Check("ffmpeg program", "not found; only the test suite uses it", fix=fix)
