"""Mid and side: what both channels share, and what differs between them."""

from __future__ import annotations

import torch
from torch import Tensor


def mid_and_side(stereo: Tensor) -> Tensor:
    """(B, 2, …) left and right -> (B, 2, …) mid (L + R) / 2 and side (L − R) / 2.

    >>> mid_and_side(torch.tensor([[[0.5], [0.25]]]))
    tensor([[[0.3750],
             [0.1250]]])
    """
    left, right = stereo.unbind(1)
    return torch.stack([left + right, left - right], dim=1) / 2
