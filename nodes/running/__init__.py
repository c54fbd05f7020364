"""One run on ComfyUI: our samplers and schedules as it calls them, and what is kept of a run. Uses `host`, `inputs`."""
