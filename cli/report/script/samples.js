// SPDX-License-Identifier: Apache-2.0
// Stored completions as a table: sorted, filtered, a row opens to the whole texts.
{
  const {h} = R;
  const PAGE = 40;
  const state = {run: 'all', step: 'all', words: '', advantage: 'all', finish: 'all', sort: 'step', isDown: true, limit: PAGE};

  const wholeText = (text) => Array.isArray(text) ? `${text[0]} ${text[2]}` : text ?? '';

  // Rows of all runs with their texts at hand, made anew when a live run brings more.
  let rows = null;
  const allRows = () => rows ??= R.runs.flatMap((run) => (run.samples?.rows ?? []).map((row, index) =>
    ({...row, run, index, promptText: run.samples.prompts[row.prompt], words: null})));

  const partNames = () => [...new Set(R.runs.flatMap((run) => run.samples?.parts ?? []))];
  const partOf = (row, name) => row.parts[row.run.samples.parts.indexOf(name)] ?? null;

  const wordsOf = (row) => row.words ??= `${wholeText(row.promptText)}\n${wholeText(row.completion)}`.toLowerCase();

  const matches = (row) =>
    (state.run === 'all' || row.run.index === +state.run) && (state.step === 'all' || row.step === +state.step) &&
    (state.finish === 'all' || wholeText(row.finish) === state.finish) &&
    (state.advantage === 'all' || Math.sign(row.advantage ?? 0) === +state.advantage) &&
    (!state.words || wordsOf(row).includes(state.words.toLowerCase()));

  const KEYS = {
    step: (row) => row.step, run: (row) => row.run.index, reward: (row) => row.reward, advantage: (row) => row.advantage, tokens: (row) => row.tokens,
    prompt: (row) => wholeText(row.promptText), completion: (row) => wholeText(row.completion), finish: (row) => wholeText(row.finish),
  };
  const keyOf = (name) => KEYS[name] ?? ((row) => partOf(row, name.slice(5)));

  const compare = (a, b) => {
    if (a === b) return 0;
    if (a === null || a === undefined) return -1;
    if (b === null || b === undefined) return 1;
    return typeof a === typeof b ? (a < b ? -1 : 1) : typeof a === 'number' ? 1 : -1;
  };

  const chosen = () => {
    const key = keyOf(state.sort), way = state.isDown ? -1 : 1;
    return allRows().filter(matches).map((row) => ({row, value: key(row)}))
      .sort((a, b) => way * compare(a.value, b.value) || b.row.step - a.row.step || a.row.run.index - b.row.run.index || a.row.line - b.row.line)
      .map(({row}) => row);
  };

  const signed = (value) => h('span', {class: value > 0 ? 'up' : value < 0 ? 'down' : ''}, (value > 0 ? '+' : '') + R.num(value));
  const score = (value) => typeof value === 'string' ? h('span', {class: 'status'}, R.plainMarked(value)) : Array.isArray(value) ? 'text' : R.num(value);

  const textNodes = (text, mark) => Array.isArray(text)
    ? [mark(text[0]), h('span', {class: 'cut'}, ` ${R.plural(text[1], 'byte')} left out here `), mark(text[2])] : mark(text ?? '');

  const preview = (text) => {
    const flat = wholeText(text).replace(/\s+/g, ' ').trim();
    return flat.length > 260 ? `${flat.slice(0, 260)}\u2026` : flat;
  };

  const details = (row, width) => {
    const extras = Object.entries(row.extras ?? {});
    const reflections = R.countReflection(wholeText(row.completion));
    const facts = [`completions/step_${row.step - 1}.jsonl, line ${row.line}`, reflections > 0 && R.plural(reflections, 'reflection word')].filter(Boolean);
    return h('tr', {class: 'details'}, h('td', {colspan: width},
      h('div', {class: 'texts'}, h('section', {}, h('h4', {}, 'Prompt'), h('pre', {dir: 'auto'}, textNodes(row.promptText, R.plainMarked))),
        h('section', {}, h('h4', {}, 'Completion'), h('pre', {dir: 'auto'}, textNodes(row.completion, R.marked)))),
      extras.length > 0 && h('dl', {class: 'extras'}, extras.map(([name, text]) => [h('dt', {}, name), h('dd', {}, textNodes(text, R.plainMarked))])),
      h('p', {class: 'note'}, facts.join(' \u00b7 '))));
  };

  const cells = (row, parts) => {
    const button = h('button', {class: 'open', type: 'button', 'aria-expanded': 'false', 'aria-label': `Step ${row.step}, line ${row.line}: whole texts`}, R.whole(row.step));
    const td = (label, kind, ...children) => h('td', {'data-label': label, class: kind}, children);
    return [h('td', {'data-label': 'step', class: 'step'}, button),
            R.isComparison && td('run', 'run', R.swatch({color: row.run.index % 8}), row.run.name),
            td('prompt', 'text prompt', h('span', {}, R.plainMarked(preview(row.promptText)))),
            td('completion', 'text', h('span', {}, R.marked(preview(row.completion)))),
            parts.map((name) => td(name, 'number', score(partOf(row, name)))),
            td('reward', 'number', R.num(row.reward)), td('advantage', 'number', signed(row.advantage)),
            td('tokens', 'number', R.num(row.tokens)), td('end', 'end', R.plainMarked(wholeText(row.finish)))].flat().filter(Boolean);
  };

  const tableRow = (row, parts) => {
    const tr = h('tr', {class: 'sample'}, cells(row, parts));
    const button = tr.querySelector('button');
    let opened = null;
    const flip = () => {
      if (opened) opened.remove();
      else tr.after(opened = details(row, tr.children.length));
      if (!opened.isConnected) opened = null;
      button.setAttribute('aria-expanded', String(opened !== null));
    };
    tr.addEventListener('click', () => String(getSelection()) || flip());
    return tr;
  };

  const show = () => {
    const found = chosen(), parts = partNames(), all = allRows();
    R.byId('samples-body').replaceChildren(...found.slice(0, state.limit).map((row) => tableRow(row, parts)));
    R.byId('samples-count').textContent = found.length === all.length ? R.plural(all.length, 'sample') : `${R.whole(found.length)} of ${R.plural(all.length, 'sample')}`;
    R.byId('samples-more').toggleAttribute('hidden', found.length <= state.limit);
    for (const th of R.byId('samples').querySelectorAll('th[data-sort]'))
      th.setAttribute('aria-sort', th.dataset.sort !== state.sort ? 'none' : state.isDown ? 'descending' : 'ascending');
  };

  const set = (changes) => {
    Object.assign(state, {limit: PAGE}, changes);
    show();
  };

  const header = (name, label, kind) => h('th', {scope: 'col', 'data-sort': name, class: kind}, h('button', {type: 'button', onclick: () =>
    set({isDown: state.sort === name ? !state.isDown : kind === 'number' || name === 'step', sort: name})}, label));

  const select = (label, key, options) => h('label', {}, h('span', {class: 'note'}, label), h('select', {onchange: (event) => set({[key]: event.target.value})},
    options.map(([value, text]) => h('option', {value, selected: String(state[key]) === String(value)}, text))));

  const steps = () => [...new Set(allRows().map((row) => row.step))].sort((a, b) => a - b);

  const controls = () => {
    const finishes = [...new Set(allRows().map((row) => wholeText(row.finish)))].sort();
    const search = h('input', {type: 'search', value: state.words, placeholder: 'Find in prompts and completions', 'aria-label': 'Find in prompts and completions',
                               oninput: () => set({words: search.value})});
    const walk = (by) => {
      const all = steps(), at = all.indexOf(+state.step);
      set({step: all[at < 0 ? (by > 0 ? 0 : all.length - 1) : R.clamp(at + by, 0, all.length - 1)]});
      R.byId('samples-step').querySelector('select').value = state.step;
    };
    const arrow = (text, label, by) => h('button', {type: 'button', class: 'mini', 'aria-label': label, title: label, onclick: () => walk(by)}, text);
    return h('div', {class: 'controls'}, search,
      h('span', {id: 'samples-step'}, select('Step', 'step', [['all', 'all'], ...steps().map((step) => [step, R.whole(step)])]),
        arrow('\u2039', 'Step before', -1), arrow('\u203a', 'Next step', 1)),
      R.isComparison && select('Run', 'run', [['all', 'all'], ...R.runs.map((run) => [run.index, run.name])]),
      select('Advantage', 'advantage', [['all', 'any'], [1, 'above 0'], [0, '0'], [-1, 'below 0']]),
      finishes.length > 1 && select('End', 'finish', [['all', 'any'], ...finishes.map((finish) => [finish, finish])]),
      h('span', {id: 'samples-count', class: 'note', role: 'status'}));
  };

  // How many of the stored samples these are.
  const boundNote = () => {
    const counts = R.runs.filter((run) => run.samples?.steps.length).map((run) => {
      const {steps: shown, num_steps: stored} = run.samples, one = shown.at(-1);
      const isWhole = shown.length === stored && shown.every((step) => step.shown === step.total);
      const some = `${one.shown} of ${R.plural(one.total, 'sample')} of ${shown.length === stored ? 'each' : R.whole(shown.length)} of ${R.plural(stored, 'step')}`;
      return (R.isComparison ? `${run.name}: ` : '') + (isWhole ? `all of ${R.plural(stored, 'step')}` : some);
    });
    return h('p', {class: 'note'}, `${counts.join('; ')}. Where not all are shown: steps spread evenly; of a step its first rows, and rows spread evenly over the rest. `,
      'The folder ', h('code', {}, 'completions'), ' holds all.');
  };

  R.drawSamples = () => {
    if (!allRows().length) return;
    const parts = partNames();
    const head = h('tr', {}, header('step', 'Step', 'step'), R.isComparison && header('run', 'Run', 'run'), header('prompt', 'Prompt', 'text'),
      header('completion', 'Completion', 'text'), parts.map((name) => header(`part:${name}`, name, 'number')), header('reward', 'Reward', 'number'),
      header('advantage', 'Adv.', 'number'), header('tokens', 'Tokens', 'number'), header('finish', 'End', 'end'));
    R.byId('samples').replaceChildren(h('h2', {}, 'Samples'), boundNote(), controls(),
      h('div', {class: 'scroll'}, h('table', {class: 'samples'}, h('caption', {class: 'hide'}, 'Samples'), h('thead', {}, head), h('tbody', {id: 'samples-body'}))),
      h('button', {id: 'samples-more', class: 'plain', type: 'button', onclick: () => {
        state.limit += PAGE;
        show();
      }}, 'Show more'));
    show();
  };

  // Samples of one more step of a run that goes on; the oldest step goes when there are too many.
  R.appendSamples = (run, added) => {
    const into = run.samples;
    const parts = added.parts.map((name) => {
      if (!into.parts.includes(name)) into.parts.push(name);
      return into.parts.indexOf(name);
    });
    for (const row of added.rows) {
      const values = [];
      row.parts.forEach((value, i) => (values[parts[i]] = value));
      into.rows.push({...row, parts: values, prompt: into.prompts.push(added.prompts[row.prompt]) - 1});
    }
    into.steps.push(...added.steps);
    into.num_steps = Math.max(into.num_steps + 1, into.steps.length);
    if (into.steps.length > 200) {
      const oldest = into.steps.splice(1, 1)[0].step;
      into.rows = into.rows.filter((row) => row.step !== oldest);
    }
    rows = null;
    const isBusy = R.byId('samples').contains(document.activeElement) || R.byId('samples').querySelector('tr.details');
    if (!isBusy) R.drawSamples();
  };
}
