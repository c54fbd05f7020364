"""What the training of all embedded models shares: the loss, the loop with its checkpoints, the judge, the file."""

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

from .embedded import Embedded
from .network import LAM_HIGH, LAM_LOW, PictureNet

Data = tuple[Tensor, Tensor, Tensor, Tensor]
"""Images (N, C, 32, 32) and their classes (N,), then those held out."""
LABEL_DROPOUT = 0.1
LAM_MEAN, LAM_STD = 0.4, 1.5  # log-SNR: a normal on the levels that give shape, plus a floor over the whole range
WIDE_SHARE = 0.15


def draw_lambda(count: int) -> Tensor:
    """Stratified log-SNRs (count,): rho from e^-7 to e^8 is covered, 7 in 10 of them lie in rho = .05 ... 5."""
    u = (torch.arange(count) + torch.rand(count)) / count
    bell = LAM_MEAN + LAM_STD * torch.special.ndtri(((u - WIDE_SHARE) / (1 - WIDE_SHARE)).clamp(1e-4, 1 - 1e-4))
    return torch.where(u < WIDE_SHARE, LAM_LOW + (LAM_HIGH - LAM_LOW) * u / WIDE_SHARE, bell)


def velocity_loss(net: PictureNet, images: Tensor, labels: Tensor, *, dropout: float, fast: bool) -> Tensor:
    """Mean squared error of v, 1 everywhere: the unit-weighted loss of EDM. `fast` runs convolutions in bfloat16."""
    lam, noise = draw_lambda(len(images)), torch.randn_like(images)
    theta = torch.atan(torch.exp(-lam))[:, None, None, None]
    weights = F.one_hot(labels, net.classes).float() * (torch.rand(len(labels), 1) >= dropout)
    with torch.autocast("cpu", torch.bfloat16, enabled=fast):
        v = net.velocity(theta.cos() * images + theta.sin() * noise, lam, weights)
    return F.mse_loss(v.float(), theta.cos() * noise - theta.sin() * images)


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


def even_out(labels: Tensor) -> Tensor:
    """How often to look at each picture (N,): those of rare classes more often, but not as much as they are rarer."""
    return torch.bincount(labels)[labels].double() ** -0.5


def train_network(args: argparse.Namespace, model: Embedded, data: Data, augment: Callable[[Tensor], Tensor]) -> None:
    """AdamW on the v loss with an exponential moving average of the weights; a checkpoint every args.every steps.

    `data` are images and labels, then those held out; `augment` changes a batch of images a little.
    """
    images, labels, held_images, held_labels = data
    torch.manual_seed(args.seed)
    net, shares = model.network(), even_out(labels)
    net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  (faster convolutions on the CPU)
    average = copy.deepcopy(net).requires_grad_(False)
    optimizer = torch.optim.AdamW(net.parameters(), lr=args.lr, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    plan = {"batch": args.batch, "seed": args.seed, "steps": args.steps}  # no paths: weights_only refuses objects
    start, spent, path = 0, 0.0, args.runs / "network.pt"
    if args.resume and path.is_file():
        saved = torch.load(path, weights_only=True)
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


def train_classifier(
    args: argparse.Namespace, model: Embedded, data: Data, augment: Callable[[Tensor], Tensor]
) -> None:
    """Cross-entropy on augmented pictures; it never sees the network, nor anything the network drew."""
    images, labels, held_images, held_labels = data
    if args.resume and (args.runs / "classifier.pt").is_file():
        return
    torch.manual_seed(args.seed + 1)
    net, shares = model.classifier(), even_out(labels)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.05)
    for step in tqdm(range(args.classifier_steps), desc="classifier", mininterval=5):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.classifier_steps, 2e-3, 100)
        pick = torch.multinomial(shares, 128, replacement=True)
        loss = F.cross_entropy(net(augment(images[pick])), labels[pick], label_smoothing=0.05)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        accuracy = (net.eval()(held_images).argmax(1) == held_labels).float().mean().item()
    print(f"classifier: {accuracy:.1%} of {len(held_labels)} held-out pictures")
    save_checkpoint(args.runs / "classifier.pt", {"net": net.state_dict(), "accuracy": accuracy})


def pack(args: argparse.Namespace, facts: dict[str, str], measure: Callable[[], dict[str, str]]) -> None:
    """The averaged network and the classifier, in float16, in one safetensors file with what they are.

    facts: more of the metadata. `measure` is called when the file is there, as rounded, and returns the rest.
    """
    network, classifier = (
        torch.load(args.runs / f"{name}.pt", weights_only=True) for name in ("network", "classifier")
    )
    tensors = {f"network.{key}": value for key, value in network["average"].items()}
    tensors |= {f"classifier.{key}": value for key, value in classifier["net"].items()}
    tensors = {key: value.half().contiguous() for key, value in tensors.items()}
    numbers = {key: network[key] for key in ("step", "seconds", "loss", "held_out_loss")}
    numbers |= {"batch": network["args"]["batch"], "seed": network["args"]["seed"], "planned": network["args"]["steps"]}
    metadata = {key: f"{value:.6g}" for key, value in numbers.items()} | facts
    metadata |= {"classifier_accuracy": f"{classifier['accuracy']:.4f}", "torch": torch.__version__}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, args.out, metadata)
    metadata |= measure()
    save_file(tensors, args.out, metadata)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB, {metadata}")


def add_flags(parser: argparse.ArgumentParser, model: Embedded, **defaults: float) -> None:
    """The flags that all training has; `defaults` are steps, lr, every and classifier_steps of this one."""
    parser.add_argument("--steps", type=int, help="optimiser steps of the network (default %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="pictures a step (default %(default)s)")
    parser.add_argument("--lr", type=float, help="peak learning rate (default %(default)s)")
    parser.add_argument("--ema", type=float, default=0.9995, help="decay of the weight average (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--classifier-steps", type=int, help="(default %(default)s)")
    parser.add_argument("--every", type=int, help="steps between checkpoints (default %(default)s)")
    parser.add_argument("--float32", action="store_true", help="no bfloat16 in training (slower on most machines)")
    runs = model.weights.parent / "runs" / model.weights.stem
    parser.add_argument("--runs", type=Path, default=runs, help="folder of the checkpoints")
    parser.add_argument("--out", type=Path, default=model.weights, help="safetensors file to write")
    parser.add_argument("--resume", action="store_true", help="go on from the latest checkpoint")
    parser.add_argument("--export", action="store_true", help="do not train: pack the latest checkpoints")
    parser.set_defaults(**defaults)
