"""The generated package as data: all that templates need, with all decisions made.

Every `Symbol` in a module's model also occurs in the module's text, so imports are
derived from the model.
"""

from reposgen.python_model.model.modules import AnyModule, Package

__all__ = ["AnyModule", "Package"]
