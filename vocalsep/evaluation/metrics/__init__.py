"""How good an estimate is: pure functions and small classes, one definition each."""

from vocalsep.evaluation.metrics.bss_eval import BssEval
from vocalsep.evaluation.metrics.energy import regression_coefficients, sdr, si_sdr
from vocalsep.evaluation.metrics.labels import BoundaryF1, Confusion
from vocalsep.evaluation.metrics.singing import dip_db, leakage_db
from vocalsep.evaluation.metrics.spectral import log_spectral_distance

__all__ = [
    "BoundaryF1",
    "BssEval",
    "Confusion",
    "dip_db",
    "leakage_db",
    "log_spectral_distance",
    "regression_coefficients",
    "sdr",
    "si_sdr",
]
