// A line chart of one device's readings on a canvas. Time runs on by itself,
// so a device that falls silent shows as a growing gap. All times are
// performance.now() in milliseconds.

const KEEP = 120; // Readings.
const SPAN_MIN = 20_000; // The axis begins this wide and grows with the data.
const SPAN_MAX = 90_000;
const LAG = 1_100; // The right edge trails by one reading, so that the line glides.
const FRAME_MIN = 33; // Between two drawings: the time in which the line moves
const FRAME_MAX = 80; // half a pixel, within these bounds.
const RANGE_MIN = 1; // The least height of the vertical axis, in degrees.
const MARGIN = { top: 14, right: 16, bottom: 28, left: 44 };

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const charts = new Set();

function tick(now) {
  for (const chart of charts) if (now >= chart.due) chart.draw(now);
  requestAnimationFrame(tick);
}
requestAnimationFrame(tick);

export class Chart {
  #canvas;
  #context;
  #readings = []; // {time, value, led, first}; first begins a new line.
  #gaps = []; // {from, to, label}; the last may be open, with to Infinity.
  #range = null;
  due = 0; // When the next drawing is worth its while.

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    charts.add(this);
  }

  get points() {
    return this.#readings.length;
  }

  remove() {
    charts.delete(this);
  }

  push(time, value, led) {
    const gap = this.#gaps.at(-1);
    const first = gap?.to === Infinity;
    if (first) gap.to = time;
    this.#readings.push({ time, value, led, first });
    if (this.#readings.length > KEEP) this.#readings.shift();
    this.#gaps = this.#gaps.filter((gap) => gap.to > this.#readings[0].time);
  }

  // interrupt begins a gap after the newest reading; the next push ends it.
  interrupt(label) {
    const open = this.#gaps.at(-1);
    if (open?.to === Infinity) open.label = label;
    else if (this.points) this.#gaps.push({ from: this.#readings.at(-1).time, to: Infinity, label });
  }

  draw(now) {
    const canvas = this.#canvas;
    const c = this.#context;
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = devicePixelRatio || 1;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    c.setTransform(scale, 0, 0, scale, 0, 0);
    c.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const color = (name) => style.getPropertyValue(`--${name}`);
    c.font = `11px ${style.fontFamily}`;
    if (!this.points) {
      this.due = now + FRAME_MAX;
      c.fillStyle = color("muted");
      c.textAlign = "center";
      c.fillText("no reading yet", width / 2, height / 2);
      return;
    }
    const plot = {
      left: MARGIN.left,
      right: width - MARGIN.right,
      top: MARGIN.top,
      bottom: height - MARGIN.bottom,
    };
    const end = now - LAG;
    const span = Math.min(SPAN_MAX, Math.max(SPAN_MIN, end - this.#readings[0].time));
    const half = span / (plot.right - plot.left) / 2;
    this.due = now + (calm.matches ? 1000 : Math.min(FRAME_MAX, Math.max(FRAME_MIN, half)));
    const x = (time) => plot.right - ((end - time) / span) * (plot.right - plot.left);
    const [low, high] = this.#follow(end - span);
    const y = (value) => plot.bottom - ((value - low) / (high - low)) * (plot.bottom - plot.top);

    axes(c, plot, { low, high, span, y }, color);
    c.save();
    c.beginPath();
    c.rect(plot.left, 0, plot.right - plot.left, height);
    c.clip();
    for (const gap of this.#gaps) hatch(c, plot, x(gap.from), Math.min(x(gap.to), plot.right), gap.label, color);
    for (const line of this.#lines()) curve(c, plot, line, x, y, color);
    this.#litSpans(c, plot, x, color);
    c.restore();
    this.#head(c, end, x, y, color);
  }

  // follow moves the vertical range smoothly towards what is visible.
  #follow(since) {
    const visible = this.#readings.filter((reading) => reading.time >= since);
    const values = (visible.length ? visible : this.#readings.slice(-1)).map((reading) => reading.value);
    const min = Math.min(...values);
    const max = Math.max(...values);
    const middle = (min + max) / 2;
    const half = Math.max(RANGE_MIN, (max - min) * 1.3) / 2;
    const target = [middle - half, middle + half];
    const ease = this.#range && !calm.matches ? 0.15 : 1;
    this.#range = target.map((value, i) => (ease === 1 ? value : this.#range[i] + (value - this.#range[i]) * ease));
    return this.#range;
  }

  #lines() {
    const lines = [];
    for (const reading of this.#readings) {
      if (reading.first || !lines.length) lines.push([]);
      lines.at(-1).push(reading);
    }
    return lines.map(tangents);
  }

  // A strip on the time axis marks when the LED was lit.
  #litSpans(c, plot, x, color) {
    c.fillStyle = color("led");
    this.#readings.forEach((reading, i) => {
      const next = this.#readings[i + 1];
      if (reading.led && next && !next.first) {
        c.fillRect(x(reading.time), plot.bottom - 3, x(next.time) - x(reading.time) + 0.5, 3);
      }
    });
  }

  #head(c, end, x, y, color) {
    const line = this.#lines().at(-1);
    const live = this.#gaps.at(-1)?.to !== Infinity;
    let i = line.findLastIndex((reading) => reading.time <= end);
    if (i < 0) return;
    const time = Math.min(end, line.at(-1).time);
    if (i === line.length - 1) i--;
    const value = i < 0 ? line[0].value : hermite(line[i], line[i + 1], time);
    if (live) dot(c, x(time), y(value), 8, color("halo"));
    dot(c, x(time), y(value), 3.5, color("line"));
  }
}

// tangents adds slopes for a monotone cubic: the curve is smooth and never
// leaves the range between two readings (Fritsch and Carlson, 1980).
function tangents(line) {
  const slopes = line.slice(1).map((b, i) => (b.value - line[i].value) / Math.max(1, b.time - line[i].time));
  return line.map((reading, i) => {
    const [before, after] = [slopes[i - 1] ?? slopes[i] ?? 0, slopes[i] ?? slopes[i - 1] ?? 0];
    const slope = before * after <= 0 ? 0 : (2 * before * after) / (before + after);
    return { ...reading, slope };
  });
}

function hermite(a, b, time) {
  const width = Math.max(1, b.time - a.time);
  const t = Math.min(1, (time - a.time) / width);
  const u = 1 - t;
  return (
    a.value * (1 + 2 * t) * u * u + b.value * t * t * (3 - 2 * t) + width * t * u * (a.slope * u - b.slope * t)
  );
}

function curve(c, plot, line, x, y, color) {
  c.beginPath();
  c.moveTo(x(line[0].time), y(line[0].value));
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1], line[i]];
    const third = (b.time - a.time) / 3;
    c.bezierCurveTo(
      x(a.time + third), y(a.value + a.slope * third),
      x(b.time - third), y(b.value - b.slope * third),
      x(b.time), y(b.value),
    );
  }
  c.strokeStyle = color("line");
  c.lineWidth = 2;
  c.lineJoin = c.lineCap = "round";
  c.stroke();
  c.lineTo(x(line.at(-1).time), plot.bottom);
  c.lineTo(x(line[0].time), plot.bottom);
  const shade = c.createLinearGradient(0, plot.top, 0, plot.bottom);
  shade.addColorStop(0, color("shade"));
  shade.addColorStop(1, color("shade-end"));
  c.fillStyle = shade;
  c.fill();
}

function axes(c, plot, { low, high, span, y }, color) {
  c.fillStyle = color("muted");
  c.strokeStyle = color("grid");
  c.lineWidth = 1.5;
  c.lineCap = "round";
  c.textBaseline = "middle";
  c.textAlign = "right";
  const step = niceStep(((high - low) / (plot.bottom - plot.top)) * 44);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    const level = Math.round(y(value));
    c.setLineDash([0, 6]);
    c.beginPath();
    c.moveTo(plot.left, level);
    c.lineTo(plot.right, level);
    c.stroke();
    c.fillText(value.toFixed(decimals), plot.left - 10, level);
  }
  c.setLineDash([]);
  c.textBaseline = "alphabetic";
  const seconds = span / 1000;
  const every = [5, 10, 15, 30].find((width) => seconds / width <= 5) ?? 30;
  for (let ago = 0; ago <= seconds; ago += every) {
    const at = plot.right - (ago / seconds) * (plot.right - plot.left);
    c.textAlign = ago === 0 ? "right" : "center";
    if (at - plot.left >= 14) c.fillText(ago === 0 ? "now" : `−${ago} s`, at, plot.bottom + 18);
  }
}

function hatch(c, plot, from, to, label, color) {
  const left = Math.max(from, plot.left);
  if (to - left < 1) return;
  c.save();
  c.beginPath();
  c.rect(left, plot.top, to - left, plot.bottom - plot.top);
  c.clip();
  c.strokeStyle = color("grid");
  c.lineWidth = 1;
  const height = plot.bottom - plot.top;
  c.beginPath();
  for (let at = from - height - ((from - left) % 7); at < to; at += 7) {
    c.moveTo(at, plot.bottom);
    c.lineTo(at + height, plot.top);
  }
  c.stroke();
  const width = c.measureText(label).width;
  if (to - left > width + 24) {
    const middle = (left + to) / 2;
    c.fillStyle = color("surface");
    c.beginPath();
    c.roundRect(middle - width / 2 - 8, plot.top + height / 2 - 11, width + 16, 22, 11);
    c.fill();
    c.fillStyle = color("muted");
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillText(label, middle, plot.top + height / 2);
  }
  c.restore();
}

function dot(c, x, y, radius, color) {
  c.fillStyle = color;
  c.beginPath();
  c.arc(x, y, radius, 0, 2 * Math.PI);
  c.fill();
}

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 5, 10].find((factor) => power * factor >= least);
}
