"""The command line: ``python -m sigmatic``. Bad input is one line on stderr and exit code 2, never a traceback.

Each command lives in a room of its own with `add_arguments(parser, command)` and `execute(args, command)`; it is loaded
(and torch with it) only when it is called for. SIGMATIC_TRACEBACK=1 shows where an error came from.
"""

from __future__ import annotations

import argparse
import difflib
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import NoReturn

from .. import __version__

COMMANDS = {
    "demo": ("demo.pictures", "draw a contact sheet: samplers down, step counts across, one seed"),
    "demo story": ("demo.story", "draw how diffusion comes to be: no training, one picture by heart, ten digits"),
    "demo trajectory": ("demo.trajectory", "draw a cloud of points on its way through a run, as a strip and as a GIF"),
    "demo kinds": ("demo.kinds", "draw the same digits from one network as an eps, a v and a flow model"),
    "sample": ("demo.pictures", "draw one picture, with every parameter as a flag"),
    "fit": ("demo.profile", "fit a model's profile: the levels of noise that suit it at any number of steps"),
    "samplers": ("demo.listing", "list the samplers: order, evaluations a step, parameters"),
    "schedules": ("demo.listing", "list the noise schedules and their parameters"),
    "recipes": ("demo.recipes", "list how each model wants to be run, show one, check your own"),
    "bench": ("demo.cost", "measure what each sampler costs beside the model, on this machine"),
    "sweep": ("sweeps.command", "run a grid of samplers, schedules, steps ... on all cores, GPUs or ComfyUI servers"),
    "doctor": ("nodes.host.doctor", "say whether a ComfyUI has what Sigmatic needs of it"),
}
"""Each command's module, from the package's top: loaded when it is called for, so nothing here depends on its room."""
PACKAGES = {name: name for name in ("torch", "numpy", "safetensors", "tqdm", "ray", "pyarrow")} | {"PIL": "pillow"}
BAD_INPUT, INTERRUPTED = 2, 130
PROGRAM = "python -m sigmatic"


class Parser(argparse.ArgumentParser):
    """argparse with errors of one line."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
        self.exit(BAD_INPUT, f"{self.prog}: {' '.join(message.split())} (--help lists what there is)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 2 for bad input, 130 if interrupted."""
    given = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file may have a name that the terminal cannot write
    try:
        _run(given)
        sys.stdout.flush()
        return 0
    except SystemExit as leaving:  # argparse's way, after --help, --version and its own errors
        return leaving.code if isinstance(leaving.code, int) else BAD_INPUT
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has seen enough; keep Python from complaining about it when it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ImportError as error:
        if (error.name or "").endswith(".sweeps"):
            return _fail('sweeps are not in the packed node: pip install "sigmatic[sweep]" outside of ComfyUI')
        package = PACKAGES.get((error.name or "").split(".")[0])
        return _fail(f"this command needs {package}: pip install {package}" if package else str(error))
    except (ValueError, TypeError, RuntimeError, OSError, ArithmeticError) as error:
        return _fail(str(error) or type(error).__name__)


def _fail(message: str, code: int = BAD_INPUT) -> int:
    if os.environ.get("SIGMATIC_TRACEBACK"):
        traceback.print_exc()
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
    return code


def _run(given: list[str]) -> None:
    if not given or given[0] not in COMMANDS:
        _outside(given)
        return
    words = 2 if " ".join(given[:2]) in COMMANDS else 1
    command, rest = " ".join(given[:words]), given[words:]
    module_name, summary = COMMANDS[command]
    with _deferred_interrupt():
        module = import_module(f"..{module_name}", __package__)
    parser = Parser(
        prog=f"{PROGRAM} {command}", description=summary[0].upper() + summary[1:] + ".", allow_abbrev=False,
        conflict_handler="resolve",  # a command may have a --help of its own
    )  # fmt: skip
    module.add_arguments(parser, command)
    module.execute(_parse(parser, rest, command), command)


@contextmanager
def _deferred_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back to the end of the block: while torch is being imported, it would be lost or break torch."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers, and only it gets the interrupt
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
    if pressed:
        raise KeyboardInterrupt


def _parse(parser: Parser, rest: list[str], command: str) -> argparse.Namespace:
    args, unknown = parser.parse_known_args(rest)
    if unknown:
        flags = [name for action in parser._actions for name in action.option_strings]
        flags += [name.removeprefix(f"{command} ") for name in COMMANDS if name.startswith(f"{command} ")]
        near = difflib.get_close_matches(unknown[0].split("=")[0], flags, n=3)
        parser.error(f"unknown argument {unknown[0]}" + (f": did you mean {', '.join(near)}?" if near else ""))
    return args


def _outside(given: list[str]) -> None:
    """No command: help, version, or an error that names the nearest command."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {summary}" for name, (_, summary) in COMMANDS.items()]
    parser = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} [-h] [--version] COMMAND ...",
        description="Sigmatic: diffusion samplers and noise schedules.",
        epilog="commands (each has its own --help):\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sigmatic {__version__}")
    _, unknown = parser.parse_known_args(given)
    if not unknown:
        parser.print_help()
        return
    near = difflib.get_close_matches(unknown[0], COMMANDS, n=2, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(COMMANDS)}."
    parser.error(f"unknown command {unknown[0]!r}: {hint}")
