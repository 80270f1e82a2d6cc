"""What Tradegraph remembers: one repository per subject, all behind `Store`."""
