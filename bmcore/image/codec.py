"""Patch PCA: pictures to a few numbers and back, by orthonormal directions in which patches of the data differ most.

One patch that is the whole picture gives one short vector a picture; patches of 8, 4 or 2 pixels give a grid of them; as many
components as a patch has numbers lose nothing. Wears the form of a diffusers autoencoder, so a pipeline decodes with it.
"""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin

from bmcore.image.polish import Polish

EXACT = 1024  # numbers a patch up to which the covariance is taken apart exactly
MOST_PATCHES, MOST_NUMBERS = 200_000, 32_000_000  # that the directions are learned from, and numbers in them
LEAST_SPREAD = 1e-3  # of constant pictures, which have none


class PatchCodec(ModelMixin, ConfigMixin):
    """Mean and orthonormal basis of patches.

    Parameters
    ----------
    height, width, channels : int
        Of a picture.
    patch_height, patch_width : int
        Where they do not divide a picture, its last rows and columns are repeated.
    components : int
        Numbers a patch is kept as.
    scaling_factor : float
        1 / the standard deviation of all components, as a whole.
    polish_width : int
        Channels inside the network that makes decoded pictures firm; 0 is none.
    """

    @register_to_config
    def __init__(
        self, height: int = 8, width: int = 8, channels: int = 1, patch_height: int = 8, patch_width: int = 8, components: int = 64,
        scaling_factor: float = 1.0, polish_width: int = 0,
    ):
        super().__init__()
        self.numbers = patch_height * patch_width * channels
        self.grid = max(math.ceil(height / patch_height), math.ceil(width / patch_width))
        self.register_buffer("mean", torch.zeros(self.numbers))
        self.register_buffer("basis", torch.zeros(self.numbers, components))
        self.polish = Polish(channels, polish_width) if polish_width else None

    @property
    def dtype(self) -> torch.dtype:
        return self.mean.dtype

    @classmethod
    def learn(cls, pixels: np.ndarray, patch: tuple[int, int] | None = None, components: int = 64, seed: int = 0) -> PatchCodec:
        """The codec of these pictures (n, h, w, c) uint8; without `patch` it is the whole picture. Below 400 MB beside the pictures."""
        n, h, w, c = pixels.shape
        ph, pw = patch or (h, w)
        codec = cls(h, w, c, ph, pw, 0)
        many = min(MOST_PATCHES, MOST_NUMBERS // codec.numbers) // codec.grid**2
        rows = np.random.default_rng(seed).permutation(n)[: max(2, many)]
        flat = codec.patches(as_tensor(pixels[np.sort(rows)]))  # (m, numbers)
        mean = flat.mean(0)
        flat -= mean
        basis = _directions(flat, min(components, codec.numbers), seed)  # (numbers, d)
        spread = float((flat @ basis).square().mean().sqrt())
        codec = cls(h, w, c, ph, pw, basis.shape[1], 1 / max(spread, LEAST_SPREAD))
        codec.mean.copy_(mean)
        codec.basis.copy_(basis)
        return codec.eval()

    def patches(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, h, w) -> (n * grid * grid, numbers)."""
        config, grid = self.config, self.grid
        ph, pw = config.patch_height, config.patch_width
        x = torch.nn.functional.pad(x, (0, grid * pw - x.shape[3], 0, grid * ph - x.shape[2]), mode="replicate")
        x = x.unflatten(3, (grid, pw)).unflatten(2, (grid, ph))  # n, c, grid, ph, grid, pw
        return x.permute(0, 2, 4, 1, 3, 5).reshape(-1, self.numbers)

    def encode(self, x: torch.Tensor) -> SimpleNamespace:
        """Pictures (n, c, h, w) from -1 to 1 -> `.latents` (n, components, grid, grid)."""
        latents = (self.patches(x) - self.mean) @ self.basis
        return SimpleNamespace(latents=latents.unflatten(0, (-1, self.grid, self.grid)).permute(0, 3, 1, 2).contiguous())

    def decode(self, z: torch.Tensor, return_dict: bool = True) -> SimpleNamespace | tuple[torch.Tensor]:
        """Latents (n, components, grid, grid) -> `.sample` (n, c, h, w)."""
        x = self.plain(z)
        x = x if self.polish is None else self.polish(x)
        return SimpleNamespace(sample=x) if return_dict else (x,)

    def plain(self, z: torch.Tensor) -> torch.Tensor:
        """The same without polish: linear, and undone by `encode`."""
        config, grid = self.config, self.grid
        flat = torch.addmm(self.mean, z.permute(0, 2, 3, 1).reshape(-1, z.shape[1]).to(self.mean.dtype), self.basis.T)
        x = flat.view(-1, grid, grid, config.channels, config.patch_height, config.patch_width)
        x = x.permute(0, 3, 1, 4, 2, 5).reshape(-1, config.channels, grid * config.patch_height, grid * config.patch_width)
        return x[..., :config.height, :config.width]

    def polished(self, width: int) -> PatchCodec:
        """A copy with a network for `polish.teach` to train."""
        config = self.config
        codec = PatchCodec(config.height, config.width, config.channels, config.patch_height, config.patch_width, config.components,
                           config.scaling_factor, width)
        codec.load_state_dict(self.state_dict(), strict=False)
        return codec.to(self.mean.device).eval()


def as_tensor(pixels: np.ndarray) -> torch.Tensor:
    """(n, h, w, c) uint8 -> (n, c, h, w) float32 from -1 to 1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def as_pixels(x: torch.Tensor) -> np.ndarray:
    """(n, c, h, w) from -1 to 1 -> (n, h, w, c) uint8."""
    x = x.float().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)
    return x.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def _directions(flat: torch.Tensor, d: int, seed: int) -> torch.Tensor:
    """Orthonormal directions of largest variance of centred rows, largest first: (numbers, d)."""
    if flat.shape[1] <= EXACT:
        covariance = flat.T.double() @ flat.double() if len(flat) < 4096 else (flat.T @ flat).double()
        return torch.linalg.eigh(covariance)[1].flip(1)[:, :d].float()
    d = min(d, *flat.shape)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return torch.svd_lowrank(flat, q=min(d + 16, *flat.shape), niter=3)[2][:, :d]
