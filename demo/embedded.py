"""A network that comes with the package, ready to sample: its file, labels and pictures, and a classifier as judge.

An image is a tensor (B, C, 32, 32) as the network knows it, black at `low` and full colour at `high`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from ..core import space as spaces
from ..core.loop import Output
from .classifier import Classifier
from .network import SIDE, PictureNet

Label = int | str | None
Labels = Label | Sequence[Label] | Tensor


@dataclass(frozen=True)
class Embedded:
    """One embedded model. Methods raise ValueError for what is wrong in their arguments, RuntimeError for its file.

    weights: its safetensors file, with `network.*` and `classifier.*`. network, classifier: make the two, untrained.
    classes, colours: how many classes it knows, how many channels an image has. low, high: an image's values of black
    and of full colour. guidance: the cfg at which its card measures it. maker: the module that trains it. kinds: names
    of its classes, in order; () where they go by number only.
    """

    weights: Path
    network: Callable[[], PictureNet]
    classifier: Callable[[], Classifier]
    classes: int
    colours: int
    low: float
    high: float
    guidance: float
    maker: str
    kinds: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What its classes are called, in order: kinds, or numbers."""
        return self.kinds or tuple(map(str, range(self.classes)))

    def load(self, path: str | Path | None = None) -> PictureNet:
        """The network, float32, in eval mode, on the CPU; read once per path. RuntimeError if its file is unusable."""
        return _read_once(self, Path(path or self.weights))[0]

    def judge(self) -> Classifier:
        """The classifier, which was trained on real pictures only; as `load`."""
        return _read_once(self, self.weights)[1]

    def look(self) -> None:
        """RuntimeError as of `load` where the file is missing or cut short; its numbers are not read."""
        with self._file(self.weights), safe_open(self.weights, "pt") as file:
            file.keys()

    def read(self, path: str | Path) -> tuple[PictureNet, Classifier]:
        """The network and the classifier of one file, read anew; RuntimeError as of `load`."""
        network, classifier = self.network(), self.classifier()
        with self._file(path):
            tensors = load_file(path)
            _fill(network, tensors, "network.")
            _fill(classifier, tensors, "classifier.")
        return network, classifier

    @contextmanager
    def _file(self, path: str | Path) -> Iterator[None]:
        """What is wrong with the file, while it is read, as a RuntimeError that says what to do."""
        cure = f"get the file from the repository again, or make it anew with `python -m {self.maker}`"
        if not Path(path).is_file():
            raise RuntimeError(f"{path}: the weights of the demo's model are missing; {cure}.")
        try:
            yield
        except (SafetensorError, OSError, RuntimeError) as error:
            raise RuntimeError(f"{path}: the weights of the demo's model are damaged; {cure}.") from error

    def index(self, label: object) -> int:
        """The class of a label: its number, or its name. numpy's and torch's whole numbers pass too."""
        if isinstance(label, str) and self.kinds:
            if label in self.kinds:
                return self.kinds.index(label)
            raise ValueError(f"labels: there is no kind {label!r}: {nearest(label, self.kinds)}")
        number = getattr(label, "__index__", None)
        if number is None or isinstance(label, bool) or not 0 <= number() < self.classes:
            name = "a kind by name, " if self.kinds else ""
            raise ValueError(
                f"labels: {label!r} is no class; give {name}a whole number 0..{self.classes - 1}, or None for no class."
            )
        return number()

    def one_hot(self, labels: Labels, batch: int) -> Tensor:
        """Class weights (batch, classes), float32, of `labels`; a row of zeros is unconditional.

        labels: one class (its number, or its name where classes have names) or None for all, a list of `batch` of
        them, or ready weights (batch, classes), which may blend classes. Raises ValueError for anything else.
        """
        if isinstance(labels, Tensor):
            if tuple(labels.shape) != (batch, self.classes):
                raise ValueError(f"labels: class weights must be ({batch}, {self.classes}), got {tuple(labels.shape)}.")
            return labels.float()
        items = [labels] * batch if labels is None or isinstance(labels, (int, str)) else list(labels)
        if len(items) != batch:
            raise ValueError(f"labels: {len(items)} of them for a batch of {batch}; give one each, or a single one.")
        weights = torch.zeros(batch, self.classes)
        for row, label in enumerate(items):
            if label is not None:
                weights[row, self.index(label)] = 1.0
        return weights

    def denoiser(
        self, labels: Labels, *, space: str = "ve", cfg: float = 1.0, uncond: bool = False
    ) -> Callable[..., Any]:
        """model(x, sigma, **extra_args) -> x0, k-diffusion's call contract: x (B, C, 32, 32), sigma (B,), x0 like x.

        labels as in `one_hot`. cfg: classifier-free guidance x0_u + cfg (x0_c - x0_u), in one doubled batch unless it
        is 1. uncond: return an Output with x0_u, too. Everything that can be wrong raises ValueError, at once where it
        does not depend on x.
        """
        return self.guided(self.load(), labels, space=space, cfg=cfg, uncond=uncond)

    def guided(
        self, net: PictureNet, labels: Labels, *, space: str, cfg: float, uncond: bool = False
    ) -> Callable[..., Any]:
        """`denoiser` for any network of this kind."""
        spaces.check(space)
        if not math.isfinite(cfg):
            raise ValueError(f"cfg is {cfg}: give a finite number; 1 is no guidance, {self.guidance:g} is usual.")
        shared = labels is None or isinstance(labels, (int, str))
        rows = self.one_hot(labels, 1 if labels is None or isinstance(labels, (int, str)) else len(labels))

        # Not inference_mode: its tensors refuse to be worked on in place, which a sampler is free to do with x0.
        @torch.no_grad()
        def model(x: Tensor, sigma: Tensor, **_: object) -> Tensor | Output:
            check_image(x, "x", self.colours)
            if sigma.ndim > 1 or sigma.numel() not in (1, len(x)):
                raise ValueError(f"sigma must be ({len(x)},), one for each item of x, got {tuple(sigma.shape)}.")
            if not shared and len(x) != len(rows):
                raise ValueError(
                    f"labels: {len(rows)} of them for a batch of {len(x)}; give one each, or a single one."
                )
            level = sigma.to(net.null).expand(len(x))
            alpha = 1 - level if space == "flow" else torch.ones_like(level)
            label, image = rows.to(level).expand(len(x), -1), x.to(net.null)
            if cfg == 1 and not uncond:
                return net(image, alpha, level, label).to(x)
            label = torch.cat([label, torch.zeros_like(label)])
            both = net(image.repeat(2, 1, 1, 1), alpha.repeat(2), level.repeat(2), label)
            given, free = both.chunk(2)
            steered = torch.lerp(free, given, cfg).to(x)
            return Output(steered, free.to(x)) if uncond else steered

        return model

    def classify(self, x0: Tensor) -> Tensor:
        """The classes (B,), int64 on the CPU, that an independent classifier reads in the images x0."""
        return self._judged(x0, self.judge()).argmax(1)

    def features(self, x0: Tensor) -> Tensor:
        """What it sees in the images x0 before it decides, (B, F): what feature distances are measured in."""
        return self._judged(x0, self.judge().features)

    @torch.no_grad()
    def _judged(self, x0: Tensor, look: Callable[[Tensor], Tensor]) -> Tensor:
        check_image(x0, "x0", self.colours)
        return look(x0.float().cpu().clamp(self.low, self.high))

    def to_images(self, x0: Tensor) -> list[np.ndarray]:
        """Images x0, clamped -> B uint8 arrays, (32, 32) if grey, (32, 32, 3) in colour."""
        check_image(x0, "x0", self.colours)
        share = (x0.detach().float().cpu().clamp(self.low, self.high) - self.low) / (self.high - self.low)
        pixels = (share * 255).round().to(torch.uint8).movedim(1, -1).numpy()
        return list(pixels[..., 0] if self.colours == 1 else pixels)


def nearest(text: str, names: Sequence[str]) -> str:
    """What to say to someone who wrote `text` for one of `names`."""
    near = difflib.get_close_matches(text.lower(), names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}."


def check_image(x: Tensor, name: str, colours: int) -> None:
    """ValueError unless x is (B, colours, 32, 32)."""
    if x.ndim != 4 or tuple(x.shape[1:]) != (colours, SIDE, SIDE):
        raise ValueError(f"{name} must be (B, {colours}, {SIDE}, {SIDE}), got {tuple(x.shape)}.")


@lru_cache(maxsize=4)
def _read_once(model: Embedded, path: Path) -> tuple[PictureNet, Classifier]:
    return model.read(path)


def _fill(module: nn.Module, tensors: dict[str, Tensor], prefix: str) -> None:
    """Load the tensors under `prefix` into module, strictly, and freeze it for inference."""
    state = {name.removeprefix(prefix): value.float() for name, value in tensors.items() if name.startswith(prefix)}
    module.load_state_dict(state)
    module.eval().requires_grad_(False)
    module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  (faster convolutions on the CPU)
