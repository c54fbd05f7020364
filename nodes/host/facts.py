"""What the host says of models, whatever its version and the wrappers that other packs put around them."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import comfy.model_management
import comfy.model_sampling
import comfy.sample
import comfy.utils
import torch
from torch import Tensor

from ...core.table import Table


def model_sampling(model: Any) -> Any:
    """The host's model_sampling object of a MODEL, or of the model that a sampler function is handed.

    The patcher's is preferred (it has what nodes such as ModelSamplingSD3 put there), the loaded model's is next.
    """
    for link in links(model):
        patcher = _patcher(link)
        if patcher is not None:
            return patcher.get_model_object("model_sampling")
        if getattr(link, "model_sampling", None) is not None:
            return link.model_sampling
    raise ValueError(
        f"model: {type(model).__name__} does not say which kind of model it is (no model_sampling in it or in what it "
        "wraps). Another node pack has wrapped it beyond recognition: take that node out, or use ComfyUI's samplers."
    )


def levels_of_calls(table: Table | None) -> Callable[[Tensor], float]:
    """The level of each call of a run's model, in turn, from the sigma (B,) that it is given.

    As the `table` has it, which waits for no device; of a run without one, what the call itself says.
    """
    if table is None:
        return lambda sigma: float(sigma.max())
    levels = iter(table.called_at)
    return lambda _: next(levels)


def network(model: Any) -> Any:
    """The loaded model itself, one for all clones of a MODEL: of a MODEL, or of what a sampler function is handed.

    None where other packs' wrappers hide it.
    """
    return getattr(patcher(model), "model", None)


def patcher(model: Any) -> Any:
    """The host's ModelPatcher of a MODEL, or of what a sampler function is handed; None where wrappers hide it."""
    return next(filter(None, map(_patcher, links(model))), None)


def links(model: Any) -> Iterator[Any]:
    """A sampler function's model and what it wraps: guider, loaded model, and wrappers of other packs in between."""
    for _ in range(16):
        if model is None:
            return
        yield model
        model = getattr(model, "inner_model", None)


def _patcher(link: Any) -> Any:
    """The host's MODEL that `link` is or holds, None if it is none."""
    patcher = link if hasattr(link, "get_model_object") else getattr(link, "model_patcher", None)
    return patcher if hasattr(patcher, "get_model_object") else None


def space(ms: Any) -> str:
    """ "flow" for CONST models (SD3, Flux, Wan, ...), "ve" for all others (EPS, V, X0, EDM, Cosmos 1)."""
    return "flow" if isinstance(ms, comfy.model_sampling.CONST) else "ve"


def starts_from_noise(ms: Any) -> bool:
    """False for flow models that go from one image to another (IMG_TO_IMG_FLOW and kin): no noise belongs there."""
    return not (space(ms) == "flow" and any(cls.__name__.startswith("IMG_TO_IMG") for cls in type(ms).__mro__))


def noise_scale(ms: Any) -> float:
    """How much larger than 1 the model wants its unit noise (newer flow models; 1 elsewhere)."""
    return float(getattr(ms, "noise_scale", 1.0))


def require_range(ms: Any) -> None:
    """ValueError where the model has no levels of noise: a shift of 0 leaves none."""
    if not math.isfinite(float(ms.sigma_max)) or float(ms.sigma_max) <= 0:
        raise ValueError(
            f"model: its noise goes from {float(ms.sigma_min):g} to {float(ms.sigma_max):g}, which is no range. Is "
            "shift 0 in ModelSamplingSD3 or another node before? Give it one above 0: 1 changes nothing."
        )


def levels(ms: Any) -> dict[str, Any]:
    """The model's range of noise, as keywords of `schedulers.sigmas`: its ascending table, or its two ends."""
    require_range(ms)
    table = getattr(ms, "sigmas", None)
    if isinstance(table, Tensor) and table.ndim == 1 and len(table) > 1:
        table = at_most_one(table.detach().float().cpu(), ms)
        table = table.flip(0) if table[0] > table[-1] else table
        # Stable Cascade's ends are clamped: several of its levels are one.
        return {"model_sigmas": torch.unique_consecutive(table), "space": space(ms)}
    return {"sigma_min": float(ms.sigma_min), "sigma_max": float(ms.sigma_max), "space": space(ms)}


def sigma_at(ms: Any, percent: float) -> float:
    """The sigma at a percent of the run as the model counts it: its highest at 0, its lowest at 100."""
    low, high = float(ms.sigma_min), float(ms.sigma_max)
    return min(max(float(ms.percent_to_sigma(percent / 100)), low), high)


def shift(ms: Any) -> float:
    """A flow model's shift s, by where it puts the middle of its time: s / (1 + s); 1 for ranges of another kind."""
    middle = float(ms.percent_to_sigma(0.5))
    return middle / (1 - middle) if 0 < middle < 1 else 1.0


def shapes_of_streams(model: Any, x: Tensor) -> list[tuple[int, ...]]:
    """The shapes of one item of each stream in a latent x that the host has packed, picture first; else at most one."""
    shapes = getattr(network(model), "latent_shapes", None)
    if shapes is None:  # older hosts tell the network alone, with the prompt
        conds = [cond for link in links(model) for cond in (getattr(link, "conds", None) or {}).get("positive") or []]
        given = (cond.get("model_conds", {}).get("latent_shapes") for cond in conds if isinstance(cond, dict))
        shapes = next((getattr(each, "cond", None) for each in given if each is not None), None)
    items = [tuple(shape[1:]) for shape in shapes or ()]
    return items if sum(map(math.prod, items)) == x[:1].numel() == x.shape[-1] else []


def scale_of_sound(model: Any) -> float:
    """At how many times its size a model carries sound on the picture's levels (MiniMax H3: ratio of its shifts)."""
    its = network(model)
    return float(its.audio_scale()) if hasattr(its, "audio_scale") else 1.0


def range_of_pixels(model: Any) -> tuple[float, float] | None:
    """The lowest and the highest value of a picture where a model works on pixels; None where it does on latents."""
    form: Any = getattr(network(model), "latent_format", None)
    values = getattr(form, "sigmatic_range", None)
    if values is None and getattr(form, "latent_channels", 0) == 3 and getattr(form, "spacial_downscale_ratio", 1) == 1:
        return -1.0, 1.0  # 0.3.64 does not say the ratio; its one format of three channels is one of pixels
    return values


def at_most_one(sigmas: Tensor, ms: Any) -> Tensor:
    """Sigmas of a flow model without the rounding error that some shifts (16.94, say) leave: 1.0000001 is 1."""
    rounding = space(ms) == "flow" and len(sigmas) > 0 and 1.0 < float(sigmas.max()) < 1.0 + 1e-5
    return sigmas.clamp(max=1.0) if rounding else sigmas


def check_interrupt() -> None:
    """Raise the host's InterruptProcessingException if somebody has pressed Cancel."""
    comfy.model_management.throw_exception_if_processing_interrupted()


def show_progress_bar() -> bool:
    """Whether the host wants progress bars on its console."""
    return bool(comfy.utils.PROGRESS_BAR_ENABLED)
