"""What a denoiser may be: networks of other habits, guidance, the original DDPM's levels, a run kept whole."""
