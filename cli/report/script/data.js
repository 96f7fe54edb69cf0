// SPDX-License-Identifier: Apache-2.0
// The page's data: runs, their stages, and columns of points that can grow while a run goes on.
{
  const MAX_LIVE_POINTS = 6000;

  // A column: x (steps), y (means), lo and hi (extremes of the steps that a point stands for), width (how many those are at most).
  const makeColumn = (raw, steps) => ({
    x: raw.x ?? steps, y: raw.y, lo: raw.lo ?? raw.y, hi: raw.hi ?? raw.y,
    width: raw.width ?? 1, bad: raw.bad ?? 0, isShared: !raw.x,
  });

  const makeStage = (raw) => ({
    name: raw.name || 'run', numRows: raw.num_rows, lastStep: raw.last_step, elapsed: raw.elapsed_s,
    columns: new Map(Object.entries(raw.series).map(([key, column]) => [key, makeColumn(column, raw.steps)])),
  });

  const makeRun = (raw, index) => ({
    index, name: raw.name, config: raw.config, configHash: raw.config_hash, model: raw.model,
    numParameters: raw.num_parameters, evals: raw.evals ?? {}, seconds: raw.seconds, started: raw.started, ended: raw.ended,
    isFinished: raw.is_finished, notices: raw.notices ?? [], samples: raw.samples, isVisible: true,
    stages: new Map(raw.stages.map((stage) => [stage.name || 'run', makeStage(stage)])),
  });

  R.load = () => {
    const raw = JSON.parse(R.byId('data').textContent);
    R.lockstep = raw.lockstep;
    R.live = raw.live ?? null;
    R.runs = raw.runs.map(makeRun);
    R.isComparison = R.runs.length > 1;
  };

  R.stageNames = () => [...new Set(R.runs.flatMap((run) => [...run.stages.keys()]))];

  R.column = (run, stage, key) => run.stages.get(stage)?.columns.get(key) ?? null;

  // Every column that any run has in the stage, in order of first appearance.
  R.columnNames = (stage) => [...new Set(R.runs.flatMap((run) => [...(run.stages.get(stage)?.columns.keys() ?? [])]))];

  R.last = (column) => {
    for (let i = (column?.y.length ?? 0) - 1; i >= 0; --i) if (column.y[i] !== null) return column.y[i];
    return null;
  };

  // Mean of the last points that stand for about `steps` steps.
  R.lastMean = (column, steps) => {
    const values = (column?.y ?? []).slice(-Math.max(1, Math.ceil(steps / (column?.width ?? 1)))).filter((y) => y !== null);
    return values.length ? values.reduce((sum, y) => sum + y, 0) / values.length : null;
  };

  // Index of the point nearest to `x` in an ascending array; -1 when it is empty.
  R.nearest = (xs, x) => {
    if (!xs.length) return -1;
    let low = 0, high = xs.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (xs[middle] < x) low = middle + 1;
      else high = middle;
    }
    return low > 0 && x - xs[low - 1] <= xs[low] - x ? low - 1 : low;
  };

  // Where steps lie on another axis: the column's value there, linear in between; itself for steps.
  R.onAxis = (run, stage, axis, steps) => {
    if (axis === 'step') return steps;
    const along = R.column(run, stage, axis);
    if (!along || !along.x.length) return null;
    let i = 0;
    return steps.map((step) => {
      if (step < along.x[0]) return along.y[0] * Math.max(0, step / Math.max(1, along.x[0]));
      while (i + 1 < along.x.length && along.x[i + 1] <= step) ++i;
      if (i + 1 === along.x.length || along.x[i] === step) return along.y[i];
      const share = (step - along.x[i]) / (along.x[i + 1] - along.x[i]);
      return along.y[i] + share * (along.y[i + 1] - along.y[i]);
    });
  };

  // Exponential moving average without the bias of its start. `weight` is per step: a point for many steps moves it as much
  // as they would, so the line looks the same however points were merged.
  R.smooth = (ys, weight, width) => {
    const keep = weight ** width;
    let sum = 0, norm = 0;
    return ys.map((y) => {
      if (y === null) return null;
      sum = keep * sum + (1 - keep) * y;
      norm = keep * norm + (1 - keep);
      return sum / norm;
    });
  };

  const halve = (column) => {
    const merged = {x: [], y: [], lo: [], hi: []};
    for (let i = 0; i < column.x.length; i += 2) {
      const j = Math.min(i + 1, column.x.length - 1);
      const pick = (ys, join) => ys[i] === null ? ys[j] : ys[j] === null ? ys[i] : join(ys[i], ys[j]);
      merged.x.push(column.x[j]);
      merged.y.push(pick(column.y, (a, b) => (a + b) / 2));
      merged.lo.push(pick(column.lo, Math.min));
      merged.hi.push(pick(column.hi, Math.max));
    }
    Object.assign(column, merged, {width: column.width * 2});
  };

  const appendPoint = (column, x, y) => {
    if (column.isShared || column.lo === column.y) {
      // from here on the column has arrays of its own
      Object.assign(column, {x: column.x.slice(), y: column.y.slice(), lo: column.lo.slice(), hi: column.hi.slice(), isShared: false});
    }
    column.x.push(x);
    column.y.push(y);
    column.lo.push(y);
    column.hi.push(y);
    if (y === null) column.bad += 1;
    if (column.x.length > MAX_LIVE_POINTS) halve(column);
  };

  // A new row of a run that goes on; true when it brings a stage or a metric that was not there.
  R.appendRow = (run, row) => {
    const name = row.stage || 'run';
    const isNewStage = !run.stages.has(name);
    if (isNewStage) run.stages.set(name, makeStage({name, num_rows: 0, last_step: 0, elapsed_s: 0, series: {}, steps: []}));
    const stage = run.stages.get(name);
    stage.numRows += 1;
    stage.lastStep = row.step;
    stage.elapsed += row.values.step_time ?? 0;
    let isNew = isNewStage;
    for (const [key, value] of Object.entries({...row.values, elapsed_s: stage.elapsed})) {
      if (!stage.columns.has(key)) {
        stage.columns.set(key, makeColumn({x: [], y: [], lo: [], hi: []}, []));
        isNew = true;
      }
      appendPoint(stage.columns.get(key), row.step, value);
    }
    return isNew;
  };
}
