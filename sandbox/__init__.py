"""A pretend outside world: a biller over HTTP with its own books, which can be told to fail."""
