// SPDX-License-Identifier: Apache-2.0
// A chart in a card: legend with values, crosshair that all charts share, zoom by dragging, keyboard.
{
  const {h, s} = R;
  const TOP = 6, BOTTOM = 20, RIGHT = 10, MAX_LEGEND = 12;

  // What all charts look at. range: [low, high] of the axis, or null; cross: a place on the axis, or null.
  R.view = {smoothing: 0, axis: 'step', isLog: false, range: null, cross: null};
  R.charts = [];

  R.redraw = R.framed(() => R.charts.forEach((chart) => chart.refresh()));
  const showCross = R.framed(() => R.charts.forEach((chart) => chart.showCross()));
  R.setCross = (x) => {
    R.view.cross = x;
    showCross();
  };
  R.setRange = (range) => {
    R.view.range = range;
    R.byId('reset-zoom')?.toggleAttribute('hidden', range === null);
    R.redraw();
  };

  const AXES = {step: R.whole, num_tokens: R.num, elapsed_s: R.duration};
  R.axisName = {step: 'step', num_tokens: 'tokens', elapsed_s: 'time'};
  R.formatX = (x) => AXES[R.view.axis](x);

  const swatch = (line) => s('svg', {class: 'swatch', viewBox: '0 0 14 8', 'aria-hidden': 'true'},
    line.top ? s('rect', {class: `stack c${line.color}`, width: 14, height: 8, rx: 1.5})
      : s('path', {class: `trace c${line.color}${line.dash ? ` d${line.dash}` : ''}`, d: 'M0 4H14'}));
  R.swatch = swatch;

  const visible = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      entry.target.chart.isSeen = entry.isIntersecting;
      if (entry.isIntersecting) entry.target.chart.refresh();
    }
  }, {rootMargin: '200px'});
  const resized = new ResizeObserver((entries) => entries.forEach((entry) => entry.target.chart.resize(entry.contentRect.width)));

  // Paper shows all charts, those that were never scrolled to as well.
  addEventListener('beforeprint', () => R.charts.forEach((chart) => {
    chart.isSeen = true;
    chart.refresh();
  }));

  class Chart {
    constructor(spec) {
      this.spec = spec;
      this.hidden = new Set();
      this.isLog = null;  // null: as all charts
      this.isSeen = false;
      this.isStale = true;
      this.width = 0;
      this.legend = h('div', {class: 'legend'});
      this.plot = s('svg', {class: 'plot', tabindex: 0, role: 'img', 'aria-label': spec.title});
      const button = (label, title, action) => h('button', {class: 'mini', type: 'button', title, 'aria-label': `${title}: ${spec.title}`, 'aria-pressed': 'false', onclick: action}, label);
      this.logButton = spec.isStacked || spec.bounds ? null : button('log', 'Logarithmic axis', () => this.toggleLog());
      this.wideButton = button('\u2922', 'Full width', () => this.toggleWide());
      this.overlay = s('svg', {class: 'overlay', 'aria-hidden': 'true'});  // a layer of its own: the crosshair moves without the lines being drawn again
      this.box = h('div', {class: 'plotbox'}, this.plot, this.overlay);
      this.box.chart = this;
      this.element = h('article', {class: 'card'},
        h('header', {}, h('h3', {title: spec.keys.join('\n')}, spec.title), spec.note && h('span', {class: 'note'}, spec.note),
          h('span', {class: 'minis'}, this.logButton, this.wideButton)),
        this.legend, this.box);
      this.listen();
      resized.observe(this.box);
      visible.observe(this.box);
    }

    drop() {
      resized.unobserve(this.box);
      visible.unobserve(this.box);
    }

    toggleLog() {
      this.isLog = !this.usesLog();
      this.refresh();
    }

    toggleWide() {
      const isWide = this.element.classList.toggle('wide');
      this.wideButton.setAttribute('aria-pressed', String(isWide));
    }

    usesLog() {
      return this.logButton !== null && (this.isLog ?? R.view.isLog);
    }

    resize(width) {
      this.width = width;
      this.refresh();
    }

    refresh() {
      this.isStale = true;
      if (!this.isSeen || this.width < 40) return;
      this.isStale = false;
      this.lines = this.spec.lines();
      this.makeLegend();
      this.draw();
      this.showCross();
    }

    makeLegend() {
      const items = this.lines.map((line) => {
        line.value = h('span', {class: 'value'});
        const isShown = !this.hidden.has(line.id);
        return h('button', {class: 'key', type: 'button', 'aria-pressed': String(isShown), title: isShown ? 'Hide' : 'Show', onclick: () => this.toggle(line.id)},
                 swatch(line), h('span', {class: 'label'}, line.label), line.value);
      });
      const more = items.length - MAX_LEGEND;
      this.legend.classList.toggle('columns', R.isComparison && items.length > 3);
      this.legend.replaceChildren(...items.slice(0, MAX_LEGEND), ...(more > 0 ? [h('span', {class: 'note'}, `and ${more} more`)] : []));
    }

    toggle(id) {
      if (!this.hidden.delete(id)) this.hidden.add(id);
      this.refresh();
    }

    shown() {
      return this.lines.filter((line) => !this.hidden.has(line.id));
    }

    // Lowest and highest of what lies within the zoomed range.
    extent(isLog) {
      let low = Infinity, high = -Infinity;
      const range = R.view.range ?? [-Infinity, Infinity];
      for (const line of this.shown()) {
        const isBusy = line.smooth && line.y.length > 8;  // a smoothed chart is about the line, not about single points
        for (const ys of line.top ? [line.top, line.base] : [line.y, isBusy ? null : line.lo, isBusy ? null : line.hi, line.bandLo, line.bandHi]) {
          (ys ?? []).forEach((y, i) => {
            if (y === null || line.x[i] < range[0] || line.x[i] > range[1] || (isLog && y <= 0)) return;
            low = Math.min(low, y);
            high = Math.max(high, y);
          });
        }
      }
      return [low, high];
    }

    draw() {
      const height = this.element.classList.contains('wide') ? 340 : 168;
      const isLog = this.usesLog(), view = {...R.view, isLog};
      this.logButton?.setAttribute('aria-pressed', String(isLog));
      const [low, high] = R.domain(...this.extent(isLog), {isLog, bounds: this.spec.bounds});
      const sy = R.scale({low, high, from: height, to: 0, isLog});
      const left = 10 + 6.3 * Math.max(2, ...sy.ticks(height > 250 ? 7 : 4).map((tick) => R.num(tick).length));
      const width = Math.max(20, this.width - left - RIGHT);
      const xs = this.shown().flatMap((line) => line.x.length ? [line.x[0], line.x.at(-1)] : []);
      const [xLow, xHigh] = R.view.range ?? [Math.min(...xs), Math.max(...xs)];
      const sx = R.scale({low: xLow <= xHigh ? xLow : 0, high: xLow < xHigh ? xHigh : (xLow <= xHigh ? xLow : 0) + 1, from: 0, to: width});
      Object.assign(this, {sx, sy, left, height, plotWidth: width});
      // Clipped to the plot, but for the width of a line at its upper and lower edge.
      const inner = s('svg', {x: left, y: TOP - 3, width, height: height + 6, viewBox: `0 -3 ${width} ${height + 6}`, overflow: 'hidden'},
        this.shown().map((line) => line.top ? R.drawStack(line, sx, sy) : R.drawLine(line, sx, sy, view)),
        this.shown().map((line) => line.bad > 0 ? R.drawGaps(line, sx, height) : null));
      this.cross = s('g', {class: 'cross', transform: `translate(${left} ${TOP})`});
      for (const layer of [this.plot, this.overlay]) {
        layer.setAttribute('viewBox', `0 0 ${this.width} ${height + TOP + BOTTOM}`);
        layer.setAttribute('height', height + TOP + BOTTOM);
      }
      this.overlay.replaceChildren(this.cross);
      this.plot.replaceChildren(...R.drawAxes({sx, sy, width, height, left, top: TOP, formatX: R.formatX}), inner);
      if (!this.shown().some((line) => line.y.some((y) => y !== null)))
        this.plot.append(s('text', {class: 'empty', x: left + width / 2, y: TOP + height / 2, 'text-anchor': 'middle'}, 'nothing to show'));
    }

    // Values at the crosshair, or the last ones.
    showCross() {
      if (this.isStale || !this.isSeen) return;
      const {cross} = R.view, shapes = [], words = [];
      let at = null;
      for (const line of this.lines) {
        const i = cross === null ? line.x.length - 1 : R.nearest(line.x, cross);
        const y = cross === null ? line.lastY : line.smooth ? line.smooth[i] : line.y[i];
        line.value.textContent = this.format(y ?? null);
        if (line.hi !== line.lo && cross !== null && !R.isComparison && line.lo?.[i] !== null && line.lo?.[i] !== line.hi?.[i] && !line.smooth)
          line.value.textContent += ` (${this.format(line.lo[i])}\u2009\u2013\u2009${this.format(line.hi[i])})`;
        if (cross === null || i < 0 || this.hidden.has(line.id)) continue;
        words.push(`${line.label} ${this.format(y ?? null)}`);
        if (at === null || Math.abs(line.x[i] - cross) < Math.abs(at - cross)) at = line.x[i];
        const spot = line.top ? line.top[i] : y;
        if (spot !== null && spot !== undefined && !(this.usesLog() && spot <= 0))
          shapes.push(s('circle', {class: `dot c${line.color}`, cx: this.sx.at(line.x[i]), cy: this.sy.at(spot), r: 3}));
      }
      if (at !== null && at >= this.sx.low && at <= this.sx.high) {
        const x = this.sx.at(at), text = R.formatX(at), half = 4 + text.length * 3.4;
        const middle = R.clamp(x, half, this.plotWidth - half);
        shapes.unshift(s('path', {class: 'hair', d: `M${x} 0V${this.height}`}));
        shapes.push(s('rect', {class: 'flag', x: middle - half, y: this.height + 4, width: 2 * half, height: 15, rx: 3}),
                    s('text', {class: 'flagtext', x: middle, y: this.height + 15, 'text-anchor': 'middle'}, text));
      }
      this.cross.replaceChildren(...shapes);
      this.plot.setAttribute('aria-label', `${this.spec.title}${at === null ? '' : `, ${R.axisName[R.view.axis]} ${R.formatX(at)}: ${words.join(', ')}`}`);
    }

    format(value) {
      return this.spec.isTime ? (value === null ? R.num(value) : R.duration(value)) : R.num(value);
    }

    placeOf(event) {
      const box = this.plot.getBoundingClientRect();
      return R.clamp(event.clientX - box.left - this.left, 0, this.plotWidth);
    }

    listen() {
      let start = null;
      const select = s('rect', {class: 'select', y: TOP});
      this.plot.addEventListener('pointermove', (event) => {
        if (this.isStale) return;
        const x = this.placeOf(event);
        R.setCross(this.sx.value(x));
        if (start === null || Math.abs(x - start) < 4) return;
        for (const [name, value] of [['x', this.left + Math.min(x, start)], ['width', Math.abs(x - start)], ['height', this.height]]) select.setAttribute(name, value);
        if (!select.isConnected) this.plot.append(select);
      });
      this.plot.addEventListener('pointerleave', () => R.setCross(null));
      this.plot.addEventListener('pointerdown', (event) => {
        if (event.pointerType !== 'mouse' || event.button !== 0 || this.isStale) return;
        start = this.placeOf(event);
        this.plot.setPointerCapture(event.pointerId);
      });
      this.plot.addEventListener('pointerup', (event) => {
        if (start === null) return;
        const [a, b] = [start, this.placeOf(event)].sort((p, q) => p - q);
        start = null;
        select.remove();
        if (b - a >= 6) R.setRange([this.sx.value(a), this.sx.value(b)]);
      });
      this.plot.addEventListener('pointercancel', () => {
        start = null;
        select.remove();
      });
      this.plot.addEventListener('dblclick', () => R.setRange(null));
      this.plot.addEventListener('blur', () => R.setCross(null));
      this.plot.addEventListener('keydown', (event) => this.key(event));
    }

    // Arrows walk along the points, Home and End jump, Escape leaves.
    key(event) {
      const xs = this.shown()[0]?.x ?? [];
      const moves = {ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity};
      if (event.key === 'Escape') {
        R.setCross(null);
        R.setRange(null);
      } else if (event.key in moves && xs.length) {
        const now = R.view.cross === null ? xs.length - 1 : R.nearest(xs, R.view.cross);
        R.setCross(xs[R.clamp(now + moves[event.key], 0, xs.length - 1)]);
        requestAnimationFrame(() => requestAnimationFrame(() => (R.byId('readout').textContent = this.plot.getAttribute('aria-label'))));
      } else {
        return;
      }
      event.preventDefault();
    }
  }

  R.makeChart = (spec) => new Chart(spec);
}
