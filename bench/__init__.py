"""Load and cost measurements: `python -m bench` runs ours against the denominators."""
