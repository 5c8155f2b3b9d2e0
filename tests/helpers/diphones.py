"""A diphone voice of a few sounds, and a program that speaks as MBROLA does."""

from __future__ import annotations

import stat
import struct
import sys
from pathlib import Path

PAIRS = [("_", "l"), ("l", "a"), ("a", "l"), ("a", "_"), ("a", "m"), ("m", "i"), ("i", "l")]

# Speaks a score as MBROLA does on the command line: sounds as sines of their first pitch.
FAKE = """#!{python}
import math, struct, sys, wave
_, option, voice, score, target = sys.argv
assert option == "-e" and open(voice, "rb").read(6) == b"MBROLA"
samples, pairs, before = [], [], "_"
for line in open(score, encoding="latin-1"):
    sound, length, *points = line.split()
    pairs.append((before, sound)); before = sound
    hz = float(points[1]) if points else 0.0
    n = int(length) * 16
    samples += [int(9000 * math.sin(2 * math.pi * hz * i / 16000)) for i in range(n)]
with open({log!r}, "w") as log:
    log.write("\\n".join(" ".join(pair) for pair in pairs))
with wave.open(target, "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(16000)
    out.writeframes(struct.pack(f"<{{len(samples)}}h", *samples))
"""


def make_voice(folder: Path) -> Path:
    """The header of a voice as in version 2.06: names of the diphones, four bytes after each."""
    head = b"MBROLA2.069" + struct.pack("<HHIIhBB", len(PAIRS), 0, 99, 100, 16000, 90, 1)
    body = b"".join(f"{a}\0{b}\0".encode() + b"\x10\0\x05\x06" for a, b in PAIRS)
    path = folder / "xx1"
    path.write_bytes(head + body + b"waves")
    return path


def make_program(folder: Path) -> tuple[Path, Path]:
    """The program, and the file that then lists the sounds that met; not for Windows."""
    program, log = folder / "mbrola", folder / "log"
    program.write_text(FAKE.format(python=sys.executable, log=str(log)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program, log
