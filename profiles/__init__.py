"""Profiles: how one model wants to be run at any number of steps, measured on it once, and the files they are kept in.

Samplers, schedules and core only: a profile knows no network and no host.
"""

from .fitting import BUDGET, LEAST, fit
from .profile import Profile, load

__all__ = ["BUDGET", "LEAST", "Profile", "fit", "load"]
