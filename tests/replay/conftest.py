"""The engine of the workflow tests, for the stories that are told live."""

from tests.workflows.conftest import environment

__all__ = ["environment"]
