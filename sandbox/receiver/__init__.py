"""Pretend partners who are told of things by webhook: each by a name, with manners of its own."""
