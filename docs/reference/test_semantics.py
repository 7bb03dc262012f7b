"""That semantics.py finds each mistake that a contract page can have."""

import unittest

import semantics

PAGE = """# Lock

Words.

- **lock-1** Any thread may release a lock,
  whoever acquired it.
  - `pirn_lock_acquire`, `pirn_lock_release` — `lock.any_thread_may_release`, `models::lock::handing_over`
- **lock-2** Releasing one that is not locked is `PIRN_ERR_NOT_LOCKED`.
  - `pirn_lock_release` — `lock.not_locked`
"""
EXPORTS = {"pirn_lock_acquire", "pirn_lock_release"}
CONSTANTS = {"PIRN_OK", "PIRN_ERR_NOT_LOCKED"}
CTEST = """      Start  7: lock.any_thread_may_release
  7/1174 Test   #7: lock.any_thread_may_release ..................   Passed    0.03 sec
    8/19 Test   #8: lock.not_locked ..............................   Passed    1.03 sec
"""
CARGO = "running 1 test\ntest models::lock::handing_over ... ok\n\ntest result: ok. 1 passed; 0 failed\n"


def mistakes(page=PAGE, exports=EXPORTS, logs=(CTEST, CARGO)):
    return semantics.check({"page": page}, exports, CONSTANTS, list(logs))[1]


class Check(unittest.TestCase):
    def finds(self, words, **changed):
        found = mistakes(**changed)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_right_page_has_none(self):
        promises, found = semantics.check({"page": PAGE}, EXPORTS, CONSTANTS, [CTEST, CARGO])
        self.assertEqual(found, [])
        self.assertEqual([p.id for p in promises], ["lock-1", "lock-2"])
        self.assertEqual(promises[0].functions, ["pirn_lock_acquire", "pirn_lock_release"])
        self.assertEqual(promises[0].tests, ["lock.any_thread_may_release", "models::lock::handing_over"])

    def test_a_list_may_be_broken(self):
        page = PAGE.replace("— `lock.any", "—\n    `lock.any").replace(", `models::", ",\n    `models::").replace(", `pirn_lock_release` —", ",\n    `pirn_lock_release` —")
        promises, found = semantics.check({"page": page}, EXPORTS, CONSTANTS, [CTEST, CARGO])
        self.assertEqual(found, [])
        self.assertEqual(promises[0].functions, ["pirn_lock_acquire", "pirn_lock_release"])
        self.assertEqual(promises[0].tests, ["lock.any_thread_may_release", "models::lock::handing_over"])

    def test_a_test_that_was_not_run(self):
        self.finds("no test lock.not_locked was run", logs=(CTEST.replace("lock.not_locked", "lock.other"), CARGO))
        self.finds("no test models::lock::handing_over was run", logs=(CTEST,))

    def test_a_test_that_failed_or_was_skipped(self):
        for outcome in "***Failed  ", "***Skipped ", "***Timeout ", "***Not Run ", "***Exception: SegFault":
            log = CTEST.replace("lock.not_locked ..............................   Passed", f"lock.not_locked ..........{outcome}")
            self.finds("lock.not_locked failed or was skipped", logs=(log, CARGO))
        for outcome in "FAILED", "ignored":
            self.finds("handing_over failed or was skipped", logs=(CTEST, CARGO.replace("... ok", f"... {outcome}")))

    def test_a_test_that_failed_once_of_two_times(self):
        self.finds("lock.not_locked failed", logs=(CTEST.replace("Passed    1", "***Failed  1"), CTEST, CARGO))

    def test_a_function_that_is_not_exported(self):
        self.finds("no function pirn_lock_seize", page=PAGE.replace("`pirn_lock_acquire`", "`pirn_lock_acquire`, `pirn_lock_seize`"))

    def test_a_function_that_no_promise_names(self):
        self.finds("no promise names pirn_lock_free", exports=EXPORTS | {"pirn_lock_free"})

    def test_a_constant_that_does_not_exist(self):
        self.finds("no PIRN_ERR_UNLOCKED", page=PAGE.replace("PIRN_ERR_NOT_LOCKED", "PIRN_ERR_UNLOCKED"))

    def test_an_id_that_is_there_twice(self):
        self.finds("lock-1 is at page:5 already", page=PAGE.replace("lock-2", "lock-1"))

    def test_a_promise_without_a_test(self):
        self.finds("lock-2 has no test", page=PAGE.replace("  - `pirn_lock_release` — `lock.not_locked`\n", ""))

    def test_what_looks_like_a_promise_and_is_none(self):
        found = mistakes(page=PAGE.replace("**lock-2** ", "**Lock 2** "))
        self.assertTrue(any("page:8: this is no item" in mistake for mistake in found), found)
        self.finds("page:10: this belongs to no promise", page=PAGE + "  - `pirn_lock_release` — `lock.not_locked`\n")

    def test_without_a_log_tests_are_not_looked_at(self):
        self.assertEqual(mistakes(logs=()), [])


if __name__ == "__main__":
    unittest.main()
