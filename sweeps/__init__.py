"""Many runs on Ray, resumable; an extra that nothing of ours imports. Enter: plans, what runs and collects them."""
