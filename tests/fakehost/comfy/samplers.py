"""Lists of names, SAMPLER objects, and how one is run."""

from collections import namedtuple

import torch

from .k_diffusion import sampling

SchedulerHandler = namedtuple("SchedulerHandler", "handler use_ms", defaults=(True,))


def _simple(ms, steps):
    picked = [float(ms.sigmas[-1 - int(i * len(ms.sigmas) / steps)]) for i in range(steps)]
    return torch.tensor([*picked, 0.0])


SAMPLER_NAMES = ["euler", "euler_ancestral", "dpm_2"]
SCHEDULER_HANDLERS = {"simple": SchedulerHandler(_simple)}
SCHEDULER_NAMES = list(SCHEDULER_HANDLERS)


class KSampler:
    """The lists again, under the name by which other packs know them."""

    SAMPLERS = SAMPLER_NAMES
    SCHEDULERS = SCHEDULER_NAMES
    DISCARD_PENULTIMATE_SIGMA_SAMPLERS = frozenset({"dpm_2"})


def calculate_sigmas(ms, name, steps):
    """The levels of a schedule by its name."""
    return SCHEDULER_HANDLERS[name].handler(ms, steps)


class KSAMPLER:
    """A sampler function with its options."""

    def __init__(self, sampler_function, extra_options={}, inpaint_options={}):  # noqa: B006 - as the host's are
        self.sampler_function = sampler_function
        self.extra_options, self.inpaint_options = extra_options, inpaint_options


def sampler_object(name):
    """The SAMPLER of a name."""
    return KSAMPLER(getattr(sampling, "sample_" + {"dpm_2": "euler"}.get(name, name)))


class Guider:
    """What a sampler function is handed wraps this."""

    def __init__(self, model, cfg, positive, negative):
        self.model_patcher, self.inner_model, self.cfg = model, model.model, cfg
        self.conds = {"positive": positive, "negative": negative}

    def __call__(self, x, sigma, model_options=None, **_):
        options = {**model_options["transformer_options"], "sigmas": sigma}
        negative = (
            None if self.cfg == 1 and not model_options.get("disable_cfg1_optimization") else self.conds["negative"]
        )
        asked = [self.conds["positive"], *([negative] if negative else [])]
        contexts = torch.cat([cond[0][0].expand(len(x), -1, -1) for cond in asked])
        repeated = x.repeat(len(asked), *[1] * (x.ndim - 1)), sigma.repeat(len(asked)), contexts
        both = self.inner_model.apply_model(*repeated, options).chunk(len(asked))
        yes, no = both if negative else (both[0], torch.zeros_like(x))
        denoised = no + (yes - no) * self.cfg
        for function in model_options.get("sampler_post_cfg_function", []):
            denoised = function({
                "denoised": denoised, "uncond_denoised": no, "cond_denoised": yes, "cond_scale": self.cfg, "input": x,
                "sigma": sigma, "uncond": negative, "model_options": model_options,
            })  # fmt: skip
        return denoised


class Wrapped:
    """The model as sampler functions get it."""

    def __init__(self, guider):
        self.inner_model = guider

    def __call__(self, x, sigma, denoise_mask=None, **options):
        return self.inner_model(x, sigma, **options)


def run(model, noise, cfg, sampler, sigmas, positive, negative, latent_image, callback=None, seed=None, **_):
    """Noise the latent, run the function, undo the scaling."""
    ms, steps = model.get_model_object("model_sampling"), len(sigmas) - 1
    extra = {"model_options": model.model_options, "seed": seed, "denoise_mask": None}

    def report(step):
        if callback:
            callback(step["i"], step["denoised"], step["x"], steps)

    wrapped = Wrapped(Guider(model, cfg, positive, negative))
    x = ms.noise_scaling(sigmas[0], noise, latent_image)
    options = {"extra_args": extra, "callback": report, "disable": True, **sampler.extra_options}
    with torch.inference_mode():
        x = sampler.sampler_function(wrapped, x, sigmas, **options)
    return ms.inverse_noise_scaling(sigmas[-1], x)
