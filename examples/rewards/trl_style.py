# SPDX-License-Identifier: Apache-2.0
"""A reward as TRL calls it: lists in, one value per completion out, None where it does not apply."""


def ends_with_answer(completions, answer, log_metric, **kwargs):
    log_metric("length", sum(map(len, completions)) / len(completions))
    return [None if a is None else float(c.endswith(a)) for c, a in zip(completions, answer)]
