"""Every error that vocalsep raises on purpose.

    VocalsepError                 the base: catch this to catch all of ours
    ├── RecipeError               a recipe has an unknown key, a wrong type or an impossible value
    ├── AudioError
    │   ├── UnreadableAudio       missing, empty, not audio, or too damaged to decode
    │   └── UnsupportedFormat     the asked output format cannot carry this audio
    ├── UnreadablePicture         missing, empty, no picture, damaged, or absurdly large
    ├── PlanError                 output names collide or cannot be written; nothing was started
    ├── OutputError               writing failed (disk full, permission); no half file is left
    ├── ModelError                unknown, damaged or refused model file
    ├── DataError                 training data missing, empty or inconsistent
    ├── DeviceError               an explicitly asked device is not there
    └── Cancelled                 the caller's cancel token was set

Messages are one line: what was wrong (with the value), what was expected, what to do.
"""

from __future__ import annotations


class VocalsepError(Exception):
    """Base of all errors raised on purpose; the command line prints it without a traceback."""


class RecipeError(VocalsepError):
    """A recipe has an unknown key, a wrong type or an impossible value."""


class AudioError(VocalsepError):
    """Something about an audio source or its format."""


class UnreadableAudio(AudioError):
    """The source is missing, empty, not audio, or too damaged to decode anything."""


class UnsupportedFormat(AudioError):
    """The asked output format cannot carry this audio."""


class UnreadablePicture(VocalsepError):
    """The picture or volume is missing, empty, of no known format, damaged, or absurdly large."""


class PlanError(VocalsepError):
    """Output names collide or cannot be written; no work was started."""


class OutputError(VocalsepError):
    """Writing failed; nothing half-written is left under a final name."""


class ModelError(VocalsepError):
    """Unknown, damaged or refused model file."""


class DataError(VocalsepError):
    """Training data is missing, empty or inconsistent."""


class DeviceError(VocalsepError):
    """An explicitly asked device is not available."""


class Cancelled(VocalsepError):
    """The caller asked to stop; nothing half-written is left."""
