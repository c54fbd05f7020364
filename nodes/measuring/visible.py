"""Whether the difference of two pictures can be seen: against the rounding of a file, the eye, and another seed."""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ..dropdowns.plan import say

ROUNDING = 12**-0.5 / 255
"""What rounding to 8 bits does to a picture: the root mean square error of a step of 1/255 (Bennett 1948)."""
NOTICED = 2.3
"""The colour difference (CIE 1976) that is just noticed: Mahy, Van Eycken and Oosterlinck 1994."""
PATCHES = 8
"""A picture is looked at in so many patches down and across: a small thing that changed is seen, too."""
SHARED = 0.5
"""Of two pictures of different seeds' mean square difference: what is further apart than this shares less than half."""
SAME, HARDLY = say("not visible")[0], say("hardly visible")[0]
CLEARLY, ANOTHER = say("visible")[0], say("another picture")[0]
_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))


def seen(pictures: Tensor, reference: Tensor) -> str:
    """In words, how far pictures (B, H, W, 3) in [0, 1] look different; the pair that differs most decides."""
    pictures, reference = pictures.clamp(0, 1).double(), reference.clamp(0, 1).double()
    apart = (pictures - reference).square().mean((1, 2, 3))
    if float(apart.max()) < ROUNDING**2:
        return SAME
    if noticed(pictures, reference) < NOTICED:
        return HARDLY
    return CLEARLY if float(apart.mean()) < SHARED * between_seeds(reference) else ANOTHER


def noticed(pictures: Tensor, reference: Tensor) -> float:
    """The colour difference (CIE 1976) of the patch that differs most."""
    apart = (_lab(pictures) - _lab(reference)).square().sum(-1).sqrt()
    height, width = apart.shape[1:]
    return float(adaptive_avg_pool2d(apart[:, None], (min(PATCHES, height), min(PATCHES, width))).max())


def between_seeds(pictures: Tensor) -> float:
    """The mean square difference of pictures of two seeds: that within the batch.

    A picture alone has that of its pixels' own spread, as if nothing had its place: for the demo models (root mean
    square, 8 of a kind) that is 106 of 256 in place of 82 for digits, 62 in place of 40 for tiles.
    """
    spread = pictures.var(0).mean() if len(pictures) > 1 else pictures.var((1, 2)).mean()
    return 2 * float(spread)


def _lab(pictures: Tensor) -> Tensor:
    """sRGB in [0, 1] as CIE 1976 L*a*b*, with white at (1, 1, 1)."""
    linear = torch.where(pictures > 0.04045, ((pictures + 0.055) / 1.055) ** 2.4, pictures / 12.92)
    matrix = pictures.new_tensor(_XYZ)
    share = linear @ (matrix / matrix.sum(1, keepdim=True)).T
    root = torch.where(share > (6 / 29) ** 3, share.clamp(min=1e-9) ** (1 / 3), share * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = root.unbind(-1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), -1)
