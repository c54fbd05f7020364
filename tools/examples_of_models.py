"""The example workflows for models that people have: each by its recipe. They run once the files are there."""

LIGHTHOUSE = "a lighthouse on a cliff at dusk, oil painting, soft light"
SHOWN = (500, 540)
RUN, FILES, PROMPT, OUT = "Run", "Files", "Prompt and size", "Picture"


def _files(flow, unet, clip, kind, vae):
    """The loaders: (model, clip, vae)."""
    model = flow.add(0, FILES, "UNETLoader", unet_name=unet)
    if isinstance(clip, tuple):
        text = flow.add(0, FILES, "DualCLIPLoader", clip_name1=clip[0], clip_name2=clip[1], type=kind)
    else:
        text = flow.add(0, FILES, "CLIPLoader", clip_name=clip, type=kind)
    return (model, 0), (text, 0), (flow.add(0, FILES, "VAELoader", vae_name=vae), 0)


def _prompts(flow, clip, positive=LIGHTHOUSE, negative="blurry, text, watermark"):
    """The encoded prompts; without a negative one where it is None."""
    said = [(flow.add(0, PROMPT, "CLIPTextEncode", "Positive", to={"clip": clip}, text=positive), 0)]
    if negative is not None:
        said.append((flow.add(0, PROMPT, "CLIPTextEncode", "Negative", to={"clip": clip}, text=negative), 0))
    return said


def _decoded(flow, latent, vae, save="SaveImage", **values):
    picture = flow.add(0, OUT, "VAEDecode", to={"samples": latent, "vae": vae})
    flow.add(0, OUT, save, box=SHOWN, to={"images": (picture, 0)}, filename_prefix=f"sigmatic/{flow.name}", **values)


def _by_ksampler(steps, cfg, empty, *files, one_file=""):
    """One Sigmatic KSampler on sig_auto."""

    def fill(flow):
        if one_file:
            loaded = flow.add(0, FILES, "CheckpointLoaderSimple", ckpt_name=one_file)
            model, clip, vae = (loaded, 0), (loaded, 1), (loaded, 2)
        else:
            model, clip, vae = _files(flow, *files)
        positive, negative = _prompts(flow, clip)
        latent = flow.add(0, PROMPT, empty)
        links = {"model": model, "positive": positive, "negative": negative, "latent_image": (latent, 0)}
        run = flow.add(0, RUN, "SigmaticKSampler", to=links, seed=(1, "randomize"), steps=steps, cfg=cfg)
        _decoded(flow, (run, 0), vae)

    return fill


def _by_recipe(guidance, empty, *files):
    """Sigmatic Recipe and ComfyUI's own custom sampling, for models with a guidance embedding."""

    def fill(flow):
        model, clip, vae = _files(flow, *files)
        (positive,) = _prompts(flow, clip, negative=None)
        guided = flow.add(0, PROMPT, "FluxGuidance", to={"conditioning": positive}, guidance=guidance)
        latent = flow.add(0, PROMPT, empty)
        recipe = flow.add(0, "Recipe", "SigmaticRecipe", to={"model": model, "latent_image": (latent, 0)})
        guider = flow.add(0, RUN, "BasicGuider", to={"model": (recipe, 0), "conditioning": (guided, 0)})
        noise = flow.add(0, RUN, "RandomNoise", noise_seed=(1, "randomize"))
        wires = {"noise": (noise, 0), "guider": (guider, 0), "sampler": (recipe, 1), "sigmas": (recipe, 2)}
        run = flow.add(0, RUN, "SamplerCustomAdvanced", to={**wires, "latent_image": (latent, 0)})
        _decoded(flow, (run, 0), vae)

    return fill


_WAN = "the camera moves slowly closer to a lighthouse on a cliff at dusk, waves"
_STILL = "still, blurry, text, overexposed"


def _wan(flow):
    """Both of Wan 2.2's models, prompts, an empty video: what either way begins with."""
    high, clip, vae = _files(flow, "wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors",
                             "umt5_xxl_fp8_e4m3fn_scaled.safetensors", "wan", "wan_2.1_vae.safetensors")  # fmt: skip
    low = flow.add(0, FILES, "UNETLoader", "Low noise", unet_name="wan2.2_t2v_low_noise_14B_fp8_scaled.safetensors")
    positive, negative = _prompts(flow, clip, _WAN, _STILL)
    empty = flow.add(0, PROMPT, "EmptyHunyuanLatentVideo")
    return high, (low, 0), {"positive": positive, "negative": negative, "latent_image": (empty, 0)}, vae


def _wan_experts(flow):
    high, low, links, vae = _wan(flow)
    run = flow.add(0, RUN, "SigmaticExpertsKSampler", to={"model": high, "model_low": low, **links},
                   seed=(1, "randomize"))  # fmt: skip
    _decoded(flow, (run, 0), vae, "SaveAnimatedWEBP")


def _wan_two_stages(flow):
    high, low, links, vae = _wan(flow)
    recipe = flow.add(0, "Recipe", "SigmaticRecipe", to={"model": high, "latent_image": links["latent_image"]})
    halves = flow.add(0, "Recipe", "SigmaticSplit", "The experts' boundary", to={"sigmas": (recipe, 2)}, by="sigma",
                      at=0.875)  # fmt: skip
    wires = {**links, "sampler": (recipe, 1)}
    first = flow.add(0, RUN, "SamplerCustom", "High noise", to={**wires, "model": (recipe, 0), "sigmas": (halves, 0)},
                     noise_seed=(1, "randomize"), cfg=4.0)  # fmt: skip
    rest = {**wires, "model": low, "sigmas": (halves, 1), "latent_image": (first, 0)}
    second = flow.add(0, RUN, "SamplerCustom", "Low noise", to=rest, add_noise=False, cfg=3.0)
    _decoded(flow, (second, 0), vae, "SaveAnimatedWEBP")


def _ltx(flow):
    loaded = flow.add(0, FILES, "CheckpointLoaderSimple", ckpt_name="ltx-video-2b-v0.9.5.safetensors")
    clip = flow.add(0, FILES, "CLIPLoader", clip_name="t5xxl_fp16.safetensors", type="ltxv")
    positive, negative = _prompts(flow, (clip, 0), _WAN, _STILL)
    timed = flow.add(0, PROMPT, "LTXVConditioning", to={"positive": positive, "negative": negative})
    empty = flow.add(0, PROMPT, "EmptyLTXVLatentVideo")
    links = {"model": (loaded, 0), "positive": (timed, 0), "negative": (timed, 1), "latent_image": (empty, 0)}
    run = flow.add(0, RUN, "SigmaticKSampler", to=links, seed=(1, "randomize"), steps=40, cfg=3.0)
    _decoded(flow, (run, 0), (loaded, 2), "SaveAnimatedWEBP", fps=25.0)


_QWEN = ("qwen_image_fp8_e4m3fn.safetensors", "qwen_2.5_vl_7b_fp8_scaled.safetensors", "qwen_image",
         "qwen_image_vae.safetensors")  # fmt: skip
MODELS = [
    ("SDXL", "SDXL",
     "For an SDXL checkpoint. sig_auto is the publisher's Euler; for fresh noise choose sig_dpmpp_2m_sde and drag eta.",
     _by_ksampler(30, 5.0, "EmptyLatentImage", one_file="sd_xl_base_1.0.safetensors")),
    ("Flux", "Flux.1 dev",
     "Sigmatic Recipe sets sampler, steps and amounts of noise for the size at hand: no ModelSamplingFlux is needed.",
     _by_recipe(3.5, "EmptySD3LatentImage", "flux1-dev.safetensors",
                ("clip_l.safetensors", "t5xxl_fp16.safetensors"), "flux", "ae.safetensors")),
    ("Flux 2", "Flux.2 dev",
     "Sigmatic Recipe knows Flux.2's own rule for the amounts of noise. Needs a ComfyUI that knows Flux.2.",
     _by_recipe(4.0, "EmptyFlux2LatentImage", "flux2_dev_fp8mixed.safetensors",
                "mistral_3_small_flux2_bf16.safetensors", "flux2", "flux2-vae.safetensors")),
    ("Qwen-Image", "Qwen-Image",
     "sig_auto is what the publisher has: Euler, levels by the size. With a Lightning LoRA set 4 or 8 steps and cfg 1.",
     _by_ksampler(30, 4.0, "EmptySD3LatentImage", *_QWEN)),
    ("Z-Image", "Z-Image Turbo",
     "8 steps, cfg 1, as it was distilled. For Z-Image base load its file and set 50 steps, cfg 4.",
     _by_ksampler(8, 1.0, "EmptySD3LatentImage", "z_image_turbo_bf16.safetensors", "qwen_3_4b.safetensors", "lumina2",
                  "ae.safetensors")),
    ("Wan", "Wan 2.2: one node for both models",
     "Steps, cfg and boundary 0 are the recipe's: 40 steps, cfg 4 and 3, model_low below 0.875. The plot shows where "
     "the models change. From a picture the boundary is 0.9.", _wan_experts),
    ("Wan in two stages", "Wan 2.2: in two stages",
     "The same run by hand: Sigmatic Split Sigmas cuts the schedule at the amount of noise where the second model "
     "takes over, whatever the steps and the shift.", _wan_two_stages),
    ("LTX-Video", "LTX-Video",
     "sig_auto takes the shift by the size and the frames: no LTXVScheduler is needed.", _ltx),
]  # fmt: skip
