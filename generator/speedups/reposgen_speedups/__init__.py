"""C code for what generated repositories do most: rows of results, and rows of COPY.

The run time of reposgen uses it where it is installed. There is nothing to call or to
configure.
"""

from ._decoder import Decoder, bind
from ._encoder import Encoder

# The run time uses it if this is the number that it knows.
API = 1

__all__ = ["API", "Decoder", "Encoder", "bind"]
