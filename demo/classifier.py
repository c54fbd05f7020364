"""A small digit classifier, trained independently of the network: the judge of what the demo generates."""

import torch.nn.functional as F
from torch import Tensor, nn


class DigitClassifier(nn.Module):
    """Images (B, 1, 32, 32) in [-1, 1] -> class logits (B, 10). Four convolutions, about 0.1 M parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 24, 5, stride=2, padding=2), nn.GroupNorm(4, 24)
        self.conv2, self.norm2 = nn.Conv2d(24, 48, 3, padding=1), nn.GroupNorm(4, 48)
        self.conv3, self.norm3 = nn.Conv2d(48, 64, 3, stride=2, padding=1), nn.GroupNorm(4, 64)
        self.conv4, self.norm4 = nn.Conv2d(64, 96, 3, stride=2, padding=1), nn.GroupNorm(4, 96)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(96 * 4, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = F.silu(self.norm1(self.conv1(x)))
        h = F.silu(self.norm2(self.conv2(h)))
        h = F.silu(self.norm3(self.conv3(h)))
        h = F.silu(self.norm4(self.conv4(h)))
        # 2x2 pooling keeps where the ink is; global pooling would confuse 6 and 9
        return self.out(self.drop(F.adaptive_avg_pool2d(h, 2).flatten(1)))
