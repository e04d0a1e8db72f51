"""Stories in which something dies. A package, so that its gateway ends with it."""
