"""`TypedQuery`s → modules: names, Python types, classes, signatures."""
