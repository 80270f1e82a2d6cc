"""Pages, API and live channel over HTTP."""
