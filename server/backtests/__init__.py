"""Back-tests of the server: asked for, queued, run by a worker process, stored, explained."""
