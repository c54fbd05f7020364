"""Running prompts."""
