// SPDX-License-Identifier: Apache-2.0
// The shapes of a chart: paths, bands, axes.
{
  const {s} = R;
  const round = (pixel) => Math.round(pixel * 10) / 10;

  // Points [x pixel, y pixel or null] as a path with gaps. Where many fall into one pixel column, its first, lowest, highest and
  // last are drawn: the same picture from a bounded number of points.
  const thin = (points, limit) => {
    if (points.length <= limit) return points;
    const out = [];
    for (let i = 0; i < points.length;) {
      const column = Math.round(points[i][0]);
      let end = i, low = i, high = i;
      for (; end < points.length && Math.round(points[end][0]) === column && points[end][1] !== null; ++end) {
        if (points[end][1] < points[low][1]) low = end;
        if (points[end][1] > points[high][1]) high = end;
      }
      if (end === i) out.push(points[i++]);
      else {
        for (const k of [...new Set([i, low, high, end - 1])].sort((a, b) => a - b)) out.push(points[k]);
        i = end;
      }
    }
    return out;
  };

  const linePath = (points) => {
    let text = '', isOpen = false;
    for (const [x, y] of thin(points, 3000)) {
      if (y !== null) text += `${isOpen ? 'L' : 'M'}${round(x)} ${round(y)}`;
      isOpen = y !== null;
    }
    return text;
  };

  // The area between two lines of the same x, in one piece per stretch without gaps.
  const areaPath = (xs, lows, highs) => {
    let text = '', start = 0;
    const flush = (end) => {
      if (end > start) {
        for (let i = start; i < end; ++i) text += `${i === start ? 'M' : 'L'}${round(xs[i])} ${round(highs[i])}`;
        for (let i = end - 1; i >= start; --i) text += `L${round(xs[i])} ${round(lows[i])}`;
        text += 'Z';
      }
      start = end + 1;
    };
    for (let i = 0; i <= xs.length; ++i) if (i === xs.length || lows[i] === null || highs[i] === null) flush(i);
    return text;
  };

  // A line with its bands and faint unsmoothed trace, in pixels of the scales.
  R.drawLine = (line, sx, sy, view) => {
    const color = `c${line.color}`, dash = line.dash ? ` d${line.dash}` : '';
    const place = (v) => v === null || v === undefined || (view.isLog && v <= 0) ? null : R.clamp(sy.at(v), -1e5, 1e5);
    const xs = line.x.map((x) => R.clamp(sx.at(x), -1e5, 1e5));
    const shapes = [];
    for (const [lows, highs, kind] of [[line.bandLo, line.bandHi, 'band'], [line.lo, line.hi, 'extent']]) {
      if (!lows || lows === highs) continue;
      const d = areaPath(xs, lows.map((v) => view.isLog && v !== null && v <= 0 ? sy.at(sy.low) : place(v)), highs.map(place));
      if (d) shapes.push(s('path', {class: `${kind} ${color}`, d}));
    }
    const raw = linePath(line.y.map((v, i) => [xs[i], place(v)]));
    if (line.smooth) shapes.push(s('path', {class: `trace raw ${color}`, d: raw}));
    const d = line.smooth ? linePath(line.smooth.map((v, i) => [xs[i], place(v)])) : raw;
    shapes.push(s('path', {class: `trace ${color}${dash}`, d}));
    // Few points are marked, and so is one that stands alone.
    const marks = line.y.map((v, i) => [xs[i], place(v), i]).filter(([, y]) => y !== null);
    const isAlone = (i) => place(line.y[i - 1]) === null && place(line.y[i + 1]) === null;
    for (const [x, y, i] of marks) {
      if (line.isSparse || marks.length <= 1 || isAlone(i)) shapes.push(s('circle', {class: `mark ${color}`, cx: round(x), cy: round(y), r: 2}));
    }
    return shapes;
  };

  R.drawStack = (line, sx, sy) => [
    s('path', {class: `stack c${line.color}`, d: areaPath(line.x.map(sx.at), line.base.map(sy.at), line.top.map(sy.at))}),
  ];

  // Ticks at the foot of the plot where a value was not finite.
  R.drawGaps = (line, sx, height) =>
    line.y.map((v, i) => v === null && s('path', {class: 'gap', d: `M${round(sx.at(line.x[i]))} ${height}v-5`})).filter(Boolean).slice(0, 200);

  R.drawAxes = ({sx, sy, width, height, left, top, formatX}) => {
    const shapes = [];
    for (const tick of sy.ticks(height > 250 ? 7 : 4)) {
      const y = round(top + sy.at(tick));
      shapes.push(s('path', {class: 'grid', d: `M${left} ${y}H${left + width}`}),
                  s('text', {class: 'tick', x: left - 6, y: y + 3.5, 'text-anchor': 'end'}, R.num(tick)));
    }
    for (const tick of sx.ticks(Math.max(2, Math.floor(width / 60)))) {
      const x = round(left + sx.at(tick));
      const anchor = x > left + width - 14 ? 'end' : x < left + 6 ? 'start' : 'middle';
      shapes.push(s('path', {class: 'axis', d: `M${x} ${top + height}v4`}),
                  s('text', {class: 'tick', x, y: top + height + 15, 'text-anchor': anchor}, formatX(tick)));
    }
    shapes.push(s('path', {class: 'axis', d: `M${left} ${top + height}H${left + width}`}));
    return shapes;
  };
}
