// Small helpers. Text from the network only ever becomes text.

export const find = (id) => document.getElementById(id);

// make creates an element. Properties that do not exist on it, such as data-
// and aria- ones, become attributes.
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// say changes text only when it differs, so that screen readers stay quiet and
// a selection stays.
export function say(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

const number = new Intl.NumberFormat("en");
export const count = (n) => number.format(n);

export function plural(n, one, many = `${one}s`) {
  return `${count(n)} ${n === 1 ? one : many}`;
}

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  const kilo = n / 1024;
  return kilo < 1000 ? `${kilo.toFixed(kilo < 10 ? 1 : 0)} KiB` : `${(kilo / 1024).toFixed(1)} MiB`;
}

export function age(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"]];
  for (const [size, name] of units) if (seconds >= size) return `${Math.floor(seconds / size)} ${name}`;
  return `${seconds} s`;
}

const stamp = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
export const clock = (at) => stamp.format(at);

// visible shows what would otherwise change how the text around it reads: marks
// of writing direction and control characters.
export function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export function isJSON(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const DEEP = 16; // Levels that are indented; deeper ones stay at that margin.

// pretty indents JSON without reading it, so that long numbers and keys that
// come twice stay what they are. Other text stays as it is.
export function pretty(text) {
  if (!isJSON(text)) return text;
  let out = "";
  let depth = 0;
  const newline = () => `\n${"  ".repeat(Math.min(depth, DEEP))}`;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{]\s*[\]}]|[[\]{},:]|[^\s[\]{},:"]+/g)) {
    const first = token[0];
    if (token.length === 1 && (first === "{" || first === "[")) {
      depth++;
      out += token + newline();
    } else if (token === "}" || token === "]") {
      depth--;
      out += newline() + token;
    } else if (token === ",") {
      out += token + newline();
    } else if (token === ":") {
      out += ": ";
    } else {
      out += first === "{" || first === "[" ? first + token.at(-1) : token;
    }
  }
  return out;
}

// later returns a function that calls fn once, when it was not called for ms.
export function later(ms, fn) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(fn, ms);
  };
}
