"""The codec against numpy's singular values, and there and back."""

import numpy as np
import pytest
import torch

from bmcore.image import polish
from bmcore.image.codec import PatchCodec, as_pixels, as_tensor


def test_directions_are_those_of_the_singular_values(digits):
    pixels = digits[0][..., None]
    codec = PatchCodec.learn(pixels, None, 10)
    flat = pixels.reshape(len(pixels), -1) / 127.5 - 1
    _, _, directions = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
    basis = codec.basis.numpy()
    np.testing.assert_allclose(np.abs(directions[:10] @ basis), np.eye(10), atol=2e-3)
    np.testing.assert_allclose(basis.T @ basis, np.eye(10), atol=1e-5)
    latents = codec.encode(as_tensor(pixels)).latents.numpy() * codec.config.scaling_factor
    assert abs(np.sqrt((latents**2).mean()) - 1) < 1e-3


@pytest.mark.parametrize(("shape", "patch"), [((8, 8, 1), None), ((9, 13, 3), (4, 4)), ((8, 12, 1), None), ((10, 10, 3), (2, 2))])
def test_all_components_lose_nothing(shape, patch):
    pixels = np.random.default_rng(0).integers(0, 256, (700, *shape), dtype=np.uint8)
    codec = PatchCodec.learn(pixels, patch, 10**6)
    back = as_pixels(codec.decode(codec.encode(as_tensor(pixels)).latents).sample)
    assert np.abs(back.astype(int) - pixels).max() <= 1


def test_many_pixels_take_the_approximate_way():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 32, 40, 1), dtype=np.uint8)
    codec = PatchCodec.learn(pixels, None, 12)
    basis = codec.basis.numpy()
    assert basis.shape == (1280, 12)
    np.testing.assert_allclose(basis.T @ basis, np.eye(12), atol=1e-4)


def test_polish_brings_back_what_components_leave_out():
    """Bars whose edges a few components blur: taught on some, polish brings others nearer to what they were."""
    rng = np.random.default_rng(0)
    pixels = np.zeros((300, 16, 16, 1), np.uint8)
    for picture, (top, left) in zip(pixels, rng.integers(0, 12, (300, 2)), strict=True):
        picture[top:top + 4, left:left + 4] = 255
    codec = PatchCodec.learn(pixels[:200], None, 40)
    polished = codec.polished(8)
    unseen = as_tensor(pixels[200:])
    latents = codec.encode(unseen).latents
    # nothing learned, nothing changed
    np.testing.assert_array_equal(polished.decode(latents).sample.detach(), codec.plain(latents).clamp(-1, 1))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        polish.teach(polished.polish, lambda x, noise: codec.plain(codec.encode(x).latents), torch.from_numpy(pixels[:200]),
                     lambda updates: updates / 120)
    before, after = (float((made.decode(latents).sample - unseen).abs().mean()) for made in (codec, polished))
    assert after < 0.7 * before
