"""Train the model of coloured tiles from nothing: ``python -m sigmatic.demo.train_tiles SOURCE``.

SOURCE is a checkout of the public repository crawl/tiles, or an .npz of its tiles (`tiles_data.read`). One command
trains the network and the classifier that judges it, measures them and writes tiles.safetensors; a run that was
interrupted goes on with ``--resume``, and ``--export`` packs the latest checkpoint as it is.
"""

import argparse
from pathlib import Path

import torch

from .measure import RUNS, draw, frechet, nearest
from .tiles import GUIDANCE, KINDS, MODEL
from .tiles_data import augment, load, with_mirrored
from .training import Data, add_flags, pack, train_classifier, train_network

FACTS = {"license": "CC0-1.0", "data": "Dungeon Crawl Stone Soup's tiles, crawl/tiles a6ea165; a tenth held out"}
EACH = 32  # how many pictures of each kind are drawn to measure


def measure(path: Path, data: Data) -> dict[str, str]:
    """What the network of `path` draws against the held-out tiles, and against those it knows.

    recognised: share that is read as the kind asked for, also kind by kind, beside that of held-out tiles. The others
    count kinds as often as they are held out. distance: Frechet distance of features to the held-out tiles, beside that
    of the known tiles. nearest: mean distance to the nearest known tile, in the data's deviations, beside that of
    held-out tiles; near: share of pictures that are nearer than 1 in 20 held-out tiles is.
    """
    known, known_labels, held, held_labels = data
    network, classifier = MODEL.read(path)
    labels = torch.arange(len(KINDS)).repeat_interleave(EACH)
    counts = torch.bincount(held_labels, minlength=len(KINDS))
    with torch.no_grad():
        real, learnt = classifier.features(held), classifier.features(known)
        read = classifier(held).argmax(1) == held_labels
    facts = {f"classifier_{kind}": read[held_labels == k].float().mean().item() for k, kind in enumerate(KINDS)}
    apart = nearest(held, known)
    facts |= {
        "distance_known": frechet(learnt, real, (counts / known_labels.bincount())[known_labels]),
        "nearest_held_out": apart.mean().item(),
    }
    for space in RUNS:
        x0 = draw(MODEL, network, labels, space=space, cfg=GUIDANCE).clamp(MODEL.low, MODEL.high)
        with torch.no_grad():
            seen = classifier.features(x0)
            right = classifier.out(seen).argmax(1) == labels
        close, weights = nearest(x0, known), counts[labels] / counts[labels].sum()
        facts[f"recognised_{space}"] = right.float().mean().item()
        facts[f"distance_{space}"] = frechet(seen, real, weights)
        facts[f"nearest_{space}"] = (weights @ close).item()
        facts[f"near_{space}"] = (weights @ (close < apart.quantile(0.05)).float()).item()
        for k, kind in enumerate(KINDS):
            facts[f"recognised_{space}_{kind}"] = right[labels == k].float().mean().item()
    return {name: f"{value:.3f}" for name, value in facts.items()}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sigmatic.demo.train_tiles", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("source", type=Path, help="a checkout of crawl/tiles, or an .npz of its tiles")
    add_flags(parser, MODEL, steps=9000, lr=1.2e-3, every=250, classifier_steps=1200)
    args = parser.parse_args(argv)
    images, labels, held_images, held_labels = load(args.source)
    data = (*with_mirrored(images, labels), held_images, held_labels)
    if not args.export:
        train_classifier(args, MODEL, data, augment)
        train_network(args, MODEL, data, augment)
    pack(args, FACTS, lambda: measure(args.out, data))


if __name__ == "__main__":
    main()
