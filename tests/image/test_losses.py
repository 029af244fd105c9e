"""Losses of the GAN against closed forms."""

import math

import pytest
import torch

from bmcore.image import losses


def test_pairing_losses_of_known_scores():
    real, fake = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0])
    low, even = math.log(1 + math.exp(-2)), math.log(2)
    assert losses.discriminator_loss(real, fake).item() == pytest.approx((even + low) / 2)
    assert losses.generator_loss(real, fake).item() == pytest.approx((even + low + 2) / 2)  # softplus(2) = softplus(-2) + 2


def test_pairing_losses_do_not_see_a_shift_of_all_scores():
    real, fake = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(losses.discriminator_loss(real, fake), losses.discriminator_loss(real + 9, fake + 9), atol=1e-5)


def test_penalty_of_a_linear_discriminator_is_the_square_of_its_weights():
    weights = torch.arange(12.0).view(1, 3, 4).requires_grad_(True)
    penalty = losses.zero_centred(lambda x: (x * weights).flatten(1).sum(1), torch.randn(5, 1, 3, 4))
    assert penalty.item() == pytest.approx(float((weights.detach() ** 2).sum()))
    penalty.backward()
    assert torch.allclose(weights.grad, 2 * weights.detach())  # it can be learned from


def test_penalty_of_a_quadratic_discriminator():
    x = torch.randn(7, 2, 3, 3, generator=torch.Generator().manual_seed(1))
    penalty = losses.zero_centred(lambda x: x.square().flatten(1).sum(1), x)
    assert penalty.item() == pytest.approx(float((4 * x.square()).flatten(1).sum(1).mean()), rel=1e-5)


@pytest.mark.parametrize("every", [1, 4, 16])
def test_a_lazy_penalty_weighs_one_on_average(every):
    weights = [losses.lazy_weight(step, every) for step in range(16)]
    assert sum(weights) == 16
    assert sum(weight > 0 for weight in weights) == 16 // every


def test_lazy_penalty_moves_weights_as_the_eager_one_does():
    x = torch.randn(64, 3, generator=torch.Generator().manual_seed(2))

    def mean_slope(every):
        w = torch.ones(3, requires_grad=True)
        for step in range(8):
            weight = losses.lazy_weight(step, every)
            if weight:
                (weight * losses.zero_centred(lambda x: x @ w, x)).backward()
        return w.grad / 8

    assert torch.allclose(mean_slope(4), mean_slope(1))
