// Payloads that are easily damaged on the way.

/** What JSON escapes, what JavaScript or HTML would, all lengths of UTF-8. */
export const unicode = 'quote " backslash \\ slash / newline \n tab \t nul \u0000 del \u007f <b>&amp;</b> ' +
  'é ß 中文 עברית \u2028\u2029 \ufeff \uffff e\u0301 😀 👩‍👩‍👧 \u{10ffff} \\u0041 {"not":"parsed"}';

/** What makes 9 KB of JSON, half of it escaped or not ASCII; all of it different. */
export const large = (() => {
  const size = (text) => Buffer.byteLength(JSON.stringify(text));
  let text = '';
  for (let i = 0; size(text) < 9 * 1024 - 16; i++) text += `${i}"\\é`;
  return text.padEnd(text.length + 9 * 1024 - size(text), '.');
})();
