"""Words for prompts and reports, written only when somebody reads a bar."""
