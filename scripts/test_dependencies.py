"""That dependencies.py finds what it is there to find."""

import tempfile
import unittest
from pathlib import Path

import dependencies


class Licences(unittest.TestCase):
    def test_expressions(self):
        allowed = {"MIT", "Apache-2.0", "GPL-2.0 WITH Classpath-exception-2.0"}
        good = "MIT; MIT/GPL-3.0; GPL-3.0 OR MIT; MIT AND Apache-2.0; (GPL-3.0 OR MIT) AND Apache-2.0"
        bad = "GPL-3.0; MIT AND GPL-3.0; MIT AND (GPL-3.0 OR LGPL-3.0); Apache-2.0 WITH Something; GPL-2.0; unknown"
        for expression in [*good.split("; "), "GPL-2.0 WITH Classpath-exception-2.0"]:
            self.assertTrue(dependencies.is_allowed(expression, allowed), expression)
        for expression in bad.split("; "):
            self.assertFalse(dependencies.is_allowed(expression, allowed), expression)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.graph = dependencies.Graph()
        cls.page = dependencies.PAGE.read_text()

    def mistakes(self, old, new):
        """Those of a page with one change."""
        self.assertIn(old, self.page)
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "dependencies.md"
            page.write_text(self.page.replace(old, new, 1))
            self.addCleanup(setattr, dependencies, "PAGE", dependencies.PAGE)
            dependencies.PAGE = page
            return dependencies.mistakes(self.graph)

    def test_it_is_up_to_date(self):
        self.assertEqual(dependencies.mistakes(self.graph), [])

    def test_a_crate_that_is_not_listed(self):
        row = next(line for line in self.page.splitlines() if line.startswith("| `slab`"))
        self.assertEqual(self.mistakes(row + "\n", ""), ["slab is not listed under 'In the library'"])

    def test_a_crate_that_is_gone(self):
        row = "| `gone` | MIT | `pirn` | it was of use |\n| `slab`"
        self.assertEqual(self.mistakes("| `slab`", row), ["gone is listed under 'In the library', and is not there"])

    def test_another_licence(self):
        self.assertIn("slab: its licence is MIT", self.mistakes("| `slab` | MIT |", "| `slab` | ISC |")[0])

    def test_no_reason(self):
        row = next(line for line in self.page.splitlines() if line.startswith("| `slab`"))
        self.assertEqual(
            self.mistakes(row, row.rsplit("|", 2)[0] + "| |"), ["slab: the list does not say what it does"]
        )

    def test_a_licence_and_a_source_that_are_not_allowed(self):
        (slab,) = (package for package in self.graph.packages.values() if package["name"] == "slab")
        was = dict(slab)
        self.addCleanup(slab.update, was)
        slab.update(license="GPL-3.0", source="git+https://example.org/slab")
        found = "\n".join(dependencies.mistakes(self.graph))
        self.assertIn("slab: deny.toml does not allow the licence GPL-3.0", found)
        self.assertIn("slab comes from git+https://example.org/slab", found)


if __name__ == "__main__":
    unittest.main()
