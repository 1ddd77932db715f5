// The stream of events: kept up to a bound, filtered, drawn at most once per
// frame, newest first. One row at a time can be reached with Tab; from there
// the arrow keys go on.

import { bytes, clock, count, find, later, make, plural, pretty, say, visible } from "./dom.js";

const KEEP = 2_000; // Events kept, and
const KEEP_BYTES = 8 << 20; // how many characters of payload at most.
const SHOW = 400; // Rows that are drawn.
const PREVIEW = 300; // Characters of a payload in its row.

// Kinds of events by the chip that stands for them.
const GROUPS = [
  ["Connections", "connection", "disconnection"],
  ["Subscriptions", "subscribed", "unsubscribed"],
  ["Channels", "occupied", "vacated"],
  ["Members", "member added", "member removed"],
  ["API", "API message"],
  ["Client", "client message"],
  ["Cache misses", "cache miss"],
  ["Errors, limits", "error", "limit hit"],
];

export class Events {
  #kept = []; // the oldest first
  #size = 0;
  #waiting = []; // not drawn yet
  #counts = {}; // of the events since the page was opened, by kind
  #before = {}; // the part of them before the last connection
  #left = 0;
  #paused = false;
  #drawing = false;
  #kinds = new Set(); // empty: all
  #chips = new Map();
  #rows = find("rows");
  #onLook;

  // onLook is told what the page looks for, when that has changed.
  constructor(onLook) {
    this.#onLook = onLook;
    for (const [name, ...kinds] of GROUPS) this.#chip(name, kinds);
    const sought = later(120, () => this.#sought());
    for (const id of ["filter-channel", "filter-event", "search"]) find(id).addEventListener("input", sought);
    find("pause").addEventListener("click", () => this.pause());
    find("clear").addEventListener("click", () => this.clear());
    this.#rows.addEventListener("click", (event) => this.#clicked(event));
    this.#rows.addEventListener("keydown", (event) => this.#key(event));
    this.#label();
  }

  #chip(name, kinds) {
    const number = make("span", { className: "count" }, "0");
    const chip = make("button", { type: "button", className: "chip", "aria-pressed": "false", "data-kind": kinds[0] }, `${name} `, number);
    chip.addEventListener("click", () => {
      const on = !this.#kinds.has(kinds[0]);
      for (const kind of kinds) this.#kinds[on ? "add" : "delete"](kind);
      chip.setAttribute("aria-pressed", String(on));
      this.#sought();
    });
    this.#chips.set(chip, { number, kinds });
    find("chips").append(chip);
  }

  // What is looked for

  get look() {
    const part = (id) => find(id).value.trim().toLowerCase();
    return { kinds: [...this.#kinds], channel: part("filter-channel"), event: part("filter-event"), text: part("search") };
  }

  get filtered() {
    const { kinds, channel, event, text } = this.look;
    return kinds.length > 0 || channel + event + text !== "";
  }

  // seek sets one of the fields.
  seek(id, value) {
    find(id).value = value;
    this.#sought();
  }

  unfilter() {
    this.#kinds.clear();
    for (const chip of this.#chips.keys()) chip.setAttribute("aria-pressed", "false");
    for (const id of ["filter-channel", "filter-event", "search"]) find(id).value = "";
    this.#sought();
  }

  #sought() {
    const focused = this.#rows.contains(document.activeElement);
    this.#rows.replaceChildren();
    if (!this.#paused) this.#waiting = [];
    this.#show(this.#kept.slice(0, Math.max(0, this.#kept.length - this.#waiting.length))); // what waits came last
    if (focused) this.#first()?.focus();
    this.#onLook(this.look);
  }

  // Taking and keeping

  add(event) {
    event.note = false;
    this.#take(event);
  }

  // account takes the exact counts, and what was left out.
  account(counts, left = []) {
    this.#counts = { ...this.#before };
    for (const [kind, n] of Object.entries(counts)) this.#counts[kind] = (this.#before[kind] ?? 0) + n;
    for (const { number, kinds } of this.#chips.values()) say(number, count(kinds.reduce((sum, kind) => sum + (this.#counts[kind] ?? 0), 0)));
    for (const one of left) {
      this.#left += one.left;
      const shown = one.came - one.left;
      const rate = shown > 0 ? `showing 1 in ${count(Math.max(2, Math.round(one.came / shown)))}` : "showing none";
      const what = one.matched ? `${one.kind} that you look for` : one.kind;
      this.#take({ note: true, kind: one.kind, at: Date.now(), size: 0, data: `Busy (${what}): ${rate}; ${count(one.left)} left out` });
    }
    find("sampling").hidden = this.#left === 0;
    say(find("sampling"), `${plural(this.#left, "event")} left out of this list so far, since too many came at once. The counts are exact.`);
  }

  // restarted says that counts begin anew, on a new connection.
  restarted() {
    this.#before = this.#counts;
  }

  reset() {
    this.#counts = this.#before = {};
    this.#left = 0;
    this.account({});
    this.clear();
  }

  errors() {
    return (this.#counts.error ?? 0) + (this.#counts["limit hit"] ?? 0);
  }

  #take(event) {
    event.data ??= "";
    this.#kept.push(event);
    this.#size += event.data.length;
    let over = 0;
    while (this.#kept.length - over > KEEP || this.#size > KEEP_BYTES) this.#size -= this.#kept[over++].data.length;
    if (over) this.#kept.splice(0, over);
    this.#waiting.push(event);
    if (this.#waiting.length > KEEP) this.#waiting.shift();
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => this.#draw());
  }

  clear() {
    this.#kept = [];
    this.#waiting = [];
    this.#size = 0;
    this.#rows.replaceChildren();
    this.#label();
  }

  pause() {
    this.#paused = !this.#paused;
    find("pause").setAttribute("aria-pressed", String(this.#paused));
    this.#draw();
  }

  // Drawing

  #draw() {
    this.#drawing = false;
    if (!this.#paused) {
      this.#show(this.#waiting);
      this.#waiting = [];
    }
    this.#label();
  }

  #show(events) {
    const look = this.look;
    const rows = [];
    for (let i = events.length - 1; i >= 0 && rows.length < SHOW; i--) if (matches(events[i], look)) rows.push(row(events[i]));
    this.#rows.prepend(...rows);
    let drawn = this.#rows.childElementCount;
    for (let last = this.#rows.lastElementChild; drawn > SHOW; drawn--) {
      const before = last.previousElementSibling;
      if (!last.contains(document.activeElement)) last.remove();
      last = before;
    }
    if (!this.#rows.querySelector('[tabindex="0"]')) this.#first()?.setAttribute("tabindex", "0");
    this.#label();
  }

  #label() {
    const waiting = this.#waiting.length;
    say(find("pause"), !this.#paused ? "Pause" : waiting ? `Resume (${count(waiting)})` : "Resume");
    const drawn = this.#rows.childElementCount > 0;
    find("no-rows").hidden = drawn;
    say(find("no-rows"), this.#kept.length ? "None of the events matches the filters." : "Nothing yet. Events appear here as they happen.");
    say(find("kept"), this.#kept.length ? `${plural(this.#kept.length, "event")} kept, of at most ${count(KEEP)}; up to ${SHOW} rows are shown` : "");
  }

  // Rows

  #first() {
    return this.#rows.querySelector("tr.event");
  }

  #clicked(event) {
    const target = event.target.closest("tr.event");
    if (!target || !getSelection().isCollapsed) return;
    this.#point(target);
    this.#toggle(target);
  }

  #toggle(tr) {
    const open = tr.getAttribute("aria-expanded") !== "true";
    tr.setAttribute("aria-expanded", String(open));
    if (open) tr.after(this.#detail(tr));
    else tr.nextElementSibling.remove();
  }

  // point moves to a row.
  #point(tr) {
    for (const old of this.#rows.querySelectorAll('[tabindex="0"]')) old.tabIndex = -1;
    tr.tabIndex = 0;
    tr.focus();
  }

  #key(event) {
    const tr = event.target.closest("tr.event");
    if (!tr || event.target !== tr || event.ctrlKey || event.metaKey || event.altKey) return;
    const open = tr.getAttribute("aria-expanded") === "true";
    const step = (side) => {
      let next = tr[side];
      while (next && !next.matches(".event")) next = next[side];
      if (next) this.#point(next);
    };
    const actions = {
      ArrowDown: () => step("nextElementSibling"),
      ArrowUp: () => step("previousElementSibling"),
      Home: () => this.#point(this.#first()),
      End: () => this.#point([...this.#rows.querySelectorAll("tr.event")].at(-1)),
      Enter: () => this.#toggle(tr),
      " ": () => this.#toggle(tr),
      ArrowRight: () => open || this.#toggle(tr),
      ArrowLeft: () => open && this.#toggle(tr),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  #detail(tr) {
    const event = events.get(tr);
    const facts = [["Type", event.kind], ["Socket", event.socket], ["User", event.user], ["Channel", event.channel], ["Event", event.event], ["Size", bytes(event.size)]];
    const list = make("dl", {}, ...facts.filter(([, value]) => value).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, visible(value)))));
    const cell = make("td", { colSpan: 7 }, list);
    cell.setAttribute("role", "gridcell");
    const buttons = make("p", { className: "buttons" });
    const button = (name, action) => {
      const one = make("button", { type: "button", className: "small" }, name);
      one.addEventListener("click", () => action(one));
      buttons.append(one);
    };
    if (event.channel) button("Only this channel", () => this.seek("filter-channel", event.channel));
    if (event.socket) button("Only this socket", () => this.seek("search", event.socket));
    if (event.data) {
      button("Copy payload", (one) => navigator.clipboard.writeText(event.data).then(() => say(one, "Copied"), () => say(one, "Not allowed")));
    }
    cell.append(buttons);
    if (event.data) {
      cell.append(make("pre", { tabIndex: 0, "data-testid": "payload", "aria-label": "Payload" }, visible(event.cut ? event.data : pretty(event.data))));
      if (event.cut) cell.append(make("p", { className: "faint" }, `This is the beginning: the payload has ${bytes(event.size)} and is cut off here.`));
    }
    return make("tr", { className: "detail", role: "row" }, cell);
  }
}

// events are those that rows stand for.
const events = new WeakMap();

function row(event) {
  if (event.note) {
    return make("tr", { className: "note", role: "row", "data-testid": "note" }, make("td", { colSpan: 7, role: "gridcell" }, `${clock(event.at)}  ${event.data}`));
  }
  const data = event.data.length > PREVIEW ? `${event.data.slice(0, PREVIEW)}…` : event.data;
  const cells = [
    ["time", clock(event.at)],
    ["kind", event.kind],
    ["socket", event.socket],
    ["channel", event.channel],
    ["name", event.event ?? (event.user && `user ${event.user}`)],
    ["size", event.data ? bytes(event.size) : ""],
    ["data", data],
  ];
  const tr = make("tr", { className: "event", role: "row", tabIndex: -1, "aria-expanded": "false", "data-testid": "row", "data-kind": event.kind });
  for (const [name, value] of cells) {
    const td = make("td", { className: name, role: "gridcell" }, visible(value ?? ""));
    if (name === "socket" || name === "channel" || name === "name") td.title = value ?? ""; // may be cut short by the column
    tr.append(td);
  }
  events.set(tr, event);
  return tr;
}

// matches is the rule of watcher.go. Notes of what was left out are shown
// wherever their kind is.
function matches(event, { kinds, channel, event: name, text }) {
  if (kinds.length && !kinds.includes(event.kind)) return false;
  if (event.note) return true;
  const has = (value, part) => part === "" || (value ?? "").toLowerCase().includes(part);
  return (
    has(event.channel, channel) &&
    has(event.event, name) &&
    (text === "" || [event.data, event.socket, event.user, event.channel, event.event].some((value) => has(value, text)))
  );
}
