// SPDX-License-Identifier: Apache-2.0
// Text of a model as nodes: tags, answers and reflection words marked, what is invisible made visible. It is never markup.
{
  const {h} = R;

  // The list of the R1-Zero analysis, as the metric counts it: whole words of ASCII letters and apostrophes, in any case.
  const REFLECTION = new Set(['wait', 'mistake', 'however', 'but', 'retry', 'error', 'verify', 'wrong', 'evaluate', 'check']);
  const TAG = /<\/?(?:think|answer|reasoning|solution|tool_call|tool_response)>|<\|[^|<>\n]{1,40}\|>|<\uff5c[^\uff5c<>\n]{1,40}\uff5c>|\\boxed\{[^{}\n]{0,200}\}/g;
  // Control characters, and those that reorder or hide text; not the joiners (U+200C, U+200D), which scripts and emoji need.
  const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

  const name = (character) => {
    const code = character.codePointAt(0);
    return code < 32 ? String.fromCodePoint(0x2400 + code) : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  };

  // Pieces of `text` at each match: others go to `plain`, matches to `marked`.
  const pieces = (text, pattern, plain, marked) => {
    const out = [];
    let at = 0;
    for (const match of text.matchAll(pattern)) {
      if (match.index > at) out.push(plain(text.slice(at, match.index)));
      out.push(marked(match[0]));
      at = match.index + match[0].length;
    }
    if (at < text.length) out.push(plain(text.slice(at)));
    return out.flat();
  };

  const withHidden = (text) => pieces(text, HIDDEN, (plain) => [plain], (match) => [h('span', {class: 'hidden-char', title: 'character without a picture'}, name(match))]);

  const withWords = (text) => pieces(text, /[A-Za-z']+/g, withHidden, (word) =>
    REFLECTION.has(word.toLowerCase()) ? [h('mark', {}, word)] : [word]);

  const merge = (nodes) => nodes.reduce((out, node) => {
    if (typeof node === 'string' && typeof out.at(-1) === 'string') out[out.length - 1] += node;
    else out.push(node);
    return out;
  }, []);

  R.countReflection = (text) => [...text.matchAll(/[A-Za-z']+/g)].filter(([word]) => REFLECTION.has(word.toLowerCase())).length;

  // A completion as nodes. What stands within <think> and <answer> has a style of its own, up to the end when the tag never closes.
  R.marked = (text) => {
    let within = '';
    const put = (nodes) => within ? [h('span', {class: within}, merge(nodes))] : merge(nodes);
    return pieces(text, TAG, (plain) => put(withWords(plain)), (tag) => {
      if (tag.startsWith('\\boxed')) return [h('span', {class: 'in-answer'}, withHidden(tag))];
      const inner = tag.match(/^<(\/?)(think|reasoning|answer|solution)>$/);
      if (inner) within = inner[1] ? '' : /think|reasoning/.test(inner[2]) ? 'in-think' : 'in-answer';
      return [h('span', {class: 'tag'}, withHidden(tag))];
    });
  };

  R.plainMarked = (text) => merge(withHidden(text));
}
