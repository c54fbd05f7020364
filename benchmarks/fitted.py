"""Fitted schedules beside ready-made ones, on starting noise that the fit has not seen: a Markdown table.

Median over the pictures of the root-mean-square error to a run of 96 steps of arc, float64. `python
benchmarks/fitted.py` takes some minutes; --models mixture is done in one.
"""

from __future__ import annotations

import argparse

import inhost
import torch

sigmatic = inhost.load_sigmatic()


class Runs:
    """Runs of one model from `count` starting noises."""

    def __init__(self, model: str, space: str, count: int, seed: int, cfg: float) -> None:
        from sigmatic.demo import digits, mixture

        exact = mixture.Mixture(shape=(1, 32, 32), seed=0)
        labels = [i % 10 for i in range(count)]
        network = digits.denoiser(labels, space=space, cfg=cfg) if model == "digits" else exact.denoiser(space)
        self.model, self.space = network, space
        generator = torch.Generator().manual_seed(seed)
        self.noise = torch.randn((count, 1, 32, 32), generator=generator, dtype=torch.float64)
        course = sigmatic.schedulers.sigmas("arc", 96, space=space, sigma_min=1e-4)
        self.goal = self.run("arc", course, torch.float64)

    def run(self, solver: str, sigmas: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Where the solver ends."""
        x = (self.noise * float(sigmas[0])).to(dtype)
        return sigmatic.samplers.sample(solver, self.model, x, sigmas, space=self.space, disable=True)

    def error(self, solver: str, sigmas: torch.Tensor) -> float:
        """The median error."""
        return (self.run(solver, sigmas).double() - self.goal).flatten(1).square().mean(1).sqrt().median().item()


def main() -> None:
    """Print one row for every model, space, solver and step count."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", nargs="+", default=["digits", "mixture"], choices=("digits", "mixture"))
    parser.add_argument("--steps", nargs="+", type=int, default=[6, 8, 10, 15])
    parser.add_argument("--solvers", nargs="+", default=["euler", "dpmpp_2m"])
    parser.add_argument("--cfg", type=float, default=1.0)
    parser.add_argument("--latents", type=int, default=8, help="pictures the fit sees")
    parser.add_argument("--unseen", type=int, default=32, help="pictures it is judged by")
    parser.add_argument("--budget", type=int, default=45, help="model evaluations of a fit, times steps")
    args = parser.parse_args()
    from sigmatic.core.schedule import fit as fitting

    print("| model | space | solver | steps | fitted | karras | normal | simple | best ready-made |", flush=True)
    print("|---" * 9 + "|")
    for model in args.models:
        for space in ("ve", "flow"):
            known, unseen = (Runs(model, space, n, seed, args.cfg) for n, seed in ((args.latents, 1), (args.unseen, 2)))
            for solver in args.solvers:
                for steps in args.steps:
                    ready = {name: sigmatic.schedulers.sigmas(name, steps, space=space) for name in fitting.STARTS}
                    fitted = fitting.fit(
                        lambda sigmas, runs=known, solver=solver: runs.run(solver, sigmas),
                        known.goal,
                        {name: sigmas.tolist() for name, sigmas in ready.items()},
                        sigmatic.schedulers.span(space=space),
                        budget=args.budget * steps,
                    )
                    ours = unseen.error(solver, torch.tensor(fitted.sigmas))
                    errors = {name: unseen.error(solver, sigmas) for name, sigmas in ready.items()}
                    best = min(errors, key=errors.__getitem__)
                    shown = [f"{errors[name]:.4f}" for name in ("karras", "normal", "simple")]
                    row = [model, space, solver, str(steps), f"{ours:.4f}", *shown, f"{errors[best]:.4f} ({best})"]
                    print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
