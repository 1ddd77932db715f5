// The event log: newest first, bounded, drawn at most once per frame, so that
// a burst costs one layout. Text from the network only ever becomes text.

const ROWS = 200;
const DATA = 600; // Characters of data that a row shows.
const NAME = 120; // Characters of a name.

const stamp = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});

// clip makes a bounded text of what a peer sent; only text and numbers count.
export function clip(value, limit) {
  const string = typeof value === "string" || typeof value === "number" ? String(value) : "";
  return string.length > limit ? `${string.slice(0, limit)}…` : string;
}

export class Log {
  #body;
  #pause;
  #waiting = [];
  #paused = false;
  #drawing = false;

  constructor({ body, pause, clear }) {
    this.#body = body;
    this.#pause = pause;
    pause.addEventListener("click", () => this.#toggle());
    clear.addEventListener("click", () => {
      this.#waiting = [];
      this.#body.replaceChildren();
      this.#label();
    });
  }

  // add takes an envelope of pusher.js; direction may also be "page" for what
  // the page itself has to say.
  add({ direction, channel, event, userID, data }) {
    const shown = typeof data === "string" ? data : JSON.stringify(data);
    this.#waiting.push({
      direction,
      time: stamp.format(Date.now()),
      cells: [clip(channel, NAME), clip(event, NAME), clip(userID, NAME), clip(shown, DATA)],
    });
    if (this.#waiting.length > ROWS) this.#waiting.shift();
    this.#label();
    if (this.#paused || this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#drawing = false;
    if (this.#paused) return;
    const rows = this.#waiting.map(row).reverse();
    this.#waiting = [];
    this.#body.prepend(...rows);
    while (this.#body.childElementCount > ROWS) this.#body.lastElementChild.remove();
  }

  #toggle() {
    this.#paused = !this.#paused;
    this.#pause.setAttribute("aria-pressed", String(this.#paused));
    this.#label();
    if (!this.#paused) this.#draw();
  }

  #label() {
    const count = this.#waiting.length;
    this.#pause.textContent = !this.#paused ? "Pause" : count ? `Resume (${count})` : "Resume";
  }
}

function row({ time, direction, cells }) {
  const tr = document.createElement("tr");
  tr.dataset.testid = "log-row";
  tr.dataset.direction = direction;
  tr.dataset.event = cells[1];
  const arrow = { in: "↓ in", out: "↑ out" }[direction] ?? direction;
  const names = ["time", "direction", "channel", "event", "user", "data"];
  [time, arrow, ...cells].forEach((value, i) => {
    const td = document.createElement("td");
    td.className = names[i];
    td.textContent = value;
    if (i > 1 && i < 5) td.title = value; // May be cut short by the column.
    tr.append(td);
  });
  return tr;
}
