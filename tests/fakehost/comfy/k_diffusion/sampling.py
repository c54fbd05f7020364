"""Two samplers of the host's: one that takes eta and s_noise, one that does not."""

HEARD = {}  # what sample_euler_ancestral was told last


def sample_euler(model, x, sigmas, extra_args=None, callback=None, disable=None):
    """Euler."""
    for i in range(len(sigmas) - 1):
        denoised = model(x, sigmas[i] * x.new_ones(len(x)), **(extra_args or {}))
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = x + (x - denoised) / sigmas[i] * (sigmas[i + 1] - sigmas[i])
    return x


def sample_euler_ancestral(model, x, sigmas, extra_args=None, callback=None, disable=None, eta=1.0, s_noise=1.0):
    """Euler that remembers what it was told."""
    HEARD.update(eta=eta, s_noise=s_noise)
    return sample_euler(model, x, sigmas, extra_args, callback, disable)
