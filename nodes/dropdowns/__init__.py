"""Names in ComfyUI's lists: ours, presets, and what is behind any of them. Uses `running` and what that uses."""
