"""The generated package as data: all that templates need, with nothing left to decide.

Every `Symbol` that stands anywhere in a module's model stands in that module's text
as well, so that imports can be read off the model.
"""

from reposgen.python_model.model.modules import AnyModule, Package

__all__ = ["AnyModule", "Package"]
