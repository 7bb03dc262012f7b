"""Puts libpirn into the wheel: the library that PIRN_LIBRARY names. Without it the wheel has none, and takes the system's."""

import os
import sysconfig

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundledLibrary(BuildHookInterface):
    def initialize(self, version, build_data):
        library = os.environ.get("PIRN_LIBRARY")
        if not library or self.target_name != "wheel":
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        # ctypes: any version of Python on this platform.
        build_data["tag"] = f"py3-none-{platform}"
        build_data["force_include"][os.path.realpath(library)] = "pirn/libpirn.so"
