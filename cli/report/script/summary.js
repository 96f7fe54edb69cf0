// SPDX-License-Identifier: Apache-2.0
// The head of the page, key figures, and the evaluations before and after.
{
  const {h} = R;

  R.modelText = (run) => {
    const m = run.model ?? {}, parts = [];
    if (m.model_type) parts.push(m.model_type);
    else if (m.path) parts.push(m.path);
    if (m.num_hidden_layers) parts.push(`${m.num_hidden_layers} layers of ${m.hidden_size}`);
    if (m.n_routed_experts ?? m.num_experts) parts.push(`${m.n_routed_experts ?? m.num_experts} experts, ${m.num_experts_per_tok} per token`);
    if (m.vocab_size) parts.push(`vocabulary ${R.num(m.vocab_size)}`);
    if (run.numParameters) parts.push(`${R.num(run.numParameters)} parameters`);
    return parts.join(' \u00b7 ');
  };

  R.runSeconds = (run) => {
    const finished = Object.values(run.seconds ?? {}).reduce((sum, s) => sum + (Number(s) || 0), 0);
    const going = [...run.stages.values()].filter((stage) => !(stage.name in (run.seconds ?? {}))).reduce((sum, stage) => sum + stage.elapsed, 0);
    return finished + going;
  };

  const time = (text) => text ? h('time', {datetime: text}, text.replace('T', ' ').replace(/:\d\dZ$/, ' UTC')) : null;

  R.themeButton = () => {
    const names = {auto: 'Auto', light: 'Light', dark: 'Dark'}, order = Object.keys(names);
    const button = h('button', {class: 'plain', type: 'button'});
    const apply = (theme) => {
      document.documentElement.dataset.theme = theme;
      button.textContent = `\u25d0 ${names[theme]}`;
      button.setAttribute('aria-label', `Colours: ${names[theme].toLowerCase()}; change`);
    };
    let theme = R.recall('theme') ?? 'auto';
    if (!(theme in names)) theme = 'auto';
    apply(theme);
    button.addEventListener('click', () => {
      theme = order[(order.indexOf(theme) + 1) % order.length];
      R.remember('theme', theme);
      apply(theme);
    });
    return button;
  };

  R.drawHead = () => {
    const [run] = R.runs;
    const facts = R.isComparison
      ? [R.runs.length > 4 ? '' : R.plural(R.runs.length, 'run')]
      : [run.configHash && h('span', {title: `SHA-256 of the config: ${run.configHash}`}, h('code', {}, run.configHash.slice(0, 12))),
         run.config?.seed !== undefined && `seed ${run.config.seed}`, R.modelText(run), time(run.started)];
    const items = facts.filter(Boolean).map((fact) => h('li', {}, fact));
    R.byId('head').replaceChildren(
      h('div', {class: 'title'}, h('p', {class: 'brand'}, 'Lockstep report'), h('h1', {}, !R.isComparison ? run.name : R.runs.length > 4 ? R.plural(R.runs.length, 'run') : R.runs.map((r) => r.name).join(', ')),
        h('ul', {class: 'facts'}, items)),
      h('div', {class: 'tools'}, h('span', {id: 'live', role: 'status'}), R.themeButton()));
  };

  const figure = (label, value, note, title) =>
    h('div', {class: 'figure', title}, h('dt', {}, label), h('dd', {}, h('b', {}, value), note && h('span', {class: 'note'}, note)));

  const arrow = (before, after, digits) => before === null || before === undefined || before === after
    ? R.fixed(after, digits) : h('span', {}, h('span', {class: 'was'}, R.fixed(before, digits), ' \u2192 '), R.fixed(after, digits));

  // The stage that the figures are about: the last that has rewards, or else the last.
  R.mainStage = (run) => {
    const stages = [...run.stages.values()];
    return stages.filter((stage) => stage.columns.has('reward')).at(-1) ?? stages.at(-1) ?? null;
  };

  R.plannedSteps = (run, stage) => {
    const own = run.config?.[stage]?.max_steps ?? 0, cap = run.config?.max_steps ?? 0;
    return cap > 0 ? Math.min(cap, own) : own;
  };

  // The evaluation's own interval, a bootstrap over prompts, where it has one.
  const intervalText = ({pass_at_1: share, num_prompts: n, pass_at_1_ci: own}) => {
    if (typeof share !== 'number') return null;  // no reward says what is right
    const bounds = own ?? R.wilson(share, n);
    return bounds && `95% ${R.fixed(bounds[0], 3)}\u2009\u2013\u2009${R.fixed(bounds[1], 3)}`;
  };

  const runFigures = (run) => {
    const stage = R.mainStage(run), {before, after} = run.evals, out = [];
    const evalStep = stage && R.last(stage.columns.get('eval_pass@1'));
    if (after) out.push(figure('Held-out pass@1', arrow(before?.pass_at_1, after.pass_at_1, 3), intervalText(after),
                               `${after.num_prompts} prompts, ${after.num_samples} samples`));
    else if (evalStep !== null && evalStep !== undefined) out.push(figure('Held-out pass@1', arrow(before?.pass_at_1, evalStep, 3), 'so far'));
    else if (before) out.push(figure('Held-out pass@1', R.fixed(before.pass_at_1, 3), 'before'));
    if (!stage) return out;
    const reward = R.lastMean(stage.columns.get('reward'), 10), length = R.lastMean(stage.columns.get('completions/mean_length'), 10);
    if (reward !== null) out.push(figure('Reward', R.num(reward), 'last 10 steps'));
    else if (stage.columns.has('loss')) out.push(figure('Loss', R.num(R.lastMean(stage.columns.get('loss'), 10)), 'last 10 steps'));
    if (length !== null) out.push(figure('Length', R.num(length), 'tokens, last 10 steps'));
    const planned = R.plannedSteps(run, stage.name);
    out.push(figure('Steps', R.whole(stage.lastStep), planned > stage.lastStep ? `of ${R.whole(planned)}, ${stage.name}` : stage.name));
    const tokens = R.last(stage.columns.get('num_tokens'));
    if (tokens !== null) out.push(figure('Tokens', R.num(tokens), stage.name));
    out.push(figure('Time', R.duration(R.runSeconds(run)), run.isFinished ? 'all stages' : 'so far'));
    const rate = R.lastMean(stage.columns.get('perf/rollout_tokens_per_s'), 10);
    if (rate !== null) out.push(figure('Rollout', R.num(rate), 'tokens per second'));
    return out;
  };

  const EVAL_ROWS = [['pass_at_1', 'pass@1', 3], ['pass_at_k', 'pass@k', 3], ['cons_at_k', 'cons@k', 3], ['format', 'format', 3], ['reward', 'reward', 3],
                     ['mean_length', 'length, tokens', 1], ['truncated', 'cut off', 3], ['reflection', 'reflection words', 3]];

  const row = (label, before, after, digits, note) => h('tr', {}, h('th', {scope: 'row'}, label), h('td', {}, R.fixed(before, digits)), h('td', {}, R.fixed(after, digits)),
    h('td', {class: 'note'}, note ?? ''));

  const evalTable = (run) => {
    const {before, after} = run.evals;
    if (!before && !after) return null;
    const difficulties = Object.keys({...before?.pass_by_difficulty, ...after?.pass_by_difficulty});
    const count = after ?? before;
    const rows = EVAL_ROWS.filter(([key]) => typeof (before?.[key] ?? after?.[key]) === 'number').map(([key, label, digits]) =>
      row(label, before?.[key], after?.[key], digits, key === 'pass_at_1' && intervalText(count)));
    const byDifficulty = difficulties.map((name) =>
      row(`difficulty ${name.replace(/^"|"$/g, '')}`, before?.pass_by_difficulty?.[name], after?.pass_by_difficulty?.[name], 3, ''));
    const caption = h('caption', {}, `Held-out evaluation, ${R.whole(count.num_prompts)} prompts, ${R.num(count.num_samples / count.num_prompts)} samples each`);
    const table = (body, title) => h('table', {class: 'figures'}, title, h('thead', {}, h('tr', {}, h('th', {scope: 'col'}, h('span', {class: 'hide'}, 'metric')),
      h('th', {scope: 'col'}, 'before'), h('th', {scope: 'col'}, 'after'), h('td', {}))), h('tbody', {}, body));
    return h('details', {class: 'fold'}, h('summary', {}, 'Evaluation before and after'), h('div', {class: 'tables'}, table(rows, caption),
      byDifficulty.length > 0 && table(byDifficulty, h('caption', {}, 'pass@1 by difficulty'))));
  };

  R.drawOverview = () => {
    const notices = R.runs.flatMap((run) => run.notices.map((text) => R.isComparison ? `${run.name}: ${text}` : text));
    R.byId('notices').replaceChildren(...notices.map((text) => h('p', {class: 'notice'}, text)));
    if (R.isComparison) return R.drawComparison();
    const isOpen = R.byId('overview').querySelector('details')?.open;
    R.byId('overview').replaceChildren(...[h('dl', {class: 'figures-row'}, runFigures(R.runs[0])), evalTable(R.runs[0])].filter(Boolean));
    if (isOpen) R.byId('overview').querySelector('details').open = true;
    return undefined;
  };
}
