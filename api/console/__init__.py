"""The operator's console: pages that the server renders, without a script, on the private port."""
