"""Every number that is drawn: kinds of noise, the Brownian path, keys. Nothing that knows of samplers enters."""
