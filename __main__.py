"""``python -m sigmatic``: the command line."""

from .demo.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
