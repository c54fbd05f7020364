"""Questions to ComfyUI, and all that differs between its versions. Knows no node and no other room of nodes/."""
