// SPDX-License-Identifier: Apache-2.0
// Puts the page together: bar, stages, sections of charts.
{
  const {h} = R;
  let stage = null;

  const tabs = () => {
    const names = R.stageNames();
    const buttons = names.map((name) => h('button', {role: 'tab', type: 'button', 'aria-controls': 'charts', onclick: () => choose(name)}, name, ' ', h('span', {class: 'note'})));
    const choose = (name) => {
      stage = name;
      R.setRange(null);
      R.drawStage();
    };
    const list = h('div', {role: 'tablist', 'aria-label': 'Stages', id: 'tabs', onkeydown: (event) => {
      const move = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (!move) return;
      const to = buttons[(names.indexOf(stage) + move + names.length) % names.length];
      to.focus();
      to.click();
    }}, buttons);
    return list;
  };

  // Which stage is chosen, and how far each is.
  R.showTabs = () => {
    const names = R.stageNames();
    if (R.byId('tabs').children.length !== names.length) R.byId('tabs').replaceWith(tabs());
    [...R.byId('tabs').children].forEach((tab, i) => {
      tab.lastChild.textContent = R.whole(Math.max(...R.runs.map((run) => run.stages.get(names[i])?.lastStep ?? 0)));
      tab.setAttribute('aria-selected', String(names[i] === stage));
      tab.tabIndex = names[i] === stage ? 0 : -1;
    });
  };

  const smoothing = () => {
    const output = h('output', {class: 'note'});
    const slider = h('input', {type: 'range', min: 0, max: 100, step: 1, value: R.recall('smoothing') ?? 0, id: 'smoothing', oninput: () => apply()});
    // The slider is even in how far the average reaches back, up to some 200 steps.
    const apply = () => {
      R.view.smoothing = slider.value > 0 ? 1 - 10 ** (-2.3 * slider.value / 100) : 0;
      output.textContent = R.view.smoothing > 0 ? R.view.smoothing.toFixed(2) : 'off';
      R.remember('smoothing', slider.value);
      R.redraw();
    };
    apply();
    return h('label', {class: 'setting'}, h('span', {}, 'Smoothing'), slider, output);
  };

  const axisChoice = () => {
    const options = ['step', 'num_tokens', 'elapsed_s'].map((axis) => h('button', {type: 'button', 'aria-pressed': String(axis === R.view.axis), onclick: (event) => {
      R.view.axis = axis;
      for (const button of event.currentTarget.parentElement.children) button.setAttribute('aria-pressed', String(button === event.currentTarget));
      R.setCross(null);
      R.setRange(null);
    }}, R.axisName[axis]));
    return h('span', {class: 'setting segments', role: 'group', 'aria-label': 'Horizontal axis'}, options);
  };

  const logChoice = () => {
    const button = h('button', {type: 'button', 'aria-pressed': 'false', title: 'Logarithmic axis where values are no shares', onclick: () => {
      R.view.isLog = !R.view.isLog;
      button.setAttribute('aria-pressed', String(R.view.isLog));
      for (const chart of R.charts) chart.isLog = null;
      R.redraw();
    }}, 'log');
    return h('span', {class: 'setting segments'}, button);
  };

  const drawBar = () => R.byId('bar').replaceChildren(tabs(), h('span', {class: 'settings'}, smoothing(), axisChoice(), logChoice(),
    h('button', {id: 'reset-zoom', class: 'plain', type: 'button', hidden: true, onclick: () => R.setRange(null)}, 'Whole range')));

  R.drawStage = () => {
    const names = R.stageNames();
    const mains = R.runs.map(R.mainStage).filter(Boolean);
    const main = mains.find((found) => found.columns.has('reward')) ?? mains[0];
    if (!names.includes(stage)) stage = main?.name ?? names.at(-1) ?? null;
    R.showTabs();
    for (const chart of R.charts) chart.drop();
    R.charts = [];
    if (stage === null) {
      R.byId('charts').replaceChildren(h('p', {class: 'empty'}, 'No step is done yet.'));
      return;
    }
    const section = ([title, specs]) => {
      const charts = specs.map(R.makeChart);
      R.charts.push(...charts);
      const grid = h('div', {class: 'grid'}, charts.map((chart) => chart.element));
      const isOther = title === 'Other metrics';
      return isOther ? h('details', {class: 'fold section'}, h('summary', {}, `${title}, ${specs.length}`), grid)
        : h('section', {class: 'section', 'aria-label': title}, h('h2', {}, title), grid);
    };
    R.byId('charts').replaceChildren(...R.catalogue(stage).map(section));
  };

  R.load();
  R.drawHead();
  document.body.append(h('p', {id: 'readout', class: 'hide', 'aria-live': 'polite'}));
  drawBar();
  R.drawOverview();
  R.drawStage();
  R.drawSamples();
  R.drawConfig();
  R.byId('foot').replaceChildren(h('p', {class: 'note'}, `Written by Lockstep ${R.lockstep.version} (${R.lockstep.commit}). Drag across a chart to zoom, double-click for the whole range; arrow keys walk along a chart.`));
  R.startLive();
}
