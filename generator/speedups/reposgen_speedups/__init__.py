"""C code for what generated repositories do most: making rows of results.

The run time of reposgen uses it where it is installed. There is nothing to call or to
configure.
"""

from ._decoder import Decoder, bind

# What the run time must know to use this; another number is not used.
API = 1

__all__ = ["API", "Decoder", "bind"]
