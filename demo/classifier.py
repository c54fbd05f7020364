"""Small classifiers of pictures, trained independently of the networks: the judges of what these draw."""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn


class Classifier(nn.Module):
    """Images (B, C, 32, 32) -> class logits; `features` (B, F) are what it sees before it decides."""

    drop: nn.Dropout
    out: nn.Linear

    def features(self, x: Tensor) -> Tensor:
        """(B, C, 32, 32) -> (B, F)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.drop(self.features(x)))


class DigitClassifier(Classifier):
    """Of digits (B, 1, 32, 32) in [-1, 1], 10 classes. Four convolutions, about 0.1 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 24, 5, stride=2, padding=2), nn.GroupNorm(4, 24)
        self.conv2, self.norm2 = nn.Conv2d(24, 48, 3, padding=1), nn.GroupNorm(4, 48)
        self.conv3, self.norm3 = nn.Conv2d(48, 64, 3, stride=2, padding=1), nn.GroupNorm(4, 64)
        self.conv4, self.norm4 = nn.Conv2d(64, 96, 3, stride=2, padding=1), nn.GroupNorm(4, 96)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(96 * 4, 10)

    def features(self, x: Tensor) -> Tensor:
        h = F.silu(self.norm1(self.conv1(x)))
        h = F.silu(self.norm2(self.conv2(h)))
        h = F.silu(self.norm3(self.conv3(h)))
        h = F.silu(self.norm4(self.conv4(h)))
        # 2x2 pooling keeps where the ink is; global pooling would confuse 6 and 9
        return F.adaptive_avg_pool2d(h, 2).flatten(1)


class TileClassifier(Classifier):
    """Of coloured tiles (B, 3, 32, 32), 20 kinds. Four convolutions, about 0.2 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 96, 128)
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=1 if a == 3 else 2, padding=1) for a, b in pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for width in widths[1:])
        self.drop = nn.Dropout(0.4)
        self.out = nn.Linear(widths[-1], 20)

    def features(self, x: Tensor) -> Tensor:
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.silu(norm(conv(x)))
        return x.mean((2, 3))
