// A small chart of the last two minutes, drawn as SVG, with the same in words
// for those who do not see it.

import { count, make, say } from "./dom.js";

const POINTS = 120; // One a second.
const WIDTH = 240;
const HEIGHT = 46;
const WORDS = 10; // Seconds between two changes of the words.

const svg = (tag, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

export class Chart {
  #values = [];
  #name;
  #unit;
  #now;
  #peak;
  #area;
  #line;
  #picture;

  constructor({ id, name, unit = "", tone = "" }) {
    this.#name = name;
    this.#unit = unit;
    this.#now = make("span", { className: "now", "data-testid": `chart-${id}` }, "–");
    this.#peak = make("span", { className: "peak" });
    this.#picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    this.#area = svg("path", { class: "area" });
    this.#line = svg("path", { class: "line", "vector-effect": "non-scaling-stroke" });
    this.#picture.append(this.#area, this.#line);
    this.element = make(
      "article",
      { className: `chart card ${tone}` },
      make("h2", {}, name),
      make("p", {}, this.#now, unit ? make("span", { className: "unit" }, unit) : "", this.#peak),
      this.#picture,
    );
    this.reset();
  }

  reset() {
    this.#values = [];
    say(this.#now, "–");
    say(this.#peak, "");
    this.#line.setAttribute("d", "");
    this.#area.setAttribute("d", "");
    this.#describe();
  }

  // push takes the value of one more second.
  push(value) {
    this.#values.push(value);
    if (this.#values.length > POINTS) this.#values.shift();
    say(this.#now, count(value));
    const most = Math.max(...this.#values);
    say(this.#peak, `most ${count(most)}`);
    const x = (i) => (WIDTH - ((this.#values.length - 1 - i) * WIDTH) / (POINTS - 1)).toFixed(1);
    const y = (v) => (HEIGHT - 2 - (v / Math.max(most, 1)) * (HEIGHT - 6)).toFixed(1);
    const line = this.#values.map((v, i) => `${x(i)} ${y(v)}`).join("L");
    this.#line.setAttribute("d", `M${line}`);
    this.#area.setAttribute("d", `M${x(0)} ${HEIGHT}L${line}L${WIDTH} ${HEIGHT}Z`);
    if (this.#values.length % WORDS === 1 || this.#values.length === POINTS) this.#describe();
  }

  #describe() {
    const all = this.#values;
    const words = all.length
      ? `${this.#name}${this.#unit && ` ${this.#unit}`}, last ${all.length} seconds: now ${count(all.at(-1))}, least ${count(Math.min(...all))}, most ${count(Math.max(...all))}`
      : `${this.#name}: nothing yet`;
    this.#picture.setAttribute("aria-label", words);
  }
}
