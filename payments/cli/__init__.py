"""The commands of `cli.py`."""
