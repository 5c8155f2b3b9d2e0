"""vocalsep takes the voice out of any song.

The public names are imported on first use, so that `import vocalsep` does not load torch:

    Separator        load a model and separate arrays, streams or files
    FileOptions      format, span and naming of a separated file
    CancelToken      stops a separation from elsewhere
    AudioInfo        what is known of a source before decoding
    errors           the typed exceptions, all below VocalsepError
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vocalsep import errors
from vocalsep.errors import VocalsepError
from vocalsep.types import AudioInfo

if TYPE_CHECKING:
    from vocalsep.inference.cancel import CancelToken
    from vocalsep.inference.options import FileOptions
    from vocalsep.inference.separator import Separator

__version__ = "0.1.0"
__all__ = [
    "AudioInfo",
    "CancelToken",
    "FileOptions",
    "Separator",
    "VocalsepError",
    "__version__",
    "errors",
]

_LAZY = {
    "CancelToken": "vocalsep.inference.cancel",
    "FileOptions": "vocalsep.inference.options",
    "Separator": "vocalsep.inference.separator",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'vocalsep' has no attribute {name!r}")
