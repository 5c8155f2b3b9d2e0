"""Self-attention over the positions of a feature."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.parts.layers import conv
from vocalsep.backbones.parts.resize import resize


class Tokens(nn.Module):
    """The last feature as a row of positions through a transformer, and back to a grid."""

    def __init__(
        self,
        channels: int,
        hidden: int,
        positions: Sequence[int],
        dropout: float,
        blocks: nn.Module,
    ) -> None:
        super().__init__()
        self.embed = conv(2, (channels, hidden), 1)
        self.positions = nn.Parameter(torch.zeros(1, hidden, *positions))
        self.dropout = nn.Dropout(dropout)
        self.blocks = blocks
        self.norm = nn.LayerNorm(hidden, eps=1e-6)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        grid = self.embed(features[-1])
        rows = grid + resize(self.positions, grid.shape[2:])
        tokens = self.norm(self.blocks(self.dropout(rows.flatten(2).transpose(1, 2))))
        return [*features[:-1], tokens.transpose(1, 2).unflatten(2, grid.shape[2:])]


class TransformerBlock(nn.Module):
    """x + attention(LN(x)), then x + MLP(LN(x)); (B, n, D) -> (B, n, D)."""

    def __init__(self, hidden: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.attention_norm = nn.LayerNorm(hidden, eps=1e-6)
        self.query_key_value = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.mlp = nn.Sequential(
            nn.LayerNorm(hidden, eps=1e-6),
            nn.Linear(hidden, 4 * hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * hidden, hidden),
            nn.Dropout(dropout),
        )

    def forward(self, tokens: Tensor) -> Tensor:
        heads = self.query_key_value(self.attention_norm(tokens))
        query, key, value = heads.unflatten(2, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.out(seen.transpose(1, 2).flatten(2))
        out: Tensor = tokens + self.mlp(tokens)
        return out
