"""The demo nodes on a stand-in host: prompts by name, and a network that draws what they ask for."""

import pytest
import torch

from sigmatic.demo import digits, tiles

KINDS = ("eps", "v", "flow")


@pytest.mark.parametrize("digit", ["37", "x", "-1", "½"])
def test_a_prompt_that_is_no_digit_is_refused(pack, digit):
    with pytest.raises(ValueError, match=r"digit is .*0 to 9"):
        pack.run("SigmaticDemoPrompt", digit=digit)
    assert "digit is" in pack.nodes["SigmaticDemoPrompt"].validate_inputs(digit=digit)


def test_prompts(pack):
    assert pack.run("SigmaticDemoPrompt", digit=" 3 ")[0][0].nonzero().tolist() == [[0, 0, 3]]
    assert not pack.run("SigmaticDemoPrompt", digit="")[0][0].any()
    assert pack.nodes["SigmaticDemoPrompt"].validate_inputs(digit=None) is True
    places = [pack.run("SigmaticDemoPrompt", digit=kind.title())[0][0].argmax() for kind in tiles.KINDS]
    assert [int(place) - 10 for place in places] == list(range(tiles.CLASSES)), "after the ten digits, in their order"


@pytest.mark.parametrize("name, asked", [("digits", "3"), ("tiles", "potion"), ("tiles", ""), ("digits", "")])
def test_a_network_hears_what_it_is_asked_for(pack, name, asked):
    module = {"digits": digits, "tiles": tiles}[name]
    patcher, sigma = pack.run("SigmaticDemoModel", model=name), torch.tensor([2.0])
    x = torch.randn(1, module.MODEL.colours, 32, 32)
    context = pack.run("SigmaticDemoPrompt", digit=asked)[0][0]
    with torch.no_grad():
        got = patcher.model.apply_model(x, sigma, context, {"sigmas": sigma})
    label = None if not asked else int(asked) if name == "digits" else asked
    torch.testing.assert_close(got, module.denoiser(label)(x, sigma), atol=1e-4, rtol=0)


@pytest.mark.parametrize("name, asked", [("digits", "potion"), ("tiles", "3")])
def test_what_a_network_does_not_draw_is_refused(pack, name, asked):
    prompt = pack.run("SigmaticDemoPrompt", digit=asked)
    model = pack.run("SigmaticDemoModel", model=name)
    with pytest.raises(ValueError, match=rf"positive.*{name} is asked for {asked}; it draws "):
        pack.line(model=model, positive=prompt, steps=1)


@pytest.mark.parametrize("kind", KINDS)
def test_tiles_are_painted_in_colour(pack, kind):
    """From the empty latent of one channel to pictures that the classifier knows; the preview is those pictures."""
    model = pack.run("SigmaticDemoModel", model="tiles", parametrisation=kind)
    prompt = pack.run("SigmaticDemoPrompt", digit="grass")
    widgets = {"sampler": "sig_dpmpp_2m", "schedule": "sig_simple", "steps": 10, "cfg": 2.0}
    samples = pack.line(kind, model=model, positive=prompt, **widgets)
    assert samples.shape == (2, 3, 32, 32)
    assert [tiles.KINDS[k] for k in tiles.classify(samples)] == ["grass", "grass"]
    image = pack.run("SigmaticDemoDecode", samples={"samples": samples}, zoom=1)
    red, green, blue = image.flatten(0, -2).mean(0)
    assert blue < min(red, green) - 0.1, "fresh or dry"
    for one, painted in zip(image, tiles.to_images(samples), strict=True):
        assert torch.equal((one * 255).round().byte(), torch.from_numpy(painted))
    shown = pack.part("measuring.sheet").decoder(model, None)(samples).clamp(0, 1)
    torch.testing.assert_close(shown, image)


def test_decode_paints_squares(pack):
    samples = torch.tensor([[[[-1.0, 1.0], [0.0, 9.0]]]])
    image = pack.run("SigmaticDemoDecode", samples={"samples": samples}, zoom=2)
    assert image.shape == (1, 4, 4, 3)
    assert image[0, :, :, 1].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [0.5, 0.5, 1, 1], [0.5, 0.5, 1, 1]]
    with pytest.raises(ValueError, match="VAE Decode"):
        pack.run("SigmaticDemoDecode", samples={"samples": torch.zeros(1, 4, 8, 8)})


def test_wrong_latents_and_conditioning_are_named(pack):
    with pytest.raises(ValueError, match=r"latent_image.*1 x 32 x 32.*1 x 8 x 8"):
        pack.line(latent_image={"samples": torch.zeros(1, 1, 8, 8)})
    with pytest.raises(ValueError, match=r"positive.*Sigmatic Demo Prompt"):
        text = [[torch.zeros(1, 77, 768), {}]]
        pack.line(positive=text, negative=text)


@pytest.mark.parametrize("name", ["digits", "tiles"])
def test_missing_weights_are_an_error_that_says_what_to_do(pack, monkeypatch, name):
    def load():
        raise RuntimeError(f"{name}.safetensors is missing")

    monkeypatch.setattr(pack.part("host.demo_model").NETWORKS[name], "load", load)
    with pytest.raises(RuntimeError, match=rf"model: .*{name}\.safetensors.*mixture"):
        pack.run("SigmaticDemoModel", model=name)
