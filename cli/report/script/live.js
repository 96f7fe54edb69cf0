// SPDX-License-Identifier: Apache-2.0
// The live view: asks the server for what is new, and takes it in.
{
  const EVERY_MS = 2000, SLOWEST_MS = 30000;

  const status = (text, isGood) => {
    const element = R.byId('live');
    element.textContent = text;
    element.className = isGood ? 'live good' : 'live bad';
  };

  const takeFacts = (run, facts) => {
    Object.assign(run, {evals: facts.evals, seconds: facts.seconds, ended: facts.ended, isFinished: facts.is_finished});
  };

  const take = (answer) => {
    const [run] = R.runs;
    let isNewChart = false;
    for (const row of answer.rows) isNewChart = R.appendRow(run, row) || isNewChart;
    takeFacts(run, answer.facts);
    if (answer.samples) R.appendSamples(run, answer.samples);
    if (isNewChart) R.drawStage();
    else if (answer.rows.length) R.redraw();
    R.showTabs();
    R.drawOverview();
    R.live.cursor = answer.cursor;
    status(run.isFinished ? 'finished' : 'live', true);
  };

  const poll = async () => {
    const response = await fetch(`data.json?after=${encodeURIComponent(R.live.cursor)}`, {signal: AbortSignal.timeout(15000)});
    if (!response.ok) throw new Error(`status ${response.status}`);
    const answer = await response.json();
    if (answer.reset) return location.reload();
    take(answer);
    return answer.more;
  };

  R.startLive = () => {
    if (!R.live) return;
    let wait = EVERY_MS;
    status('live', true);
    const next = async () => {
      try {
        wait = await poll() ? 0 : EVERY_MS;
      } catch {
        wait = Math.min(SLOWEST_MS, Math.max(EVERY_MS, wait) * 2);
        status('no answer from the server', false);
      }
      setTimeout(next, document.hidden ? Math.max(wait, 10000) : wait);
    };
    setTimeout(next, EVERY_MS);
  };
}
