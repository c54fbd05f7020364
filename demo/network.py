"""The network of the embedded models: a class-conditional U-Net for 32x32 pictures, digits or coloured tiles.

It predicts v on the circle ``theta = atan2(sigma, alpha)`` and is preconditioned there (Karras et al. 2022,
arXiv:2206.00364, table 1 for data of deviation 1, rewritten without a singular end): one set of weights serves VE and
flow, because both see the same ``z`` and the same ``theta``.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIDE = 32  # pixels a side
LAM_LOW, LAM_HIGH = -8.0, 7.0  # the log-SNRs of training; beyond them the network is told these
LAM_CENTRE, LAM_REACH = -0.5, 6.5  # the embedding's scale is squashed into centre +- reach: its middle matters most


def log_snr(alpha: Tensor, sigma: Tensor) -> Tensor:
    """lambda = log(alpha / sigma) (B,), held within LAM_LOW ... LAM_HIGH without a kink; alpha or sigma may be 0.

    Smooth because high-order samplers see every kink of the model; held because at alpha = 0, where every flow run
    starts, the network would otherwise be asked about a level that it never saw.
    """
    signal, noise = torch.hypot(alpha, math.exp(LAM_LOW) * sigma), torch.hypot(sigma, math.exp(-LAM_HIGH) * alpha)
    return signal.log() - noise.log()


def squash(lam: Tensor) -> Tensor:
    """Log-SNR lambda -> (-7, 6), smoothly."""
    return LAM_CENTRE + LAM_REACH * torch.tanh((lam - LAM_CENTRE) / LAM_REACH)


def zeroed(conv: nn.Conv2d) -> nn.Conv2d:
    """conv with weights and bias 0: what it feeds starts as nothing, or its residual branch as the identity."""
    for parameter in conv.parameters():
        nn.init.zeros_(parameter)
    return conv


class NoiseEmbedding(nn.Module):
    """lambda (B,) -> (B, width): sines of low frequency (at most 2 rad per unit of lambda) and a small MLP."""

    freqs: Tensor

    def __init__(self, width: int, waves: int = 16) -> None:
        super().__init__()
        self.register_buffer("freqs", torch.logspace(math.log10(0.1), math.log10(2.0), waves), persistent=False)
        self.mlp = nn.Sequential(nn.Linear(2 * waves, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, lam: Tensor) -> Tensor:
        angle = squash(lam)[:, None] * self.freqs
        return self.mlp(torch.cat([angle.sin(), angle.cos()], 1))


class Block(nn.Module):
    """Residual block (B, C, H, W) -> same; the embedding (B, width) scales and shifts between its convolutions."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(8, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.film = nn.Linear(width, 2 * channels)
        self.norm2 = nn.GroupNorm(8, channels, affine=False)
        self.conv2 = zeroed(nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor, emb: Tensor) -> Tensor:
        scale, shift = self.film(emb)[:, :, None, None].chunk(2, 1)
        h = self.conv1(F.silu(self.norm1(x)))
        h = torch.addcmul(shift, self.norm2(h), 1 + scale)
        return x + self.conv2(F.silu(h))


class Attention(nn.Module):
    """Self-attention over the H W positions of (B, C, H, W), residual."""

    def __init__(self, channels: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(8, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.out = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        b, c, height, width = x.shape
        qkv = self.qkv(self.norm(x)).reshape(b, 3, self.heads, c // self.heads, height * width)
        q, k, v = qkv.transpose(-1, -2).unbind(1)
        h = F.scaled_dot_product_attention(q, k, v).transpose(-1, -2).reshape(b, c, height, width)
        return x + self.out(h)


class PictureNet(nn.Module):
    """U-Net on pictures of 32x32; pixels are unshuffled by 2, so its levels are 16x16, 8x8 and 4x4.

    channels: of the three levels. classes: how many kinds of pictures it knows. colours: channels of a picture.
    ``forward`` is the denoiser; ``velocity`` is the bare network, which training uses.
    """

    def __init__(self, channels: tuple[int, int, int], classes: int, colours: int, width: int = 128) -> None:
        super().__init__()
        self.classes, self.colours = classes, colours
        a, b, c = channels
        self.noise = NoiseEmbedding(width)
        self.table = nn.Parameter(torch.randn(classes, width) * 0.3)
        self.null = nn.Parameter(torch.zeros(width))
        self.stem = nn.Conv2d(4 * colours, a, 3, padding=1)
        self.down1, self.down2 = Block(a, width), Block(b, width)
        self.pool1, self.pool2 = nn.Conv2d(a, b, 2, stride=2), nn.Conv2d(b, c, 2, stride=2)
        self.mid1, self.mid_attention, self.mid2 = Block(c, width), Attention(c), Block(c, width)
        self.merge2, self.merge1 = nn.Conv2d(b + c, b, 1), nn.Conv2d(a + b, a, 1)
        self.up_attention = Attention(b)
        self.up2, self.up1 = Block(b, width), Block(a, width)
        self.head_norm, self.head = nn.GroupNorm(8, a), zeroed(nn.Conv2d(a, 4 * colours, 3, padding=1))

    def embed(self, lam: Tensor, label: Tensor) -> Tensor:
        """Embedding (B, width) of log-SNR lam (B,) and class weights label (B, classes); zeros are unconditional."""
        classes = label @ self.table + (1 - label.sum(1, keepdim=True)) * self.null
        return F.silu(self.noise(lam) + classes)

    def velocity(self, z: Tensor, lam: Tensor, label: Tensor) -> Tensor:
        """v = cos(theta) noise - sin(theta) x0, (B, C, 32, 32), from the unit-scale state z of that shape."""
        emb = self.embed(lam, label)
        fine = self.down1(self.stem(F.pixel_unshuffle(z, 2)), emb)
        half = self.down2(self.pool1(fine), emb)
        h = self.mid1(self.pool2(half), emb)
        h = self.mid2(self.mid_attention(h), emb)
        # 1x1 before the upsampling: the same sum as after it, for a quarter of the work
        h = self.up2(self.up_attention(self._merge(self.merge2, half, h)), emb)
        h = self.up1(self._merge(self.merge1, fine, h), emb)
        return F.pixel_shuffle(self.head(F.silu(self.head_norm(h))), 2)

    @staticmethod
    def _merge(conv: nn.Conv2d, skip: Tensor, below: Tensor) -> Tensor:
        """conv(cat(skip, upsampled below)) with the part of `below` projected before it is upsampled."""
        upper, lower = conv.weight.split([skip.shape[1], below.shape[1]], 1)
        return F.conv2d(skip, upper, conv.bias) + F.interpolate(F.conv2d(below, lower), scale_factor=2.0)

    def forward(self, x: Tensor, alpha: Tensor, sigma: Tensor, label: Tensor) -> Tensor:
        """Denoise x = alpha x0 + sigma noise.

        x (B, C, 32, 32); alpha and sigma (B,), VE alpha = 1, flow alpha = 1 - sigma (0 is fine), not both 0;
        label (B, classes) class weights. Returns x0 like x. Items of a batch do not mix.
        """
        theta = torch.atan2(sigma, alpha)
        scale = torch.hypot(sigma, alpha)
        z = x / scale[:, None, None, None]
        v = self.velocity(z, log_snr(alpha, sigma), label)
        cos, sin = theta.cos()[:, None, None, None], theta.sin()[:, None, None, None]
        return cos * z - sin * v


class DigitNet(PictureNet):
    """The one of the digits, about 1.1 M parameters."""

    def __init__(self) -> None:
        super().__init__((64, 96, 96), classes=10, colours=1)


class TileNet(PictureNet):
    """The one of the coloured tiles, about 3.3 M parameters."""

    def __init__(self) -> None:
        super().__init__((64, 128, 224), classes=20, colours=3)
