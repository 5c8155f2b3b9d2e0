"""`vocalsep-spleeter`: answers the command lines of two separators that programs already call.

SpleeterMsvcExe, as UltraStar Play calls it:
    vocalsep-spleeter "song.mp3" -o "folder/song.ogg" --overwrite
    writes folder/song.vocals.ogg and folder/song.accompaniment.ogg, and lists them after a line
    "Output files:".
Spleeter itself:
    vocalsep-spleeter separate -p spleeter:2stems -c ogg -o folder song.mp3 …
    writes folder/song/{vocals,accompaniment}.ogg and prints "INFO:spleeter:File … written".

Errors are one line, "ERROR:spleeter:…", on standard output where those programs look.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from vocalsep.audio.formats import FORMATS
from vocalsep.errors import OutputError, UnsupportedFormat, VocalsepError

_TWO_STEMS = "spleeter:2stems"


@click.command(
    "vocalsep-spleeter",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)
@click.argument("words", nargs=-1, required=True, metavar="[separate] FILE...")
@click.option("-o", "--output", "--output_path", required=True, help="File (or folder).")
@click.option(
    "-p", "--params_filename", "--model", "preset", default=_TWO_STEMS, help="2stems only."
)
@click.option("-c", "--codec", default="wav", help="wav, mp3, ogg, m4a or flac, for separate.")
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option("--vocals-model", default="vocals", show_default=True, help="vocalsep's model.")
def command(
    words: tuple[str, ...],
    output: str,
    preset: str,
    codec: str,
    overwrite: bool,
    vocals_model: str,
) -> None:
    """Separate files as spleeter would."""
    is_classic = words[0] == "separate" and len(words) > 1
    try:
        if "2stems" not in preset:
            raise VocalsepError(f"{preset}: only {_TWO_STEMS} is answered")
        if is_classic:
            for source in map(Path, words[1:]):
                folder = Path(output) / source.stem
                outputs = {stem: folder / f"{name}.{codec}" for stem, name in _NAMES.items()}
                for path in _split(source, outputs, codec, vocals_model):
                    click.echo(f"INFO:spleeter:File {path} written succesfully")
        else:
            _check_single(words, Path(output), overwrite)
            paths = list(
                _split(Path(words[0]), _beside(Path(output)), _format(output), vocals_model)
            )
            click.echo("Output files:")
            for path in paths:
                click.echo(str(path))
    except VocalsepError as error:
        click.echo(f"ERROR:spleeter:{error}")
        sys.exit(1)


#: Our stems → spleeter's names.
_NAMES = {"vocals": "vocals", "instrumental": "accompaniment"}


def _beside(output: Path) -> dict[str, Path]:
    """folder/song.ogg → folder/song.vocals.ogg and folder/song.accompaniment.ogg."""
    return {
        stem: output.with_name(f"{output.stem}.{name}{output.suffix}")
        for stem, name in _NAMES.items()
    }


def _check_single(words: tuple[str, ...], output: Path, overwrite: bool) -> None:
    if len(words) != 1:
        raise VocalsepError(f"{len(words)} files: expected one, or `separate` before them")
    for path in _beside(output).values():
        if path.exists() and not overwrite:
            raise OutputError(f"{path} is there already: add --overwrite")


def _format(output: str) -> str:
    name = Path(output).suffix.lstrip(".").lower()
    if name not in FORMATS:
        raise UnsupportedFormat(f"{output}: expected a name ending in .{', .'.join(FORMATS)}")
    return name


def _split(source: Path, outputs: Mapping[str, Path], format: str, model: str) -> Iterator[Path]:
    from vocalsep.inference.separator import Separator
    from vocalsep.karaoke.pair import make_pair

    result = make_pair(source, outputs, format, Separator.from_pretrained(model))
    yield from result.outputs.values()


def main() -> None:
    """The console script."""
    command()
