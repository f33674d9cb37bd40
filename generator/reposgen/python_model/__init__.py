"""From `TypedQuery`s to modules: names, Python types, classes, signatures."""
