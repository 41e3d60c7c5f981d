"""Where, when and how surely High Impact Crimes concentrate.

Every public name lives here and loads its module on first use, so that `import hicgeo` is instant.
The names and where they come from stand in `__init__.pyi`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"
