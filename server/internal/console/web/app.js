// The console page: logs in, keeps the stream, and joins the parts.

import { get, post, Refusal, stream } from "./api.js";
import { Chart } from "./chart.js";
import { count, find, later, make, say } from "./dom.js";
import { Events } from "./events.js";
import { Channels, Connections } from "./lists.js";
import { Publisher } from "./publish.js";

const RETRY = [500, 1_000, 2_000, 4_000]; // Milliseconds before the next attempts; the last one counts from then on.

const tabs = [...document.querySelectorAll('[role="tab"]')];
const shows = (tab) => document.body.dataset.tab === tab && !find("console").hidden;

const events = new Events(later(250, look));
const publisher = new Publisher();
const channels = new Channels(() => shows("channels"), {
  watch: (name) => {
    select("events");
    events.seek("filter-channel", name);
  },
  publish: (name) => {
    if (narrow.matches) select("publish");
    publisher.to(name);
  },
});
const connections = new Connections(() => shows("connections"), {
  find: (socket) => {
    select("events");
    events.seek("search", socket);
  },
  fail: (error) => say(find("connections-shown"), error.message),
});

const charts = {
  connections: new Chart({ id: "connections", name: "Connections" }),
  in: new Chart({ id: "in", name: "Messages in", unit: "/s" }),
  out: new Chart({ id: "out", name: "Messages out", unit: "/s" }),
  errors: new Chart({ id: "errors", name: "Errors and limits", unit: "/s", tone: "bad" }),
};
find("charts").append(...Object.values(charts).map((chart) => chart.element));

// The stream

let app = "";
let watcher = "";
let last = null; // the last tick
let lost = new AbortController();

function show(id) {
  for (const one of ["login", "refused", "console"]) find(one).hidden = one !== id;
  if (id === "login") find("password").focus();
}

function state(name, text = name) {
  find("state").dataset.state = name;
  say(find("state"), text);
}

function handle(message) {
  if (message.watcher) {
    watcher = message.watcher;
    last = null;
    events.restarted();
    state("live");
    show("console");
    if (events.filtered) look();
  } else if (message.tick) {
    tick(message.tick);
  } else {
    events.add(message);
  }
}

function tick(now) {
  const before = events.errors();
  events.account(now.counts, now.left);
  say(find("channels-count"), count(now.stats.channels));
  say(find("connections-count"), count(now.stats.connections));
  charts.connections.push(now.stats.connections);
  if (last) {
    const seconds = Math.max(0.2, (now.at - last.at) / 1000);
    const rate = (n) => Math.max(0, Math.round(n / seconds));
    charts.in.push(rate(now.stats.in - last.stats.in));
    charts.out.push(rate(now.stats.out - last.stats.out));
    charts.errors.push(rate(events.errors() - before));
  }
  last = now;
}

async function look() {
  if (!watcher) return;
  try {
    await post("look", { watcher, ...events.look });
  } catch {
    // The page filters by itself; the broker only needs it to choose.
  }
}

// keep has the stream going for as long as the page is open.
async function keep() {
  for (let attempt = 0; ; ) {
    lost = new AbortController();
    try {
      await loadApps();
      await stream(app, lost.signal, (message) => {
        attempt = 0;
        handle(message);
      });
    } catch (error) {
      watcher = "";
      if (lost.signal.reason === "switch") continue;
      if (error instanceof Refusal && (error.status === 401 || error.status === 403)) {
        state("waiting", "not connected");
        await (error.status === 401 ? login() : refused(error.message));
        continue;
      }
      const delay = RETRY[Math.min(attempt++, RETRY.length - 1)];
      state("lost", "connection lost, trying again");
      await new Promise((resume) => setTimeout(resume, delay));
    }
  }
}

async function loadApps() {
  const { list, password } = await get("apps");
  find("logout").hidden = !password;
  const select = find("app");
  select.replaceChildren(...list.map(({ id, key, disabled }) => make("option", { value: id }, `${id} (${key})${disabled ? ", disabled" : ""}`)));
  find("app-choice").hidden = list.length === 0;
  const wanted = app || remembered("thimble-app");
  use(list.some(({ id }) => id === wanted) ? wanted : (list[0]?.id ?? ""));
}

function use(id) {
  find("app").value = id;
  if (id === app) return;
  app = channels.app = connections.app = publisher.app = id;
  remember("thimble-app", id);
  last = null;
  events.reset();
  for (const chart of Object.values(charts)) chart.reset();
  channels.tick();
  connections.tick();
}

find("app").addEventListener("change", () => {
  use(find("app").value);
  lost.abort("switch");
});

// The gate

function once(target, type) {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}

// login returns when a password was right.
async function login() {
  show("login");
  for (;;) {
    (await submitted()).preventDefault();
    try {
      await post("login", { password: find("password").value });
      find("password").value = "";
      say(find("login-problem"), "");
      return;
    } catch (error) {
      say(find("login-problem"), error instanceof Refusal ? error.message : "The broker does not answer.");
      find("password").select();
    }
  }
}

function submitted() {
  return once(find("login-form"), "submit");
}
find("login-form").addEventListener("submit", (event) => event.preventDefault());

async function refused(why) {
  say(find("refused-why"), why);
  show("refused");
  await once(find("again"), "click");
}

find("logout").addEventListener("click", async () => {
  await post("logout").catch(() => {});
  lost.abort("switch");
});

// Tabs

const narrow = matchMedia("(max-width: 1099px)");
narrow.addEventListener("change", () => {
  if (!narrow.matches && document.body.dataset.tab === "publish") select("events");
});

function select(name) {
  document.body.dataset.tab = name;
  for (const tab of tabs) {
    const chosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  channels.tick();
  connections.tick();
}

for (const tab of tabs) {
  tab.addEventListener("click", () => select(tab.dataset.tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const seen = tabs.filter((one) => one.offsetParent);
    const next = seen.at((seen.indexOf(tab) + step) % seen.length);
    select(next.dataset.tab);
    next.focus();
  });
}

function openPublish() {
  if (narrow.matches) select("publish");
  find("publish-channels").focus();
}

// Theme

function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // It is forgotten with the page.
  }
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
const nameTheme = () => say(find("theme"), isDark() ? "Light" : "Dark");

function turnTheme() {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  remember("thimble-theme", next);
  nameTheme();
}
find("theme").addEventListener("click", turnTheme);
dark.addEventListener("change", nameTheme);
nameTheme();

// Keys

const keys = {
  1: () => select("events"),
  2: () => select("channels"),
  3: () => select("connections"),
  4: openPublish,
  "/": () => {
    const box = { channels: "channels-search", connections: "connections-search" }[document.body.dataset.tab] ?? "search";
    if (box === "search") select("events");
    find(box).focus();
    find(box).select();
  },
  p: () => events.pause(),
  c: () => events.clear(),
  t: turnTheme,
  "?": () => find("keys").showModal(),
  ArrowDown: () => document.querySelector('#rows [tabindex="0"]')?.focus(),
  Escape: () => events.unfilter(),
};

document.addEventListener("keydown", (event) => {
  if (find("console").hidden || find("keys").open || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input:not([type=radio]), textarea, select");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const action = keys[event.key] ?? keys[event.key.toLowerCase()];
  if (!action || (event.key === "ArrowDown" && event.target !== document.body)) return;
  event.preventDefault();
  action();
});
find("keys-open").addEventListener("click", () => find("keys").showModal());

keep();
