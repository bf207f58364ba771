"""MongoDB's Django engine, whose lists are asked so that an index gives them in their order."""

import sys
from types import ModuleType
from typing import NoReturn

from django.core.exceptions import ImproperlyConfigured


class _NoMaps(ModuleType):
    """Django's module that finds GDAL, as it is where there is none."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # what a module is asked by whoever looks at all of them
            raise AttributeError(name)
        raise ImproperlyConfigured("The shop has no use for GDAL.")


# The backend looks for GDAL three times over, each time under a dozen names: without this, half of
# a command's start goes into that.
sys.modules.setdefault("django.contrib.gis.gdal.libgdal", _NoMaps("libgdal"))
