"""Differentiable augmentation."""

import pytest
import torch

from bmcore.image import augment


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", ["brightness", "translation", "cutout", "brightness translation cutout"])
def test_gradients_pass_through(name):
    x = torch.rand(3, 2, 9, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: augment.augment(x, chance(), name), x)


def test_the_same_seed_gives_the_same_pictures():
    x = torch.rand(20, 1, 8, 8)
    assert torch.equal(augment.augment(x, chance()), augment.augment(x, chance()))
    assert not torch.equal(augment.augment(x, chance()), augment.augment(x, chance(1)))


def test_translation_moves_by_an_eighth_at_most_and_repeats_the_edge():
    x = torch.arange(32.0).expand(50, 1, 32, 32).contiguous()  # a ramp from left to right
    moved = augment.translation(x, chance())
    steps = moved[:, 0, 0, 16] - 16
    assert steps.abs().max() == 4 and len(steps.unique()) == 9
    assert torch.equal(moved[:, 0, 0], (torch.arange(32) + steps[:, None]).clamp(0, 31))


def test_brightness_changes_all_pixels_alike():
    x = torch.rand(50, 3, 8, 8)
    change = augment.brightness(x, chance()) - x
    assert change.flatten(1).std(1).max() < 1e-6 and 0.2 < change.abs().max() <= augment.BRIGHTNESS + 1e-6


def test_cutout_covers_one_square():
    covered = augment.cutout(torch.ones(50, 3, 24, 24), chance()) == 0
    assert torch.equal(covered[:, 0], covered[:, 1])
    assert covered[:, 0].any(1).sum(1).max() == 9  # about a third of a side
    assert covered[:, 0].any(2).any(1).all()
