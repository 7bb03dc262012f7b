"""That the gate lets nothing through: each test changes copies of the headers, the changelog or the version in one way."""

import re
import shutil
import tempfile
import unittest
from pathlib import Path

from abi import HEAD, Tree, digest, objections
from facts import NotUnderstood, facts

ROOT = Path(__file__).resolve().parents[2]
NOW = facts(ROOT / "include")
STATUS, HOOKS, LOCK, TYPES = (f"pirn/{name}.h" for name in ("status", "hooks", "lock", "types"))
ARGS, EVENT = "struct pirn_excepthook_args", "struct pirn_trace_event"
PEEK = "pirn_status_t pirn_lock_peek(pirn_lock_t *, bool *)"
PEEK_DECLARED = "pirn_status_t pirn_lock_peek(pirn_lock_t *lock,\n                             bool *out);\n"
NEW_LOCK = "pirn_status_t pirn_lock_new(pirn_lock_t **)"
LOCKED = "pirn_status_t pirn_lock_locked(pirn_lock_t *, bool *)"


class Gate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        top = Path(folder.name)
        self.tree = Tree(top / "include", top / "baseline.txt", top / "CHANGELOG.md", top / "Cargo.toml")
        shutil.copytree(ROOT / "include", self.tree.include)
        self.tree.baseline.write_text(HEAD.format(soname="libpirn.so.0") + "\n".join(NOW) + "\n")
        self.tree.manifest.write_text('version = "0.1.0"\n')
        self.now = None
        self.entries()

    def edit(self, header, old, new):
        self.now = None
        path = self.tree.include / header
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def declare(self, header, declaration):
        """Adds a declaration behind the header's includes."""
        self.edit(header, "#include <stdint.h>\n", f"#include <stdint.h>\n{declaration}\n")

    def entries(self, *lines, released=False):
        lines = [*lines, f"- Baseline `{digest(NOW)}`: {len(NOW)} facts."]
        release = "## [0.1.0] - 2026-01-01\n\n### ABI\n\n- Added `int pirn_old(void)`.\n" if released else ""
        body = "\n".join(lines)
        self.tree.changelog.write_text(
            f"# Changelog\n\n## [Unreleased]\n\n### Added\n\n- `{PEEK}`\n\n### ABI\n\n{body}\n\n{release}"
        )

    def found(self):
        self.now = self.now or facts(self.tree.include)
        return "\n".join(objections(self.tree, self.now))

    def assert_passes(self):
        self.assertEqual(self.found(), "")

    def assert_named(self, *lines):
        """That the gate wants these lines in the changelog and nothing else, and passes with them until there is a release."""
        self.assertEqual(re.findall(r"^- .*", self.found(), re.M), list(lines))
        self.entries(*lines)
        self.assert_passes()
        self.entries(*lines, released=True)

    def assert_breaks(self, *lines):
        self.assert_named(*lines)
        self.assertIn("programs break", self.found())
        self.tree.manifest.write_text('version = "1.0.0"\n')
        self.assert_passes()

    def assert_compatible(self, *lines):
        self.assert_named(*lines)
        self.assert_passes()


class Unchanged(Gate):
    def test_as_it_is(self):
        self.assert_passes()

    def test_words_and_names_of_parameters(self):
        self.edit(LOCK, "pirn_lock_new(pirn_lock_t **out)", "pirn_lock_new(pirn_lock_t **\n    made)  /* here */")
        self.assert_passes()

    def test_another_version(self):
        self.edit("pirn/library.h", "#define PIRN_VERSION_MINOR 1", "#define PIRN_VERSION_MINOR 2")
        self.assert_passes()


class Statuses(Gate):
    def test_a_number(self):
        self.edit(STATUS, "PIRN_ERR_DEADLOCK (-9)", "PIRN_ERR_DEADLOCK (-99)")
        self.assertIn("a status never changes: Changed `PIRN_ERR_DEADLOCK = -99 (int)`", self.found())
        self.entries("- Changed `PIRN_ERR_DEADLOCK = -99 (int)`, was `PIRN_ERR_DEADLOCK = -9 (int)`.")
        self.assertIn("a status never changes", self.found())

    def test_one_is_removed(self):
        self.edit(STATUS, "#define PIRN_END 3", "")
        self.entries("- Removed `PIRN_END = 3 (int)`.")
        self.assertIn("a status never changes: Removed `PIRN_END = 3 (int)`", self.found())

    def test_one_is_added(self):
        self.declare(STATUS, "#define PIRN_ERR_NEW (-22)")
        self.assert_compatible("- Added `PIRN_ERR_NEW = -22 (int)`.")

    def test_their_type(self):
        self.edit(STATUS, "typedef int32_t pirn_status_t", "typedef int64_t pirn_status_t")
        self.assert_breaks("- Changed `typedef int64_t pirn_status_t`, was `typedef int32_t pirn_status_t`.")


class Constants(Gate):
    def test_a_number(self):
        self.edit(HOOKS, "#define PIRN_KIND_LOCK 1", "#define PIRN_KIND_LOCK 21")
        self.assert_breaks("- Changed `PIRN_KIND_LOCK = 21 (int)`, was `PIRN_KIND_LOCK = 1 (int)`.")

    def test_a_type(self):
        self.edit(TYPES, "#define PIRN_FOREVER (-1.0)", "#define PIRN_FOREVER (-1)")
        self.assert_breaks("- Changed `PIRN_FOREVER = -1 (int)`, was `PIRN_FOREVER = -1 (double)`.")

    def test_an_enumeration(self):
        self.declare(HOOKS, "typedef enum pirn_colour { PIRN_RED = 3, PIRN_BLUE } pirn_colour_t;")
        self.assert_compatible(
            "- Added `typedef enum pirn_colour pirn_colour_t`.",
            "- Added `PIRN_BLUE = 4 (int)`.",
            "- Added `PIRN_RED = 3 (int)`.",
        )


class Functions(Gate):
    def test_one_is_removed(self):
        self.edit(LOCK, "pirn_status_t pirn_lock_new(pirn_lock_t **out);", "")
        self.assert_breaks(f"- Removed `{NEW_LOCK}`.")

    def test_one_is_renamed(self):
        self.edit(LOCK, "pirn_lock_locked(", "pirn_lock_is_locked(")
        renamed = LOCKED.replace("lock_locked", "lock_is_locked")
        self.assert_breaks(f"- Added `{renamed}`.", f"- Removed `{LOCKED}`.")

    def test_the_type_of_an_argument(self):
        self.edit(
            LOCK, "pirn_lock_locked(pirn_lock_t *lock, bool *out)", "pirn_lock_locked(pirn_lock_t *lock, int32_t *out)"
        )
        self.assert_breaks(f"- Changed `{LOCKED.replace('bool', 'int32_t')}`, was `{LOCKED}`.")

    def test_const(self):
        self.edit(LOCK, "pirn_lock_locked(pirn_lock_t *lock", "pirn_lock_locked(const pirn_lock_t *lock")
        self.assert_breaks(f"- Changed `{LOCKED.replace('(pirn', '(const pirn')}`, was `{LOCKED}`.")

    def test_the_order_of_arguments(self):
        self.edit(
            LOCK, "pirn_lock_locked(pirn_lock_t *lock, bool *out)", "pirn_lock_locked(bool *out, pirn_lock_t *lock)"
        )
        self.assert_breaks(f"- Changed `pirn_status_t pirn_lock_locked(bool *, pirn_lock_t *)`, was `{LOCKED}`.")

    def test_one_argument_more(self):
        self.edit(LOCK, "pirn_lock_new(pirn_lock_t **out)", "pirn_lock_new(pirn_lock_t **out, double seconds)")
        self.assert_breaks(f"- Changed `{NEW_LOCK.replace('**', '**, double')}`, was `{NEW_LOCK}`.")

    def test_the_result(self):
        self.edit(LOCK, "pirn_status_t pirn_lock_new(", "void pirn_lock_new(")
        self.assert_breaks(f"- Changed `{NEW_LOCK.replace('pirn_status_t', 'void')}`, was `{NEW_LOCK}`.")

    def test_a_callback(self):
        self.edit(
            TYPES, "(*pirn_range_fn)(size_t begin, size_t end, void *arg)", "(*pirn_range_fn)(size_t begin, void *arg)"
        )
        type_ = "typedef int32_t (*pirn_range_fn)"
        self.assert_breaks(f"- Changed `{type_}(size_t, void *)`, was `{type_}(size_t, size_t, void *)`.")

    def test_one_is_added(self):
        self.edit(LOCK, "pirn_status_t pirn_lock_new(", PEEK_DECLARED + "\npirn_status_t pirn_lock_new(")
        self.assert_compatible(f"- Added `{PEEK}`.")

    def test_one_is_added_in_a_header_that_pirn_h_does_not_include(self):
        (self.tree.include / "pirn/peek.h").write_text(f"#include <pirn/types.h>\n{PEEK_DECLARED}")
        self.assert_compatible(f"- Added `{PEEK}`.")


class Structs(Gate):
    def test_fields_change_places(self):
        self.edit(HOOKS, "const char *message;", "const char *swapped;")
        self.edit(HOOKS, "const char *traceback;", "const char *message;")
        self.edit(HOOKS, "const char *swapped;", "const char *traceback;")
        self.assert_breaks(
            f"- Changed `{ARGS}: const char *message at 16`, was `{ARGS}: const char *message at 8`.",
            f"- Changed `{ARGS}: const char *traceback at 8`, was `{ARGS}: const char *traceback at 16`.",
        )

    def test_the_type_of_a_field(self):
        self.edit(HOOKS, "    int64_t duration_ns;", "    uint64_t duration_ns;")
        self.assert_breaks(
            f"- Changed `{EVENT}: uint64_t duration_ns at 40`, was `{EVENT}: int64_t duration_ns at 40`."
        )

    def test_a_field_is_removed(self):
        self.edit(HOOKS, "    int64_t duration_ns;", "")
        self.assert_breaks(
            f"- Changed `{EVENT}: 40 bytes, aligned to 8`, was `{EVENT}: 48 bytes, aligned to 8`.",
            f"- Removed `{EVENT}: int64_t duration_ns at 40`.",
        )

    def test_a_struct_that_says_its_size_grows_at_its_end(self):
        self.edit(HOOKS, "    int64_t duration_ns;", "    int64_t duration_ns;\n    uint64_t more;")
        self.assert_compatible(
            f"- Changed `{EVENT}: 56 bytes, aligned to 8`, was `{EVENT}: 48 bytes, aligned to 8`.",
            f"- Added `{EVENT}: uint64_t more at 48`.",
        )

    def test_another_struct_grows(self):
        self.edit(HOOKS, "    pirn_thread_t *thread;", "    pirn_thread_t *thread;\n    uint64_t more;")
        self.assert_breaks(
            f"- Changed `{ARGS}: 40 bytes, aligned to 8`, was `{ARGS}: 32 bytes, aligned to 8`.",
            f"- Added `{ARGS}: uint64_t more at 32`.",
        )

    def test_a_field_in_a_gap(self):
        self.edit(HOOKS, "    int32_t code;", "    int32_t code;\n    int32_t gap;")
        self.assert_breaks(f"- Added `{ARGS}: int32_t gap at 4`.")

    def test_an_alignment(self):
        self.declare(HOOKS, "#pragma pack(push, 4)")
        self.edit(HOOKS, "} pirn_trace_event_t;", "} pirn_trace_event_t;\n#pragma pack(pop)")
        self.assertIn(f"{EVENT}: 48 bytes, aligned to 4", self.found())

    def test_a_new_one(self):
        self.declare(HOOKS, "typedef struct pirn_pair { uint32_t first; uint32_t second; } pirn_pair_t;")
        self.assert_compatible(
            "- Added `typedef struct pirn_pair pirn_pair_t`.",
            "- Added `struct pirn_pair: 8 bytes, aligned to 4`.",
            "- Added `struct pirn_pair: uint32_t first at 0`.",
            "- Added `struct pirn_pair: uint32_t second at 4`.",
        )


class Changelog(Gate):
    def test_what_it_names_drifts_on(self):
        self.declare(LOCK, PEEK_DECLARED.replace("bool", "int32_t"))
        self.entries(f"- Added `{PEEK}`.")
        self.assertIn(f"Added `{PEEK}`; the headers do not", self.found())
        self.assertIn(f"- Added `{PEEK.replace('bool', 'int32_t')}`", self.found())

    def test_what_it_names_is_not_there(self):
        self.entries(f"- Added `{PEEK}`.")
        self.assertIn("the headers do not", self.found())

    def test_what_it_calls_removed_is_there(self):
        self.entries(f"- Removed `{NEW_LOCK}`.")
        self.assertIn("it is there", self.found())

    def test_a_removal_is_no_addition(self):
        self.edit(LOCK, "pirn_status_t pirn_lock_new(pirn_lock_t **out);", "")
        self.entries(f"- Added `{NEW_LOCK}`.")
        self.assertIn(f"- Removed `{NEW_LOCK}`", self.found())

    def test_an_entry_may_have_several_facts_and_lines(self):
        poke = PEEK.replace("peek", "poke")
        self.declare(LOCK, PEEK_DECLARED + PEEK_DECLARED.replace("peek", "poke"))
        self.entries(
            f"- Added `{PEEK}`,", f"  `{poke}`: more than `pirn_lock_locked` says.".replace(", bool", ",\n  bool")
        )
        self.assert_passes()

    def test_the_baseline_changes_unnoticed(self):
        self.edit(LOCK, "pirn_status_t pirn_lock_new(pirn_lock_t **out);", "")
        self.tree.baseline.write_text(self.tree.baseline.read_text().replace(NEW_LOCK + "\n", ""))
        self.assertIn(f"- Baseline `{digest([fact for fact in NOW if fact != NEW_LOCK])}`", self.found())

    def test_other_sections_do_not_count(self):
        self.declare(LOCK, PEEK_DECLARED)
        self.assertIn(f"- Added `{PEEK}`", self.found())

    def test_a_release_before_does_not_count(self):
        self.entries(released=True)
        self.declare(LOCK, "int pirn_old(void);")
        self.assertIn("- Added `int pirn_old(void)`", self.found())


class NothingIsLeftOut(Gate):
    def assert_not_understood(self, declaration):
        self.declare(LOCK, declaration)
        with self.assertRaises(NotUnderstood):
            self.found()

    def test_what_has_no_place_among_the_facts(self):
        for declaration in (
            "extern int pirn_counter;",
            "static inline int pirn_twice(int n) { return 2 * n; }",
            "#define PIRN_TWICE(n) (2 * (n))",
            "typedef int pirn_numbers_t[4];",
            "typedef union pirn_any { int a; double b; } pirn_any_t;",
            "typedef struct pirn_bits { uint32_t a : 3; } pirn_bits_t;",
            "void pirn_visit(void (*visit)(void *arg));",
            "void pirn_unnamed(int);",
            "int pirn_mistaken(pirn_nothing_t n);",
        ):
            with self.subTest(declaration):
                self.setUp()
                self.assert_not_understood(declaration)

    def test_the_baseline_has_everything(self):
        names = (ROOT / "c-tests/exports.txt").read_text().split()
        for name in names:
            self.assertTrue(any(f" {name}(" in fact.replace("*", " ") for fact in NOW), name)


if __name__ == "__main__":
    unittest.main()
