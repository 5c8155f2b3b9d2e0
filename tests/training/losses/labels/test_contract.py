"""Every loss of labels: least at the truth, the right gradient, the same however it is cut."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.training.losses.labels.fixtures import value
from vocalsep.recipe import Part
from vocalsep.training.losses.labels import IGNORE, LABEL_LOSSES, LabelLoss, build_label_loss

N_CLASSES = 3
SUM = {"parts": [{"name": "generalised_dice"}, {"name": "boundary", "weight": 0.01}]}
PARAMS = {"weighted_sum": SUM, "ohem": {"min_kept": 5}, "top_k": {"percent": 30}}
CASES = [Part(name, PARAMS.get(name, {})) for name in LABEL_LOSSES.names()] + [
    Part("cross_entropy", {"class_weights": [1, 2, 3]}),
    Part("dice", {"include_background": False}),
    Part("hausdorff_dt", {"log": True, "include_background": False}),
]
SLOPES = [part for part in CASES if part.name != "iou_balanced"]  # whose weights are constant
SIZES = [(5, 6), (3, 4, 5)]


def name_of(part: Part) -> str:
    return f"{part.name} {part.params or ''}".strip()


@pytest.fixture(params=CASES, ids=name_of)
def part(request: pytest.FixtureRequest) -> Part:
    return request.param


@pytest.fixture
def loss(part: Part) -> LabelLoss:
    return build_label_loss(part)


def example(size: tuple[int, ...], batch: int = 3) -> tuple[Tensor, Tensor]:
    """Logits in double and labels: blocks of every class, and some pixels of which none is known.

    Most logits are wrong. Each image weighs differently.
    """
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(batch, N_CLASSES, *size, generator=generator, dtype=torch.float64)
    labels = torch.zeros(batch, *size, dtype=torch.int64)
    labels[:, :2, 2:] = 1
    labels[:, 2:, :1] = 2
    labels[1] = labels[1].flip(1)
    labels[0, 0, 1] = IGNORE
    labels[-1, :, 3] = IGNORE
    return noise + wrong(labels) / 20, labels


def right(labels: Tensor) -> Tensor:
    """Logits that are sure of the labels."""
    known = labels.masked_fill(labels == IGNORE, 0)
    return 50.0 * F.one_hot(known, N_CLASSES).movedim(-1, 1).double() - 25.0


def wrong(labels: Tensor) -> Tensor:
    """Logits that are sure of another label everywhere."""
    return right((labels + 1).where(labels != IGNORE, labels).remainder(N_CLASSES))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_it_is_least_at_the_truth(loss: LabelLoss, part: Part, size: tuple[int, ...]) -> None:
    logits, labels = example(size)
    least = value(loss, right(labels), labels)
    for worse in (logits, wrong(labels), right(labels).lerp(wrong(labels), 0.6)):
        assert value(loss, worse, labels) > least
    if part.name not in ("boundary", "weighted_sum"):  # signed distances are below 0
        assert least == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("part", SLOPES, ids=name_of)
def test_the_gradient_is_the_slope(loss: LabelLoss, size: tuple[int, ...]) -> None:
    logits, labels = example(size)
    torch.autograd.gradcheck(
        lambda x: value(loss, x, labels), logits.requires_grad_(), fast_mode=True
    )


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_batch_may_be_cut(loss: LabelLoss, size: tuple[int, ...]) -> None:
    logits, labels = example(size)
    labels[2] = IGNORE
    pieces = [slice(0, 1), slice(1, 2), slice(2, 3)]
    total = torch.stack([loss.total(logits[p], labels[p]) for p in pieces]).sum(0)
    weight = torch.stack([loss.weight(labels[p]) for p in pieces]).sum(0)
    torch.testing.assert_close((total / weight).sum(), value(loss, logits, labels))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_what_is_not_known_is_as_if_it_were_not_there(
    loss: LabelLoss, size: tuple[int, ...]
) -> None:
    logits, labels = example(size)
    border = (1, 2) * len(size)
    wider = F.pad(logits, border, value=3.0).requires_grad_()
    around = F.pad(labels, border, value=IGNORE)
    found = value(loss, wider, around)
    torch.testing.assert_close(found, value(loss, logits, labels))
    (slope,) = torch.autograd.grad(found, wider)
    assert not slope.movedim(1, -1)[around == IGNORE].any()


def test_nothing_known_is_nothing_lost(loss: LabelLoss) -> None:
    logits, labels = example((5, 6))
    logits.requires_grad_()
    found = value(loss, logits, torch.full_like(labels, IGNORE))
    found.backward()
    assert found == 0
    assert logits.grad is not None and not logits.grad.any()


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_is_finite(loss: LabelLoss, label: int) -> None:
    logits, labels = example((5, 6))
    logits.requires_grad_()
    found = value(loss, logits, torch.full_like(labels, label))
    found.backward()
    assert found.isfinite()
    assert logits.grad is not None and logits.grad.isfinite().all()


def test_what_the_network_computes_in_does_not_matter(loss: LabelLoss) -> None:
    logits, labels = example((5, 6))
    coarse = logits.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        total = loss.total(coarse, labels)
    assert total.dtype == torch.float32
    torch.testing.assert_close(total, loss.total(coarse.float(), labels))
