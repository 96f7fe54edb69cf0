// SPDX-License-Identifier: Apache-2.0
// Which charts there are: sections of charts for metrics that are known, and one per prefix for all others.
{
  const SHARE = [0, 1];
  const NUM_COLORS = 8, NUM_DASHES = 4;

  const evalPrompts = (run) => run.evals.after?.num_prompts ?? run.evals.before?.num_prompts ?? run.config?.eval?.num_prompts ?? 0;

  // The evaluation of the starting weights as a point at step 0 of the stage that evaluates.
  const withStart = (run, key, column) => {
    const start = run.evals.before?.[key.replace(/^eval_/, '').replace('@', '_at_')];
    if (typeof start !== 'number' || !column || column.x[0] <= 0) return column;
    return {...column, x: [0, ...column.x], y: [start, ...column.y], lo: [start, ...column.lo], hi: [start, ...column.hi]};
  };

  // In a comparison each run has a look of its own, otherwise each line of a chart.
  const lineStyle = (run, number) => {
    const place = R.isComparison ? run.index : number;
    return {color: place % NUM_COLORS, dash: Math.floor(place / NUM_COLORS) % NUM_DASHES};
  };

  // One line of one run: item = {key, label, std, band: [low key, high key], hasInterval, isMinor}; number: its place in the chart.
  const makeLine = (run, stage, item, number) => {
    let column = R.column(run, stage, item.key);
    if (!column) return null;
    const isEval = item.key.startsWith('eval_');
    if (isEval) column = withStart(run, item.key, column);
    const x = R.onAxis(run, stage, R.view.axis, column.x);
    if (!x) return null;
    const isSparse = column.x.length <= (isEval ? 60 : 12);
    const other = (key) => {
      const found = key && R.column(run, stage, key);
      return found && found.y.length === column.y.length ? found : null;
    };
    const line = {
      id: `${run.index} ${item.key}`, run, x, y: column.y, lo: column.lo, hi: column.hi, bad: column.bad, isSparse,
      label: R.isComparison ? run.name : item.label || item.key, ...lineStyle(run, number),
    };
    if (R.view.smoothing > 0 && !isSparse && !isEval) line.smooth = R.smooth(column.y, R.view.smoothing, column.width);
    line.lastY = R.last({y: line.smooth ?? line.y});
    const std = other(item.std), low = other(item.band?.[0]), high = other(item.band?.[1]);
    const center = line.smooth ?? column.y;
    const spread = std && (line.smooth ? R.smooth(std.y, R.view.smoothing, std.width) : std.y);
    const join = (a, b, sign) => a.map((y, i) => y === null || b[i] === null ? null : y + sign * b[i]);
    if (std) Object.assign(line, {bandLo: join(center, spread, -1), bandHi: join(center, spread, 1)});
    if (low && high && !R.isComparison) Object.assign(line, {bandLo: low.lo, bandHi: high.hi});
    const prompts = item.hasInterval ? evalPrompts(run) : 0;
    if (prompts > 0) {
      const bounds = column.y.map((y) => y === null ? null : R.wilson(y, prompts));
      Object.assign(line, {bandLo: bounds.map((b) => b && b[0]), bandHi: bounds.map((b) => b && b[1])});
    }
    return line;
  };

  const visibleRuns = () => R.runs.filter((run) => run.isVisible);

  const oneChart = (stage, title, items, options = {}) => ({
    title, keys: items.flatMap((item) => [item.key, item.std, ...(item.band ?? [])]).filter(Boolean), ...options,
    lines: () => visibleRuns().flatMap((run) => items.map((item, number) => makeLine(run, stage, item, number))).filter(Boolean),
  });

  // Of one run all items are lines of one chart; of several, each item that is not minor is a chart with a line per run.
  const lineCharts = (stage, title, items, options = {}) => {
    if (!R.isComparison || items.length === 1) return [oneChart(stage, title, items, options)];
    const main = items.filter((item) => !item.isMinor);
    const one = (item) => {
      const label = item.label || item.key, name = options.each ? options.each.replace('*', label) : `${title}: ${label}`;
      return oneChart(stage, name, [item], {...options, note: item.band || (item.key.startsWith('eval_') && !item.hasInterval) ? null : options.note});
    };
    return (main.length ? main : items).map(one);
  };

  // Parts that sum up: what of a step's time no timer claims is "other". Of one run as areas, of several as lines.
  const timeCharts = (stage, keys) => {
    const parts = keys.map((key) => ({key, label: key.replace(/^timing_s\//, '')}));
    if (!keys.length) return lineCharts(stage, 'Time of a step', [{key: 'step_time', label: 'all'}], {isTime: true});
    if (R.isComparison) return lineCharts(stage, 'Time of a step', [{key: 'step_time', label: 'all'}, ...parts], {isTime: true});
    const lines = () => {
      const total = R.column(R.runs[0], stage, 'step_time'), x = total && R.onAxis(R.runs[0], stage, R.view.axis, total.x);
      if (!x) return [];
      let base = total.x.map(() => 0);
      const columns = parts.map(({key, label}) => ({key, label, column: R.column(R.runs[0], stage, key)}));
      const at = (column, step) => {
        const i = R.nearest(column.x, step);
        return i >= 0 && column.x[i] === step ? column.y[i] ?? 0 : 0;
      };
      const values = columns.map(({key, label, column}) => ({key, label, y: total.x.map((step) => at(column, step))}));
      values.push({key: 'other', label: 'other', y: total.y.map((y, i) => Math.max(0, (y ?? 0) - values.reduce((sum, part) => sum + part.y[i], 0)))});
      return values.map(({key, label, y}, number) => {
        const line = {id: key, label, x, y, lo: y, hi: y, base, top: y.map((v, i) => base[i] + v), color: number % NUM_COLORS, lastY: R.last({y})};
        base = line.top;
        return line;
      });
    };
    return [{title: 'Time of a step', keys: [...keys, 'step_time'], note: 'stacked', isStacked: true, isTime: true, lines}];
  };

  // Mixture layers: each a line, or when there are many the worst and the middle one.
  const layerCharts = (stage, title, keys, options) => {
    const named = keys.map((key) => ({key, label: key.match(/layer_(\d+)/)?.[0].replace('_', ' ') ?? key}));
    if (named.length <= NUM_COLORS && !R.isComparison) return [oneChart(stage, title, named, options)];
    const over = (run, pick) => {
      const columns = keys.map((key) => R.column(run, stage, key)).filter(Boolean);
      const shortest = columns.reduce((a, b) => a.x.length <= b.x.length ? a : b, columns[0]);
      return shortest && {...shortest, y: shortest.y.map((_, i) => pick(columns.map((c) => c.y[i]).filter((y) => y !== null).sort((a, b) => a - b)))};
    };
    const picks = [['highest of the layers', (ys) => ys.at(-1) ?? null], ['median layer', (ys) => ys[ys.length >> 1] ?? null]].slice(0, R.isComparison ? 1 : 2);
    const lines = () => visibleRuns().flatMap((run) => picks.map(([label, pick], number) => {
      const column = over(run, pick), x = column && R.onAxis(run, stage, R.view.axis, column.x);
      if (!x) return null;
      return {id: `${run.index} ${label}`, run, label: R.isComparison ? run.name : label, x, y: column.y, lo: column.y, hi: column.y,
              ...lineStyle(run, number), lastY: R.last(column)};
    })).filter(Boolean);
    return [{title, keys, ...options, lines}];
  };

  // One entry per chart that may be: [section, title, items, options]. An item names a metric, or a pattern for several; `each` titles
  // the chart of one item in a comparison.
  const KNOWN = [
    ['Learning', 'Reward', [{key: 'reward', label: 'mean', std: 'reward_std'}], {note: '\u00b1 std'}],
    ['Learning', 'Rewards, each', [{match: /^rewards\/(.+)\/mean$/}], {each: 'Reward: *'}],
    ['Learning', 'Held-out score', [{key: 'eval_pass@1', label: 'pass@1', hasInterval: true}, {key: 'eval_cons@k', label: 'cons@k'}, {key: 'eval_pass@k', label: 'pass@k'}, {key: 'eval_format', label: 'format'}],
      {bounds: SHARE, note: '95% interval', each: 'Held-out *'}],
    ['Learning', 'Groups without spread', [{key: 'frac_reward_zero_std', label: 'share'}], {bounds: SHARE, note: 'no gradient'}],
    ['Completions', 'Length', [{key: 'completions/mean_length', label: 'mean', band: ['completions/min_length', 'completions/max_length']},
      {key: 'completions/mean_terminated_length', label: 'terminated', isMinor: true}, {key: 'eval_mean_length', label: 'held-out', isMinor: true}], {note: 'tokens, min to max', each: 'Length, *'}],
    ['Completions', 'Cut off at the limit', [{key: 'completions/clipped_ratio', label: 'share'}], {bounds: SHARE}],
    ['Completions', 'Reflection and language', [{key: 'completions/reflection', label: 'reflection'}, {key: 'eval_reflection', label: 'held-out', isMinor: true},
      {match: /^(?:completions\/|eval_)(language.*)$/}, {match: /^(rewards\/[^/]*language[^/]*)\/(?:mean|share)$/}], {note: 'share', each: 'Share with *'}],
    ['Policy', 'Entropy', [{key: 'entropy', label: 'policy'}], {note: 'nats per token'}],
    ['Policy', 'KL to the reference', [{key: 'kl', label: 'kl'}]],
    ['Policy', 'Clipped tokens', [{key: 'clip_ratio/region_mean', label: 'all'}, {key: 'clip_ratio/low_mean', label: 'low', isMinor: true}, {key: 'clip_ratio/high_mean', label: 'high', isMinor: true},
      {key: 'cispo_clip_ratio', label: 'cispo'}, {key: 'clip_ratio/dual_mean', label: 'dual'}]],
    ['Policy', 'Probability ratio', [{key: 'ratio/mean', label: 'mean', isMinor: true}, {key: 'ratio/max', label: 'max'}], {note: 'new over old'}],
    ['Policy', 'Sampler against learner', [{key: 'sampling/sampling_logp_difference/mean', label: 'mean', isMinor: true}, {key: 'sampling/sampling_logp_difference/max', label: 'max'}],
      {note: '\u0394 log p'}],
    ['Optimizer', 'Loss', [{key: 'loss', label: 'loss'}, {key: 'policy_loss', label: 'policy'}, {key: 'mtp_loss', label: 'mtp'}, {key: 'aux_loss', label: 'aux'}]],
    ['Optimizer', 'Gradient norm', [{key: 'grad_norm', label: 'norm'}]],
    ['Optimizer', 'Learning rate', [{key: 'learning_rate', label: 'rate'}]],
    ['Speed', 'Tokens per second', [{key: 'perf/rollout_tokens_per_s', label: 'rollout'}, {key: 'perf/throughput', label: 'all'}]],
    ['Speed', 'Drafts', [{key: 'perf/draft_acceptance_rate', label: 'accepted'}, {key: 'perf/tokens_per_step', label: 'tokens per pass'}]],
  ];

  const expand = (items, names) => items.flatMap((item) => {
    if (!item.match) return names.includes(item.key) ? [item] : [];
    return names.filter((name) => item.match.test(name)).map((key) => ({...item, key, label: key.match(item.match)[1]}));
  });

  const pick = (names, pattern) => names.filter((name) => pattern.test(name));

  // All metrics that no chart shows yet, those of one prefix together.
  const otherCharts = (stage, names) => {
    const groups = new Map();
    for (const name of names) {
      const prefix = name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : name;
      groups.set(prefix, [...(groups.get(prefix) ?? []), name]);
    }
    return [...groups].flatMap(([prefix, keys]) =>
      lineCharts(stage, prefix, keys.slice(0, 24).map((key) => ({key, label: key === prefix ? '' : key.slice(prefix.length + 1)}))));
  };

  // [[section, [chart spec, ...]], ...] of a stage, in the order of KNOWN; charts without a metric are left out.
  R.catalogue = (stage) => {
    const names = R.columnNames(stage).filter((name) => !['num_tokens', 'elapsed_s'].includes(name));
    const sections = new Map([['Learning', []], ['Completions', []], ['Policy', []], ['Optimizer', []], ['Speed', []], ['Experts', []]]);
    for (const [section, title, items, options] of KNOWN) {
      const found = expand(items, names);
      if (!found.length) continue;
      sections.get(section).push(...lineCharts(stage, title, found, options));
    }
    const timers = pick(names, /^timing_s\/(?!step$)/);
    if (names.includes('step_time')) sections.get('Speed').push(...timeCharts(stage, timers));
    const loads = pick(names, /expert_load\/.*max_over_mean$/), idle = pick(names, /expert_load\/.*idle$/), violation = pick(names, /max_vio/);
    if (loads.length) sections.get('Experts').push(...layerCharts(stage, 'Expert load', loads, {note: 'busiest / mean'}));
    if (idle.length) sections.get('Experts').push(...layerCharts(stage, 'Idle experts', idle, {note: 'without a token'}));
    if (violation.length) sections.get('Experts').push(...lineCharts(stage, 'Balance', violation.map((key) => ({key, label: 'max violation'}))));
    const shown = new Set([...sections.values()].flat().flatMap((chart) => chart.keys));
    sections.set('Other metrics', otherCharts(stage, names.filter((name) => !shown.has(name) && !/expert_load\/.*busiest$/.test(name))));
    return [...sections].filter(([, charts]) => charts.length);
  };
}
