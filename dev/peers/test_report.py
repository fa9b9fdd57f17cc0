"""What is computed from figures: `cd dev && python3 -m unittest peers.test_report`."""
import unittest

from peers import llama_cpp, load, ours
from peers.environment import Trouble
from peers.report import Report, best_of, ratios, spread


class Figures(unittest.TestCase):
    def test_a_ratio_is_of_one_round(self):
        self.assertEqual(ratios([10, 30], [5, 60]), [2.0, 0.5])

    def test_the_peer_has_its_best_setting_in_each_round(self):
        self.assertEqual(best_of([[1, 5], [3, 2]]), [3, 5])
        self.assertEqual(best_of([[1, 5], [3, 2]], lower=True), [1, 2])

    def test_a_spread_has_median_least_and_most(self):
        self.assertEqual(spread([3.0, 1.0, 2.0]), "2.0 (1.0..3.0)")
        self.assertEqual(spread([]), "-")

    def test_a_row_without_our_side_is_left_out(self):
        report = Report(machine={"settings": {}})
        report.compare("decode", "ours", "a", "b")
        report.add("a", 4.0)
        report.add("b", 2.0)
        self.assertEqual(report.results(), [])
        report.add("ours", 6.0)
        self.assertEqual((report.results()[0]["ratios"], report.results()[0]["quiet"]), ([1.5], [True]))

    def test_a_round_is_quiet_when_nothing_ran_beside_any_of_its_figures(self):
        report = Report(machine={"settings": {}})
        report.compare("decode", "ours", "a", "b")
        for others in (0.0, 0.3):
            report.add("a", 1.0)
            report.add("b", 1.0, others)
            report.add("ours", 1.0)
        self.assertEqual(report.results()[0]["quiet"], [True, False])


class Parsing(unittest.TestCase):
    def test_llama_bench_tells_its_repetitions(self):
        self.assertEqual(llama_cpp.bench_figure('[{"samples_ts": [3.0, 1.0, 2.0]}]'), 2.0)
        for text in ("", "[]", "[{}]", '[{"samples_ts": []}]'):
            with self.assertRaises(Trouble):
                llama_cpp.bench_figure(text)

    def test_our_engine_tells_prefill_and_decode(self):
        text = '{"prefill_tokens_per_second": 2, "decode_tokens_per_second": 3, "rounds": 1}'
        self.assertEqual(ours.engine_figures(text), (2.0, 3.0))
        for text in ("", "[]", "{}"):
            with self.assertRaises(Trouble):
                ours.engine_figures(text)


class Load(unittest.TestCase):
    def test_percentiles_are_of_the_nearest_rank(self):
        self.assertEqual(load.percentile(range(1, 101), 0.99), 99)
        self.assertEqual(load.percentile([1, 2], 0.99), 2)

    def test_throughput_is_of_all_together(self):
        answers = [load.Answer(0.0, 0.5, 2.0, 60, 4), load.Answer(1.0, 2.5, 4.0, 60, 4)]
        told = load.summary(answers, 4)
        self.assertEqual((told["tokens_per_second"], told["ttft_p50"], told["ttft_p99"]), (2.0, 1000.0, 1500.0))

    def test_an_answer_that_ended_early_is_no_figure(self):
        with self.assertRaises(Trouble):
            load.summary([load.Answer(0.0, 0.5, 2.0, 60, 3)], 4)

    def test_events_of_both_servers_are_read(self):
        answer = load.Answer(0.0)
        server = load.Llama()
        server.read({"content": "", "stop": False}, answer, 1.0)
        server.read({"content": "x", "stop": False}, answer, 2.0)
        server.read({"content": "", "stop": True, "tokens_predicted": 2, "tokens_evaluated": 60}, answer, 3.0)
        self.assertEqual((answer.first, answer.tokens, answer.prompt), (2.0, 2, 60))
        answer = load.Answer(0.0)
        server = load.MedMoE("moe4s")
        server.read({"choices": [{"delta": {"role": "assistant", "content": ""}}]}, answer, 1.0)
        server.read({"choices": [{"delta": {"content": "x"}}]}, answer, 2.0)
        server.read({"choices": [], "usage": {"completion_tokens": 2, "prompt_tokens": 61}}, answer, 3.0)
        self.assertEqual((answer.first, answer.tokens, answer.prompt), (2.0, 2, 61))

    def test_prompts_share_what_a_template_would(self):
        server = load.Llama()
        one, other = server.prompt(1, 60, 14), server.prompt(2, 60, 14)
        self.assertEqual((len(one), one[:14] == other[:14], one[14:] == other[14:]), (60, True, False))


if __name__ == "__main__":
    unittest.main()
