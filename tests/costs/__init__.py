"""What stories cost. A package, so that its gateway ends with it."""
