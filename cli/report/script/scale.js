// SPDX-License-Identifier: Apache-2.0
// Axes: domains, round ticks, and where a value lies.
{
  const niceStep = (rough) => {
    const power = 10 ** Math.floor(Math.log10(rough));
    const share = rough / power;
    return power * (share < 1.4 ? 1 : share < 3.2 ? 2 : share < 7.1 ? 5 : 10);
  };

  const linearTicks = (low, high, count) => {
    const step = niceStep((high - low) / Math.max(1, count));
    const ticks = [];
    if (!(step > 0) || !Number.isFinite(step)) return ticks;
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9 && ticks.length < 50; ++i) ticks.push(+(i * step).toPrecision(12));
    return ticks;
  };

  // Powers of ten, thinned; within three decades 1, 2, 5 too.
  const logTicks = (low, high, count) => {
    const from = Math.floor(Math.log10(low)), to = Math.ceil(Math.log10(high)), ticks = [];
    const every = Math.max(1, Math.ceil((to - from) / Math.max(1, count)));
    for (let power = from; power <= to; power += every)
      for (const digit of to - from <= 3 ? [1, 2, 5] : [1]) ticks.push(digit * 10 ** power);
    return ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
  };

  // {at(value) -> pixel, value(pixel), ticks(count), low, high}; `low` and `high` go to pixels `from` and `to`.
  R.scale = ({low, high, from, to, isLog = false}) => {
    const forward = isLog ? Math.log10 : (v) => v;
    const a = forward(low), span = forward(high) - a || 1;
    return {
      low, high,
      at: (value) => from + (forward(value) - a) / span * (to - from),
      value: (pixel) => {
        const place = a + (pixel - from) / (to - from) * span;
        return isLog ? 10 ** place : place;
      },
      ticks: (count) => isLog ? logTicks(low, high, count) : linearTicks(low, high, count),
    };
  };

  // The range to draw for values from `low` to `high`: some air around them, a constant in the middle, and zero or the bounds
  // of a share where the values come near them.
  R.domain = (low, high, {isLog = false, bounds = null} = {}) => {
    if (!(low <= high)) return isLog ? [1, 10] : bounds ?? [0, 1];
    if (isLog) return low === high ? [low / 2, high * 2] : [low / 1.15, high * 1.15];
    if (bounds && low >= bounds[0] && high <= bounds[1]) {
      const room = bounds[1] - bounds[0];
      if (high - low > room * 0.25) return bounds;
      [low, high] = [Math.max(bounds[0], low - room * 0.02), Math.min(bounds[1], high + room * 0.02)];
      return low === high ? bounds : [low, high];
    }
    if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) * 0.1, high + Math.abs(high) * 0.1];
    const air = (high - low) * 0.06;
    const down = low >= 0 && low < (high - low) * 0.5 ? 0 : low - air;
    return [down, high + air];
  };
}
