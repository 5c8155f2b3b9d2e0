"""Critics: the published size, any spectrogram, and what the gradient penalty asks of them."""

from __future__ import annotations

import pytest
import torch

from vocalsep.errors import RecipeError
from vocalsep.models.critic import build_critic
from vocalsep.recipe import Part


def test_number_of_parameters_of_the_paper() -> None:
    with torch.device("meta"):
        critic = build_critic(Part("strided"), 1, (256, 64))
    assert sum(p.numel() for p in critic.parameters()) == 1_869_344


@pytest.mark.parametrize("size", [(4, 4), (5, 5), (9, 4), (33, 10), (40, 40)])
def test_one_score_an_example_that_depends_on_it_alone(size: tuple[int, int]) -> None:
    critic = build_critic(Part("strided", {"width": 2}), 2, size)
    shown = torch.rand(3, 2, *size, requires_grad=True)
    scores = critic(shown)
    assert scores.shape == (3,)
    torch.testing.assert_close(critic(shown[1:2]), scores[1:2])
    (slope,) = torch.autograd.grad(scores[0], shown, create_graph=True)
    assert slope[0].any() and not slope[1:].any()
    slope.square().sum().backward()  # the penalty has a gradient itself
    grads = [p.grad for name, p in critic.named_parameters() if name.endswith("weight")]
    assert all(grad is not None and torch.isfinite(grad).all() for grad in grads)


@pytest.mark.parametrize(
    ("part", "size", "says"),
    [
        (Part("strided"), (256, 3), "3 frames"),
        (Part("strided"), (10, 20), "10 bins × 20 frames"),
        (Part("strided", {"width": 0}), (64, 64), "width 0"),
        (Part("stridet"), (64, 64), "did you mean 'strided'"),
    ],
)
def test_what_cannot_be(part: Part, size: tuple[int, int], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        build_critic(part, 1, size)
