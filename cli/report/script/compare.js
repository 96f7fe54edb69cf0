// SPDX-License-Identifier: Apache-2.0
// Runs beside each other: final figures, and the keys of their configs that differ.
{
  const {h} = R;

  // {"grpo.loss.beta": value, ...}; lists count as one value.
  R.flatten = (value, prefix = '', out = new Map()) => {
    if (value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length)
      for (const [key, inner] of Object.entries(value)) R.flatten(inner, prefix ? `${prefix}.${key}` : key, out);
    else out.set(prefix, JSON.stringify(value));
    return out;
  };

  const MOST_OPEN = 12;

  const COLUMNS = [
    ['steps', (run, stage) => R.whole(stage?.lastStep)],
    ['pass@1 before', (run) => R.fixed(run.evals.before?.pass_at_1, 3)],
    ['pass@1', (run, stage) => {
      const share = run.evals.after?.pass_at_1 ?? R.last(stage?.columns.get('eval_pass@1')), n = run.evals.after?.num_prompts ?? run.config?.eval?.num_prompts;
      const bounds = share === null ? null : R.wilson(share, n);
      return [h('b', {}, R.fixed(share, 3)), bounds && h('span', {class: 'note'}, ` ${R.fixed(bounds[0], 3)}\u2009\u2013\u2009${R.fixed(bounds[1], 3)}`)];
    }],
    ['cons@k', (run, stage) => R.fixed(run.evals.after?.cons_at_k ?? R.last(stage?.columns.get('eval_cons@k')), 3)],
    ['reward', (run, stage) => R.num(R.lastMean(stage?.columns.get('reward'), 10))],
    ['length', (run, stage) => R.num(R.lastMean(stage?.columns.get('completions/mean_length'), 10))],
    ['entropy', (run, stage) => R.num(R.lastMean(stage?.columns.get('entropy'), 10))],
    ['tokens/s', (run, stage) => R.num(R.lastMean(stage?.columns.get('perf/rollout_tokens_per_s'), 10))],
    ['time', (run) => R.duration(R.runSeconds(run))],
    ['config', (run) => h('code', {title: run.configHash}, run.configHash?.slice(0, 12) ?? R.num(null))],
  ];

  const nameCell = (run) => {
    const box = h('input', {type: 'checkbox', checked: run.isVisible, 'aria-label': `Show ${run.name}`, onchange: () => {
      run.isVisible = box.checked;
      R.redraw();
    }});
    const line = {color: run.index % 8, dash: Math.floor(run.index / 8) % 4};
    return h('th', {scope: 'row'}, h('label', {}, box, R.swatch(line), run.name));
  };

  const runsTable = () => h('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Final figures'}, h('table', {class: 'figures wide'},
    h('caption', {}, 'Final figures, means of the last 10 steps'),
    h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, 'run'), COLUMNS.map(([name]) => h('th', {scope: 'col'}, name)))),
    h('tbody', {}, R.runs.map((run) => h('tr', {}, nameCell(run), COLUMNS.map(([, cell]) => h('td', {}, cell(run, R.mainStage(run)))))))));

  const differences = () => {
    const flat = R.runs.map((run) => R.flatten(run.config ?? {}));
    const keys = [...new Set(flat.flatMap((map) => [...map.keys()]))].filter((key) => key !== 'output_dir' && key !== '');
    return {flat, keys: keys.filter((key) => flat.some((map) => map.get(key) !== flat[0].get(key)))};
  };

  const differenceTable = () => {
    const {flat, keys} = differences();
    if (!keys.length) return h('p', {class: 'note'}, 'The configs do not differ, but for where the runs were written.');
    const all = new Set(flat.flatMap((map) => [...map.keys()])).size;
    // What is as in the first run steps back, so that the difference is what one sees.
    const cell = (map, key, i) => h('td', {class: i > 0 && map.get(key) === flat[0].get(key) ? 'same' : null}, map.has(key) ? h('code', {}, map.get(key)) : h('span', {class: 'note'}, 'absent'));
    const table = h('table', {class: 'figures config'}, h('caption', {class: 'hide'}, 'Config keys that differ'),
      h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, 'key'), R.runs.map((run) => h('th', {scope: 'col'}, run.name)))),
      h('tbody', {}, keys.map((key) => h('tr', {}, h('th', {scope: 'row'}, h('code', {}, key)), flat.map((map, i) => cell(map, key, i))))));
    return h('details', {class: 'fold', open: keys.length <= MOST_OPEN}, h('summary', {}, `Config: ${keys.length} of ${all} keys differ`),
      h('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Differences of the configs'}, table));
  };

  R.drawComparison = () => R.byId('overview').replaceChildren(runsTable(), differenceTable());

  // The whole config of a single run, with a filter.
  R.drawConfig = () => {
    const [run] = R.runs;
    if (R.isComparison || !run.config) return;
    const entries = [...R.flatten(run.config)];
    const body = h('tbody');
    const show = (words) => {
      const found = entries.filter(([key, value]) => `${key} ${value}`.toLowerCase().includes(words.toLowerCase()));
      body.replaceChildren(...found.map(([key, value]) => h('tr', {}, h('th', {scope: 'row'}, h('code', {}, key)), h('td', {}, h('code', {}, value)))));
    };
    show('');
    const filter = h('input', {type: 'search', placeholder: 'Filter keys and values', 'aria-label': 'Filter the config', oninput: () => show(filter.value)});
    R.byId('config').replaceChildren(h('h2', {}, 'Config'), h('details', {class: 'fold'}, h('summary', {}, `${entries.length} fields as the run resolved them`),
      h('div', {class: 'controls'}, filter), h('div', {class: 'scroll'}, h('table', {class: 'figures config'}, h('caption', {class: 'hide'}, 'Config'), body))));
  };
}
