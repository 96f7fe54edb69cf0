# SPDX-License-Identifier: Apache-2.0
"""A reward as verl calls it: one sample in, a number or a dict with "score" out; the dict's other numbers become metrics."""


def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    return {"score": float(solution_str.endswith(ground_truth)), "length": len(solution_str)}
