"""Train the coloured model from nothing: ``python -m sigmatic.demo.train_tiles SOURCE``.

SOURCE is a checkout of the public repository crawl/tiles, or an .npz of its tiles (`tiles_data.read`). One command
trains the network and the classifier that judges it; a run that was interrupted goes on with ``--resume``.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from . import tiles_data
from .network import TileNet
from .train import Data, learning_rate, save_checkpoint, train_network

RUNS = Path(__file__).parent / "runs" / "tiles"


class TileClassifier(nn.Module):
    """Images (B, 3, 32, 32) in [-1, 1] -> logits (B, kinds); `features` (B, 128) are what distances are measured in."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 96, 128)
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=1 if a == 3 else 2, padding=1) for a, b in pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for width in widths[1:])
        self.drop = nn.Dropout(0.4)
        self.out = nn.Linear(widths[-1], len(tiles_data.KINDS))

    def features(self, x: Tensor) -> Tensor:
        """What it sees in x, before it decides: (B, 128)."""
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.silu(norm(conv(x)))
        return x.mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.drop(self.features(x)))


def train_classifier(args: argparse.Namespace, data: Data) -> None:
    """Cross-entropy on augmented tiles; it never sees the network, nor anything the network drew."""
    images, labels, held_images, held_labels = data
    torch.manual_seed(args.seed + 1)
    net = TileClassifier()
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
    shares = torch.bincount(labels)[labels].double() ** -0.5
    for step in tqdm(range(args.classifier_steps), desc="classifier", mininterval=5):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.classifier_steps, 2e-3, 100)
        pick = torch.multinomial(shares, 128, replacement=True)
        loss = F.cross_entropy(net(tiles_data.augment(images[pick])), labels[pick], label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        accuracy = (net.eval()(held_images).argmax(1) == held_labels).float().mean().item()
    print(f"classifier: {accuracy:.1%} of {len(held_labels)} held-out tiles")
    save_checkpoint(args.runs / "classifier.pt", {"net": net.state_dict(), "accuracy": accuracy})


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sigmatic.demo.train_tiles", description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="a checkout of crawl/tiles, or an .npz of its tiles")
    parser.add_argument("--steps", type=int, default=9000, help="optimiser steps of the network (default %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="tiles a step (default %(default)s)")
    parser.add_argument("--lr", type=float, default=1.2e-3, help="peak learning rate (default %(default)s)")
    parser.add_argument("--ema", type=float, default=0.9995, help="decay of the weight average (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--classifier-steps", type=int, default=2000, help="(default %(default)s)")
    parser.add_argument("--every", type=int, default=500, help="steps between checkpoints (default %(default)s)")
    parser.add_argument("--float32", action="store_true", help="no bfloat16 in training (slower on most machines)")
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of the checkpoints")
    parser.add_argument("--resume", action="store_true", help="go on from the latest checkpoint")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    data = tiles_data.load(args.source)
    if not (args.resume and (args.runs / "classifier.pt").is_file()):
        train_classifier(args, data)
    torch.manual_seed(args.seed)
    images, labels, *held = data
    train_network(args, (*tiles_data.with_mirrored(images, labels), *held), TileNet(), tiles_data.augment)


if __name__ == "__main__":
    main()
