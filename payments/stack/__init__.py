"""The development stack: servers, processes and their supervision, for `make run` and the tests."""
