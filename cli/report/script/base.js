// SPDX-License-Identifier: Apache-2.0
// Making elements, and numbers as text. Text reaches the page as text nodes and attributes only, never as markup.
'use strict';

const R = {};

{
  const SVG = 'http://www.w3.org/2000/svg';

  const fill = (element, attributes, children) => {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (value === undefined || value === null || value === false) continue;
      if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? '' : value);
    }
    element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
  };

  // h('button', {class: 'tab', onclick: f}, 'text', child, ...)
  R.h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  R.s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
  R.byId = (id) => document.getElementById(id);

  const MINUS = '\u2212', NONE = '\u2013';
  const sign = (text) => text.replace(/^-/, MINUS).replace(/e-/, 'e' + MINUS).replace(/e\+/, 'e');

  // Four significant digits at most; thousands and more as k, M, G, T.
  R.num = (value) => {
    if (typeof value !== 'number' || Number.isNaN(value)) return NONE;
    const size = Math.abs(value);
    if (!Number.isFinite(value)) return value > 0 ? '\u221e' : MINUS + '\u221e';
    if (size >= 1e15 || (size > 0 && size < 1e-3)) return sign(value.toExponential(2).replace(/\.?0+e/, 'e'));
    if (Number.isInteger(value) && size < 1e4) return sign(String(value));
    for (const [unit, letter] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']]) {
      if (size >= unit && (size >= 1e4 || unit > 1e3)) return sign(String(+(value / unit).toPrecision(3))) + letter;
    }
    return sign(String(+value.toPrecision(4)));
  };

  // A count in full, in groups of three digits.
  R.whole = (value) => typeof value !== 'number' ? NONE : sign(String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u202f'));

  R.fixed = (value, digits) => typeof value !== 'number' ? NONE : sign(value.toFixed(digits));

  // 41 s, 13m 53s, 2h 03m, 3d 04h
  R.duration = (seconds) => {
    if (!Number.isFinite(seconds)) return NONE;
    const two = (n) => String(Math.floor(n)).padStart(2, '0');
    if (seconds < 60) return `${+seconds.toPrecision(3)} s`;
    const minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
    if (minutes < 60) return `${Math.floor(minutes)}m ${two(seconds % 60)}s`;
    if (hours < 24) return `${Math.floor(hours)}h ${two(minutes % 60)}m`;
    return `${Math.floor(days)}d ${two(hours % 24)}h`;
  };

  R.clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  // 95% Wilson score interval of a share observed over n independent trials.
  R.wilson = (share, n) => {
    if (!(n > 0) || !Number.isFinite(share)) return null;
    const z = 1.959964, p = R.clamp(share, 0, 1), base = 1 + z * z / n;
    const middle = (p + z * z / (2 * n)) / base;
    const half = z / base * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return [Math.max(0, middle - half), Math.min(1, middle + half)];
  };

  // Calls `action` once in the next frame, however often it is asked for.
  R.framed = (action) => {
    let is_due = false;
    return () => {
      if (is_due) return;
      is_due = true;
      requestAnimationFrame(() => {
        is_due = false;
        action();
      });
    };
  };

  // A remembered setting; a page opened from a file may have no storage.
  R.recall = (name) => {
    try {
      return localStorage.getItem('lockstep.' + name);
    } catch {
      return null;
    }
  };
  R.remember = (name, value) => {
    try {
      localStorage.setItem('lockstep.' + name, value);
    } catch {
      // the setting lasts as long as the page
    }
  };

  R.plural = (count, noun) => `${R.whole(count)} ${noun}${count === 1 ? '' : 's'}`;
}
