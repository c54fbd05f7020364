"""Recipes' levels as diffusers makes them: its schedulers with the published settings, its pipelines' own functions.

A pipeline's file imports its text encoders' library; the functions wanted here do not need it, so they are taken out of
the file. What a pipeline does between them (which sizes it rounds, what it passes on) is written down once each.
"""

import ast
import importlib.util
import inspect
import math
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

WANTED = (
    "calculate_shift", "compute_empirical_mu", "retrieve_timesteps", "get_default_z_image_sigmas",
    "linear_quadratic_schedule", "logsnr_sigma_schedule", "_logit_normal_sigmas", "_resolution_aware_mu",
)  # fmt: skip


@lru_cache
def pipeline(file):
    """The functions at the top of a file in diffusers/pipelines, as a dictionary."""
    root = Path(importlib.util.find_spec("diffusers").submodule_search_locations[0])
    tree = ast.parse((root / "pipelines" / f"{file}.py").read_text(encoding="utf-8"))
    kept = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in WANTED]
    for node in kept:
        node.returns = None
        for argument in (*node.args.args, *node.args.kwonlyargs):
            argument.annotation = None
    found = {"np": np, "torch": torch, "math": math, "inspect": inspect}
    exec(compile(ast.Module(kept, []), file, "exec"), found)  # noqa: S102 - diffusers' own code, as an import runs it
    return found


def scheduler(name, **config):
    """A scheduler of diffusers with this configuration."""
    return getattr(importlib.import_module("diffusers"), name)(**config)


def flow_match(**config):
    """FlowMatchEulerDiscreteScheduler."""
    return scheduler("FlowMatchEulerDiscreteScheduler", **config)


def even(steps):
    """The levels that pipelines hand to a flow scheduler."""
    return np.linspace(1.0, 1 / steps, steps)


def packed(width, height, pixels=16):
    """The tokens of a picture, as pipelines round it."""
    return (width // pixels) * (height // pixels)


def by_tokens(file, defaults=(256, 4096, 0.5, 1.15), pixels=16, **config):
    """A pipeline that shifts by the tokens of the picture: calculate_shift, then the scheduler."""

    def levels(steps, width, height, frames):
        flow = flow_match(use_dynamic_shifting=True, **config)
        names = ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift")
        ends = [config.get(name, default) for name, default in zip(names, defaults, strict=True)]
        mu = pipeline(file)["calculate_shift"](packed(width, height, pixels), *ends)
        pipeline(file)["retrieve_timesteps"](flow, steps, "cpu", sigmas=even(steps), mu=mu)
        return flow.sigmas

    return levels


def ltx(steps, width, height, frames):
    """LTX-Video's and LTX-2's pipelines: tokens of 32 x 32 pixels and 8 frames, the end stretched to .1.

    The scheduler's two methods by themselves, in float64: set_timesteps rounds to float32 before it stretches, and
    with many tokens, where all levels are near 1, the stretch makes 1.3e-6 of that.
    """
    config = {"base_image_seq_len": 1024, "max_image_seq_len": 4096, "base_shift": 0.95, "max_shift": 2.05}
    flow = flow_match(use_dynamic_shifting=True, shift_terminal=0.1, **config)
    tokens = ((frames - 1) // 8 + 1) * (height // 32) * (width // 32)
    mu = pipeline("ltx/pipeline_ltx")["calculate_shift"](tokens, *config.values())
    return np.append(flow.stretch_shift_to_terminal(flow.time_shift(mu, 1.0, even(steps))), 0.0)


def flux2(file):
    """Flux.2's pipelines: compute_empirical_mu."""

    def levels(steps, width, height, frames):
        flow = flow_match(use_dynamic_shifting=True, shift=3.0)
        mu = pipeline(file)["compute_empirical_mu"](image_seq_len=packed(width, height), num_steps=steps)
        pipeline(file)["retrieve_timesteps"](flow, steps, "cpu", sigmas=even(steps), mu=mu)
        return flow.sigmas

    return levels


def layered(steps, width, height, frames):
    """Qwen-Image-Layered's pipeline: mu is the root of how much larger than 256 x 256 the picture is."""
    flow = flow_match(use_dynamic_shifting=True, shift_terminal=None)
    mu = (packed(width, height) / (256 * 256 / 16 / 16)) ** 0.5
    flow.set_timesteps(sigmas=np.linspace(1.0, 0, steps + 1)[:-1], mu=mu)
    return flow.sigmas


def shifted(shift):
    """A pipeline that hands its own even levels to a scheduler with a fixed shift."""

    def levels(steps, width, height, frames):
        flow = flow_match(shift=shift)
        flow.set_timesteps(sigmas=even(steps))
        return flow.sigmas

    return levels


def exponential(mu, **config):
    """A pipeline with dynamic shifting and a fixed mu."""

    def levels(steps, width, height, frames):
        flow = flow_match(use_dynamic_shifting=True, **config)
        flow.set_timesteps(sigmas=even(steps), mu=mu)
        return flow.sigmas

    return levels


def own_grid(shift):
    """A pipeline that leaves the grid to the scheduler: from its noisiest to its cleanest level, shifted once more."""

    def levels(steps, width, height, frames):
        flow = flow_match(shift=shift)
        flow.set_timesteps(steps)
        return flow.sigmas

    return levels


def uni_pc(shift):
    """Wan's and HiDream's: UniPC on flow levels."""

    def levels(steps, width, height, frames):
        solver = scheduler(
            "UniPCMultistepScheduler", prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift
        )
        solver.set_timesteps(steps)
        return solver.sigmas

    return levels


def z_image(steps, width, height, frames):
    """Z-Image's pipeline: its own even levels, shift 3."""
    flow = flow_match(shift=3.0)
    own = pipeline("z_image/pipeline_z_image")
    own["retrieve_timesteps"](flow, steps, "cpu", sigmas=own["get_default_z_image_sigmas"](steps))
    return flow.sigmas


def ace_step(steps, width, height, frames):
    """ACE-Step 1.5's pipeline: its own shift of 3 over even levels, handed to a scheduler without one."""
    t = np.linspace(1.0, 0.0, steps + 1)[:-1]
    flow = flow_match(num_train_timesteps=1, shift=1.0)
    flow.set_timesteps(sigmas=(3 * t / (1 + 2 * t)).tolist())
    return flow.sigmas


def mochi(steps, width, height, frames):
    """Mochi's pipeline: linear_quadratic_schedule; its scheduler counts downwards (invert_sigmas)."""
    flow = flow_match(invert_sigmas=True)
    flow.set_timesteps(sigmas=np.array(pipeline("mochi/pipeline_mochi")["linear_quadratic_schedule"](steps, 0.025)))
    return 1 - flow.sigmas


def ideogram(steps, width, height, frames):
    """Ideogram 4's pipeline: _logit_normal_sigmas with _resolution_aware_mu."""
    own = pipeline("ideogram4/pipeline_ideogram4")
    flow = flow_match()
    mu = own["_resolution_aware_mu"](height=height, width=width, base_mu=0.0)
    flow.set_timesteps(sigmas=own["_logit_normal_sigmas"](steps, mu, std=1.5).tolist())
    return flow.sigmas


def stable_audio3(steps, width, height, frames):
    """Stable Audio 3's pipeline: logsnr_sigma_schedule."""
    own = pipeline("stable_audio_3/pipeline_stable_audio_3")
    flow = flow_match()
    flow.set_timesteps(sigmas=own["logsnr_sigma_schedule"](steps, *STABLE_AUDIO3))
    return flow.sigmas


STABLE_AUDIO3 = (-6.2, 2.0)  # logsnr_min, logsnr_max of the released models


def minimax(steps, width, height, frames):
    """MiniMax H3's scheduler: the closing 0 is one of the steps that it is asked for."""
    solver = importlib.import_module("diffusers.schedulers.scheduling_minimax_h3").MiniMaxH3Scheduler(shift=12.0)
    solver.set_timesteps(steps + 1)
    return solver.sigmas


def cosmos_predict2(steps, width, height, frames):
    """Cosmos Predict2's pipeline: Karras levels of a flow scheduler, as noise to signal, to the last of them."""
    flow = flow_match(use_karras_sigmas=True)
    flow.register_to_config(sigma_min=0.002, sigma_max=80.0, sigma_data=1.0, final_sigmas_type="sigma_min")
    flow.set_timesteps(sigmas=torch.linspace(0, 1, steps, dtype=torch.float64))
    return flow.sigmas


def discrete(name, **config):
    """A scheduler on a table of betas, by its timesteps: sqrt((1 - alphas_cumprod) / alphas_cumprod) of each."""

    def levels(steps, width, height, frames):
        solver = scheduler(name, **config)
        solver.set_timesteps(steps)
        kept = solver.alphas_cumprod.double()[solver.timesteps.long()]
        return torch.cat([((1 - kept) / kept).sqrt(), torch.zeros(1, dtype=torch.float64)])

    return levels


def sigmas_of(name, **config):
    """A scheduler that keeps its levels as sigmas."""

    def levels(steps, width, height, frames):
        solver = scheduler(name, **config)
        solver.set_timesteps(steps)
        return solver.sigmas

    return levels


SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
LEADING = {"timestep_spacing": "leading", "steps_offset": 1}
QWEN = {"max_image_seq_len": 8192, "max_shift": 0.9, "shift_terminal": 0.02}
KARRAS = {"sigma_min": 0.002, "use_karras_sigmas": True, "interpolation_type": "linear"}
FLUX = by_tokens("flux/pipeline_flux", shift=3.0)
ORACLES = {
    **dict.fromkeys(("flux_dev", "flux_krea", "flux_fill", "flux_kontext", "flux_control"), FLUX),
    "chroma": by_tokens("chroma/pipeline_chroma", shift=3.0),
    "longcat_image": by_tokens("longcat_image/pipeline_longcat_image"),
    "ovis_image": by_tokens("ovis_image/pipeline_ovis_image"),
    "krea2": by_tokens("krea2/pipeline_krea2", (256, 6400, 0.5, 1.15), max_image_seq_len=6400),
    "krea2_turbo": exponential(1.15),
    "flux2_dev": flux2("flux2/pipeline_flux2"),
    **dict.fromkeys(("flux2_klein", "flux2_klein_base"), flux2("flux2/pipeline_flux2_klein")),
    **dict.fromkeys(
        ("qwen_image", "qwen_image_2512", "qwen_image_edit", "qwen_image_edit_2509"),
        by_tokens("qwenimage/pipeline_qwenimage", **QWEN),
    ),
    "qwen_image_21": by_tokens("qwenimage21/pipeline_qwenimage21", **QWEN),
    "qwen_image_layered": layered,
    **dict.fromkeys(
        ("qwen_image_lightning_4", "qwen_image_lightning_8", "qwen_image_2step"),
        exponential(math.log(3), base_shift=math.log(3), max_shift=math.log(3), shift_terminal=None),
    ),
    **dict.fromkeys(("sd3", "sd3_5_large", "sd3_5_medium", "sd3_5_turbo"), own_grid(3.0)),
    "auraflow": own_grid(1.73),
    "hidream_dev": own_grid(6.0),
    **dict.fromkeys(("hidream_e1", "hidream_fast", "hidream_o1", "hidream_o1_dev"), own_grid(3.0)),
    "joy_image": own_grid(1.5),
    "kandinsky5": own_grid(5.0),
    "kandinsky5_image": own_grid(3.0),
    **dict.fromkeys(("z_image", "z_image_turbo"), z_image),
    "flux_schnell": shifted(1.0),
    "lumina2": shifted(6.0),
    **dict.fromkeys(("ernie_image", "ernie_image_turbo"), shifted(3.0)),
    "hunyuan_video": shifted(7.0),
    "hunyuan_image21": shifted(5.0),
    "hunyuan_video15": shifted(9.0),
    "hunyuan_video15_480p": shifted(5.0),
    "hunyuan_video15_i2v": shifted(7.0),
    "ace_step15": ace_step,
    "ace_step15_turbo": ace_step,
    "minimax_h3": minimax,
    "mochi": mochi,
    "ideogram4": ideogram,
    "stable_audio3": stable_audio3,
    **dict.fromkeys(("ltxv", "ltx2"), ltx),
    "hidream_full": uni_pc(3.0),
    **dict.fromkeys(("wan21", "wan22_5b", "wan22_i2v"), uni_pc(5.0)),
    "wan21_1_3b": uni_pc(8.0),
    "wan21_480p": uni_pc(3.0),
    "wan21_flf2v": uni_pc(16.0),
    "wan22_s2v": uni_pc(3.0),
    "wan22_animate": uni_pc(5.0),
    "wan22_t2v": uni_pc(12.0),
    **dict.fromkeys(("sd1", "sd2", "sd2_v", "sdxl", "sdxl_refiner"), discrete("DDIMScheduler", **SD, **LEADING)),
    **dict.fromkeys(("sd1_lcm", "sdxl_lcm"), discrete("LCMScheduler", **SD)),
    "sdxl_tcd": discrete("TCDScheduler", **SD),
    **dict.fromkeys(("sd1_hyper", "sdxl_hyper"), discrete("DDIMScheduler", **SD, timestep_spacing="trailing")),
    "sdxl_lightning": discrete("EulerDiscreteScheduler", **SD, timestep_spacing="trailing"),
    "hunyuan_dit": discrete("DDPMScheduler", **{**SD, "beta_end": 0.018}, **LEADING),
    "hunyuan_dit_1": discrete("DDPMScheduler", **{**SD, "beta_end": 0.03}, **LEADING),
    "pixart": sigmas_of("DPMSolverMultistepScheduler", beta_start=0.0001, beta_end=0.02, beta_schedule="linear"),
    "svd": sigmas_of(
        "EulerDiscreteScheduler", **SD, **KARRAS, sigma_max=700.0, prediction_type="v_prediction",
        timestep_type="continuous", timestep_spacing="leading", steps_offset=1,
    ),
    "cosmos1": sigmas_of("EDMEulerScheduler", sigma_min=0.002, sigma_max=80.0, sigma_data=0.5),
    "cosmos_predict2": cosmos_predict2,
    "stable_audio": sigmas_of("CosineDPMSolverMultistepScheduler", sigma_min=0.3, sigma_max=500.0),
}  # fmt: skip
"""By recipe: (steps, width, height, frames) -> the levels, the last of them 0."""
