"""Stands for packs that copied ComfyUI's lists of names when they were loaded, in all the ways that there are."""

from typing import ClassVar

import comfy.samplers

SCHEDULES = ["theirs_first", *comfy.samplers.KSampler.SCHEDULERS, "theirs_last"]
SAMPLERS = list(comfy.samplers.KSampler.SAMPLERS)


class Copied:
    """A node whose lists are copies in its module."""

    RETURN_TYPES, FUNCTION, CATEGORY = (), "run", "test"

    @classmethod
    def INPUT_TYPES(cls):
        """Names to choose from."""
        return {"required": {"scheduler": (cls.schedules(),), "sampler": (SAMPLERS,)}}

    @classmethod
    def schedules(cls):
        """Those of the module."""
        return SCHEDULES

    def run(self, **_):
        """Nothing."""
        return ()


class InClass(Copied):
    """A copy in the class."""

    NAMES: ClassVar = list(comfy.samplers.KSampler.SCHEDULERS)
    schedules = classmethod(lambda cls: cls.NAMES)


class PerCall(Copied):
    """A copy for each call, of ComfyUI's own list."""

    schedules = classmethod(lambda cls: ["theirs", *comfy.samplers.KSampler.SCHEDULERS])


class Frozen(Copied):
    """A tuple, which nobody can append to."""

    NAMES = tuple(comfy.samplers.KSampler.SCHEDULERS)
    schedules = classmethod(lambda cls: cls.NAMES)


class Few(Copied):
    """A choice of their own, no copy."""

    NAMES = ("simple", "normal")
    schedules = classmethod(lambda cls: list(cls.NAMES))


class Broken(Copied):
    """Fails when it is asked."""

    @classmethod
    def schedules(cls):
        """Fails."""
        raise RuntimeError("no lists today")


NODE_CLASS_MAPPINGS = {kind.__name__: kind for kind in (Copied, InClass, PerCall, Frozen, Few, Broken)}
