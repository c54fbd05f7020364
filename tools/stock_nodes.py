"""Nodes of ComfyUI that the example workflows have; both hosts' real definitions are held against it in tests/host."""

from layout import of_words

CONDITIONED = "positive:CONDITIONING negative:CONDITIONING"
STOCK = {
    "Note": of_words("", "", text=""),
    "KSampler": of_words(
        f"model:MODEL {CONDITIONED} latent_image:LATENT", "LATENT",
        seed=0, steps=20, cfg=8.0, sampler_name="sig_auto", scheduler="sig_auto", denoise=1.0,
    ),
    "SamplerCustom": of_words(
        f"model:MODEL {CONDITIONED} sampler:SAMPLER sigmas:SIGMAS latent_image:LATENT", "LATENT LATENT",
        add_noise=True, noise_seed=0, cfg=8.0,
    ),
    "SamplerCustomAdvanced": of_words(
        "noise:NOISE guider:GUIDER sampler:SAMPLER sigmas:SIGMAS latent_image:LATENT", "LATENT LATENT"
    ),
    "BasicGuider": of_words("model:MODEL conditioning:CONDITIONING", "GUIDER"),
    "RandomNoise": of_words("", "NOISE", noise_seed=0),
    "CheckpointLoaderSimple": of_words("", "MODEL CLIP VAE", ckpt_name=""),
    "UNETLoader": of_words("", "MODEL", unet_name="", weight_dtype="default"),
    "CLIPLoader": of_words("", "CLIP", clip_name="", type="wan", device="default"),
    "DualCLIPLoader": of_words("", "CLIP", clip_name1="", clip_name2="", type="flux", device="default"),
    "VAELoader": of_words("", "VAE", vae_name=""),
    "CLIPTextEncode": of_words("clip:CLIP", "CONDITIONING", text=""),
    "FluxGuidance": of_words("conditioning:CONDITIONING", "CONDITIONING", guidance=3.5),
    "LTXVConditioning": of_words(CONDITIONED, "CONDITIONING CONDITIONING", frame_rate=25.0),
    "EmptyLatentImage": of_words("", "LATENT", width=1024, height=1024, batch_size=1),
    "EmptySD3LatentImage": of_words("", "LATENT", width=1024, height=1024, batch_size=1),
    "EmptyFlux2LatentImage": of_words("", "LATENT", width=1024, height=1024, batch_size=1),
    "EmptyHunyuanLatentVideo": of_words("", "LATENT", width=832, height=480, length=81, batch_size=1),
    "EmptyLTXVLatentVideo": of_words("", "LATENT", width=768, height=512, length=97, batch_size=1),
    "VAEDecode": of_words("samples:LATENT vae:VAE", "IMAGE"),
    "PreviewImage": of_words("images:IMAGE", ""),
    "SaveImage": of_words("images:IMAGE", "", filename_prefix="sigmatic/picture"),
    "SaveAnimatedWEBP": of_words(
        "images:IMAGE", "", filename_prefix="sigmatic/video", fps=16.0, lossless=False, quality=85, method="default"
    ),
    "SolidMask": of_words("", "MASK", value=1.0, width=32, height=32),
    "MaskComposite": of_words("destination:MASK source:MASK", "MASK", x=0, y=0, operation="add"),
    "SetLatentNoiseMask": of_words("samples:LATENT mask:MASK", "LATENT"),
    "LatentFromBatch": of_words("samples:LATENT", "LATENT", batch_index=0, length=1),
}  # fmt: skip
