"""Stands in for the host's: functions around a network's forward. Nothing puts any there."""


class WrappersMP:
    DIFFUSION_MODEL = "diffusion_model"


def get_all_wrappers(kind, options, is_model_options=False):
    return [one for keyed in options.get("wrappers", {}).get(kind, {}).values() for one in keyed]


class WrapperExecutor:
    def __init__(self, original, wrappers):
        self.original, self.wrappers = original, wrappers

    @classmethod
    def new_class_executor(cls, original, class_obj, wrappers):
        return cls(original, wrappers)

    def execute(self, *args, **kwargs):
        if not self.wrappers:
            return self.original(*args, **kwargs)
        return self.wrappers[0](WrapperExecutor(self.original, self.wrappers[1:]).execute, *args, **kwargs)
