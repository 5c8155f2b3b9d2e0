"""The README tells the truth: commands parse, the example runs, paths and tables are real."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest

from vocalsep.cli import COMMANDS, cli
from vocalsep.commands.models import as_cells, listing
from vocalsep.images.write import write_picture

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
CLIP = ROOT / "tests" / "clips" / "everything-is-free.mp3"


def blocks(language: str) -> list[str]:
    """The fenced code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def shell_lines() -> list[str]:
    return [line for block in blocks("bash") for line in block.splitlines()]


def vocalsep_words() -> list[list[str]]:
    """The arguments of every call of vocalsep in the shell blocks, comments and pipes removed."""
    found = []
    for line in shell_lines():
        call = re.search(r"(?:^|/)vocalsep (.*)", line)
        if call:
            words = shlex.split(call.group(1), comments=True)
            redirections = [n for n, word in enumerate(words) if word in ("<", ">", "|", "&&")]
            found.append(words[: redirections[0]] if redirections else words)
    return found


def set_up_lines() -> list[str]:
    return [line for line in shell_lines() if line.startswith("python3 -m venv")]


def resolve(words: list[str]) -> tuple[click.Command, list[str]]:
    """The (sub)command that the words call, and what is left for it."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"no command {words[0]!r}"
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("words", vocalsep_words(), ids=" ".join)
def test_every_command_line_parses(words: list[str]) -> None:
    command, rest = resolve(words)
    try:
        with command.make_context(command.name, rest):
            pass
    except click.BadParameter as error:  # the reader's files are not here
        assert "does not exist" in error.message


def test_every_command_is_named() -> None:
    for name in COMMANDS:
        assert f"vocalsep {name}" in README, name


def test_options_in_the_text_exist() -> None:
    """`--option` in running text belongs to some command."""
    known = {"--help", "--version"}  # click adds them to every command
    for name in COMMANDS:
        command, _ = resolve([name])
        children = command.commands.values() if isinstance(command, click.Group) else []
        for each in (command, *children):
            known |= {option for parameter in each.params for option in parameter.opts}
    text = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    for option in re.findall(r"`[^`\n]*?(--[a-z][a-z-]+)[^`\n]*`", text):
        assert option in known, option


def test_two_lines_do_all_the_set_up() -> None:
    demo, test = set_up_lines()
    assert demo.endswith(f"vocalsep separate {CLIP.relative_to(ROOT).as_posix()}")
    assert test.endswith("-m pytest")


def test_torch_comes_first_and_as_tested() -> None:
    """Before anything else, so that pip takes the CPU build it is offered, and pinned."""
    (pin,) = re.findall(r"^torch==.*$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert "+" not in pin, "a local suffix cannot be had everywhere"
    for line in set_up_lines():
        steps = line.split(" && ")
        assert steps[1].endswith(f"pip install -q {pin}")
        assert "-c constraints.txt" in steps[2]


def test_ci_runs_the_line_of_the_readme() -> None:
    """CI reads the test command out of the README: exactly the second line must match."""
    (pattern,) = re.findall(r"grep '(.*)' README.md", CI)
    matching = [line for line in README.splitlines() if re.search(pattern, line)]
    assert matching == set_up_lines()[1:]
    assert 'bash -c "$test_command"' in CI


def test_ci_is_valid_bash() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    subprocess.run([bash, "-n", str(ROOT / ".ci" / "run")], check=True, timeout=30)


def test_constraints_pin_everything_we_ask_for() -> None:
    """Each dependency of pyproject.toml has its tested version."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    asked = re.findall(r'"([\w-]+)>=[^"]*"', project)
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for package in set(asked):
        assert re.search(rf"^{package}==", pins, re.MULTILINE | re.IGNORECASE), package


def test_paths_exist() -> None:
    for path in re.findall(r"`((?:vocalsep|recipes|tests|pretrained)/[^`]*)`", README):
        assert (ROOT / path).exists(), path


def test_model_table_is_what_the_command_lists() -> None:
    heading, *models = as_cells(listing())
    named = [[f"`{name}`", *facts] for name, *facts in models]
    lines = [heading, ["---"] * len(heading), *named]
    rows = [f"| {' | '.join(cells)} |".replace(" --- ", "---") for cells in lines]
    table = "\n".join(rows)
    assert table in README, f"paste this into README.md:\n{table}"


def test_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = blocks("python")
    shutil.copy(CLIP, tmp_path / "song.mp3")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(ast.parse(example), "README.md", "exec"), names)
    stems = names["stems"]
    assert isinstance(stems, dict)
    assert set(stems) == {"vocals", "accompaniment"}
    assert sorted(path.name for path in (tmp_path / "stems").glob("*.wav")) == [
        "accompaniment.wav",
        "vocals.wav",
    ]


@pytest.mark.slow
def test_usage_block_runs(tmp_path: Path) -> None:
    """The block of the section "Use", line by line in a shell, on a second of each kind of file."""
    ffmpeg, bash = shutil.which("ffmpeg"), shutil.which("bash")
    if ffmpeg is None or bash is None:
        pytest.skip("needs ffmpeg and bash")
    (tmp_path / "album" / "disc 1").mkdir(parents=True)
    names = ["song.mp3", "song.wav", "song.flac", "album/a.ogg", "album/disc 1/b.m4a"]
    for name, seconds in [*((name, 1) for name in names), ("film.mkv", 91)]:
        tone = ["-f", "lavfi", "-i", f"sine=300:duration={seconds}"]
        target = str(tmp_path / name)
        subprocess.run([ffmpeg, "-v", "error", *tone, target], check=True, timeout=60)
    write_picture(tmp_path / "photo.jpg", np.full((60, 80, 3), 128, np.uint8))
    (usage,) = [block for block in blocks("bash") if "album/" in block]
    shim = f"""vocalsep() {{ {shlex.quote(sys.executable)} -m vocalsep "$@"; }}"""
    script = f"set -e\n{shim}\n{usage}"
    done = subprocess.run(
        [bash, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    for name in (
        "separated/song/vocals.wav",
        "separated/song/accompaniment.mp3",
        "stems/disc 1/b/vocals.wav",
        "album/a (vocals).wav",
        "vocals.wav",
        "karaoke/song (Karaoke).mp3",
    ):
        assert (tmp_path / name).stat().st_size > 1000, name


def test_the_clip_is_short_free_and_says_so() -> None:
    import mutagen

    clip = mutagen.File(CLIP)
    assert 20 <= clip.info.length <= 30
    assert CLIP.stat().st_size <= 600_000
    assert "CC0" in str(clip.tags["TCOP"])
    assert "CC0 1.0" in (CLIP.parent / "LICENCE.md").read_text(encoding="utf-8")
