"""The arithmetic and the bookkeeping of the harness: `make check`."""

import unittest

from harness import report, rows, sample, stats
from harness.peers import Peer

LESS = rows.costs("x", "", "lock", ("pair",))
MORE = rows.rates("x", "", "lock", ("pair",), "k/s")


def samples(**peers):
    return {peer: {"value": figures} for peer, figures in peers.items()}


def peer(name, offers="lock", there=True, package=""):
    return Peer(name, name, package, frozenset(offers.split()), there, "1")


class Medians(unittest.TestCase):
    def test_odd_and_even_counts(self):
        self.assertEqual(stats.summary([9, 1, 5]), stats.Summary(5, 1, 9))
        self.assertEqual(stats.summary([9, 1, 5, 6]), stats.Summary(5.5, 1, 9))


class Judging(unittest.TestCase):
    def test_a_ratio_of_medians_and_its_range_within_repetitions(self):
        verdict = stats.judge(LESS, rows.at_most(1.2, "std"), samples(pirn=[10, 12, 99], std=[10, 8, 11]))
        self.assertEqual(verdict.ratio, 1.2)
        self.assertEqual(verdict.spread, (1, 9))
        self.assertTrue(verdict.holds)

    def test_equal_is_not_below(self):
        self.assertFalse(stats.judge(LESS, rows.below("std"), samples(pirn=[7], std=[7])).holds)
        self.assertTrue(stats.judge(LESS, rows.at_most(1, "std"), samples(pirn=[7], std=[7])).holds)

    def test_a_number_as_the_reference(self):
        verdict = stats.judge(MORE, rows.at_least(1500), samples(pirn=[1200, 3000, 750]))
        self.assertEqual((verdict.ratio, verdict.spread, verdict.holds), (0.8, (0.5, 2), False))

    def test_the_best_peer_depends_on_the_direction_and_is_no_limit(self):
        figures = samples(pirn=[50], pirn_hpp=[2000], std=[10], glib=[20], futex=[1], spin=[1000])
        self.assertEqual(stats.judge(MORE, rows.at_least(5, rows.BEST), figures).reference, "glib")
        figures["pirn_hpp"] = {"value": [1]}
        self.assertEqual(stats.judge(LESS, rows.at_most(5, rows.BEST), figures).reference, "std")

    def test_the_header_against_the_functions(self):
        verdict = stats.judge(MORE, rows.by_header(">=", 0.87), samples(pirn=[10, 8], pirn_hpp=[9, 9]))
        self.assertEqual((verdict.reference, verdict.ratio, verdict.spread), ("pirn", 1, (0.9, 1.125)))
        self.assertIn("no figure of pirn_hpp", stats.judge(MORE, rows.by_header(">=", 0.87), samples(pirn=[1])).why_not)

    def test_another_quantity(self):
        figures = {"pirn": {"value": [1], "fairness": [0.5]}}
        self.assertEqual(stats.judge(MORE, rows.fair(0.4), figures).ratio, 1.25)

    def test_nothing_is_judged_without_both_figures(self):
        for figures in (samples(std=[1]), samples(pirn=[1]), samples(pirn=[1], std=[None])):
            verdict = stats.judge(LESS, rows.at_most(1, "std"), figures)
            self.assertIsNone(verdict.holds)
            self.assertIn("no figure of", verdict.why_not)
        self.assertIsNone(stats.judge(LESS, rows.at_most(1, rows.BEST), samples(pirn=[1], spin=[1])).holds)

    def test_a_repetition_without_one_of_the_figures_has_no_ratio(self):
        verdict = stats.judge(LESS, rows.at_most(1, "std"), samples(pirn=[1, None, 3], std=[2, 2, None]))
        self.assertEqual(verdict.spread, (0.5, 0.5))


class Selecting(unittest.TestCase):
    def test_a_beginning_stands_for_its_rows(self):
        self.assertEqual([row.name for row in rows.select(["7", "2a"])], ["2a", "7-2", "7-4", "7-8"])
        self.assertEqual([row.name for row in rows.select(["4b"])], ["4b", "4b-busy"])
        self.assertEqual(rows.select([]), list(rows.ROWS))

    def test_a_number_is_no_beginning_of_a_longer_one(self):
        self.assertEqual([row.name for row in rows.select(["1"])], ["1"])

    def test_an_unknown_row_is_refused(self):
        with self.assertRaises(ValueError):
            rows.select(["1", "99"])


class Planning(unittest.TestCase):
    def test_each_repetition_has_every_able_peer_once_in_an_order_of_its_own(self):
        peers = [peer(name) for name in "abcdefgh"] + [peer("away", there=False), peer("unable", offers="rlock")]
        steps = list(sample.plan([LESS], peers, 9, seed=1))
        orders = [[p.name for r, _, p in steps if r == repetition] for repetition in range(9)]
        for order in orders:
            self.assertEqual(sorted(order), list("abcdefgh"))
        self.assertGreater(len({tuple(order) for order in orders}), 1)
        self.assertEqual(steps, list(sample.plan([LESS], peers, 9, seed=1)))


class Reporting(unittest.TestCase):
    def setUp(self):
        self.peers = [peer("pirn"), peer("nsync", there=False, package="libnsync-dev"), peer("std"),
                      peer("other", offers="rlock")]
        measured = {"x": {"pirn": {"of": "p", "samples": {"value": [3, 1]}, "failures": []},
                          "std": {"of": "s", "samples": {"value": [None, None]}, "failures": ["boom", "boom"]}}}
        machine = {"cpu": "C", "cores": 4, "architecture": "a", "virtual": False, "kernel": "k", "libc": "l",
                   "c_compiler": "c", "cpp_compiler": "p", "rust_compiler": "r"}
        self.run = report.collect([LESS], self.peers, measured, {"repetitions": 2, "seconds": 1, "seed": 1}, machine,
                                  {"others": 0.5, "stolen": 0.0})
        self.text = report.markdown(self.run, None)

    def test_what_is_missing_or_failed_is_said(self):
        self.assertIn("| nsync | missing: libnsync-dev is not installed |", self.text)
        self.assertIn("| std | failed: boom |", self.text)
        self.assertEqual(report.failures(self.run), [("x", "std", "boom")] * 2)

    def test_who_does_not_offer_the_primitive_has_no_line(self):
        self.assertNotIn("other", self.run["rows"][0]["peers"])

    def test_the_median_and_the_range(self):
        self.assertIn("| **pirn** | p | 2.00 | 1.00 | 3.00 |", self.text)

    def test_noise_is_said(self):
        self.assertIn("other processes had 50%", self.text)
        self.assertNotIn("the host", self.text)

    def test_a_target_of_a_missing_row_is_not_dropped(self):
        row = rows.costs("y", "title", "lock", (), rows.at_most(1, "std"))
        run = report.collect([row], self.peers, {"y": {}}, self.run["settings"], self.run["machine"], {})
        self.assertIn("not judged: no figure of pirn", report.markdown(run, None))


if __name__ == "__main__":
    unittest.main()
