"""Path, loss and sampler against closed forms on Gaussians, where the exact direction is linear."""

import itertools
import math

import numpy as np
import torch

from bmcore.image import sampler
from bmcore.image.flow import FlowMLP, drawn_times, mixed

MEAN, SPREAD = 0.7, 0.4


def exact(x, s):
    """E[noise - x0 | x_s = x] for x0 ~ N(MEAN, SPREAD^2)."""
    variance = ((1 - s) * SPREAD) ** 2 + s**2
    return -MEAN + (s - (1 - s) * SPREAD**2) / variance * (x - (1 - s) * MEAN)


def end(x, s):
    """Where the exact path from x at s ends: the same quantile."""
    return MEAN + SPREAD * (x - (1 - s) * MEAN) / math.sqrt(((1 - s) * SPREAD) ** 2 + s**2)


def test_sampler_gives_the_distribution_of_the_data():
    x = torch.randn(20000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    made = sampler.solve(exact, x, sampler.path(16))
    assert abs(float(made.mean()) - MEAN) < 0.02
    assert abs(float(made.std()) - SPREAD) < 0.02


def test_sampler_is_of_second_order_on_the_way():
    x, errors = torch.tensor([[1.3]], dtype=torch.float64), []
    for steps in (16, 32, 64):
        points = np.linspace(0.9, 0.1, steps + 1).tolist()
        made = sampler.solve(exact, x, points)
        wanted = end(x, 0.9)  # at 0.1 the same quantile again
        there = 0.9 * MEAN + math.sqrt((0.9 * SPREAD) ** 2 + 0.1**2) * (wanted - MEAN) / SPREAD
        errors.append(abs(float(made - there)))
    orders = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert all(1.7 < order < 2.6 for order in orders), (errors, orders)


def test_loss_of_the_exact_direction_is_the_conditional_variance():
    generator = torch.Generator().manual_seed(0)
    x0 = MEAN + SPREAD * torch.randn(200000, 1, generator=generator)
    noise, s = torch.randn(200000, 1, generator=generator), torch.full((200000,), 0.3)
    loss = (exact(mixed(x0, noise, s), 0.3) - (noise - x0)).square().mean()
    variance = (0.7 * SPREAD) ** 2 + 0.3**2
    covariance = 0.3 - 0.7 * SPREAD**2
    assert abs(float(loss) - (1 + SPREAD**2 - covariance**2 / variance)) < 0.01


def test_a_network_learns_the_exact_direction():
    torch.manual_seed(0)
    network = FlowMLP(1, 32, 1, 0, 16, 1, 1)
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    for _ in range(400):
        x0, noise, s = MEAN + SPREAD * torch.randn(256, 1), torch.randn(256, 1), drawn_times(256, "cpu")
        loss = (network.direction(mixed(x0, noise, s), network.conditions(1000 * s, None)) - (noise - x0)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x = torch.linspace(-0.5, 1.0, 9)[:, None]
    found = network.direction(x, network.conditions(torch.full((9,), 500.0), None)).detach()
    assert float((found - exact(x, 0.5)).abs().mean()) < 0.15


def test_noise_between_two_keeps_its_length():
    a, b = torch.randn(2, 500, generator=torch.Generator().manual_seed(0))
    arc = sampler.between(a, b, torch.linspace(0, 1, 5))
    torch.testing.assert_close(arc[0], a, atol=1e-4, rtol=0)
    torch.testing.assert_close(arc[-1], b, atol=1e-4, rtol=0)
    lengths = arc.norm(dim=1)
    assert float(lengths.min()) > 0.95 * float(min(a.norm(), b.norm()))
    assert torch.isfinite(sampler.between(a, a, torch.linspace(0, 1, 3))).all()


def test_numbers_above_the_classes_are_no_class():
    torch.manual_seed(0)
    network = FlowMLP(4, 16, 1, 3, 8, 1, 4)
    torch.nn.init.normal_(network.modulate.weight)
    times = torch.tensor([100.0])
    torch.testing.assert_close(network.conditions(times, torch.tensor([3])), network.conditions(times, torch.tensor([1000])))
    torch.testing.assert_close(network.conditions(times, torch.tensor([3])), network.conditions(times, None))
