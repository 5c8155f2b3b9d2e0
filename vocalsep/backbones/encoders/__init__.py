"""One family of encoders a file. Importing this package files every one in `ENCODERS`."""

from importlib import import_module
from pkgutil import iter_modules

from vocalsep.backbones.encoders.base import ENCODERS, PAPERS

__all__ = ["ENCODERS", "PAPERS"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
