// The demo page: asks its server who it is, joins the channel, shows a card
// per device and sends what the buttons ask for.

import { DeviceCard } from "./device.js";
import { clip, Log } from "./log.js";
import { Pusher } from "./pusher.js";

const SESSION_RETRY = 3_000; // Milliseconds between attempts to get a session.
const NOTICE = 9_000; // How long a notice stays, in milliseconds.
const GONE = 8; // Cards of devices that left; the oldest beyond this go.
const PEOPLE = 12; // Names shown before "and 3 more".

const find = (id) => document.getElementById(id);
const role = new URLSearchParams(location.search).get("as") === "guest" ? "guest" : "operator";
const log = new Log({ body: find("log-rows"), pause: find("log-pause"), clear: find("log-clear") });
const cards = new Map();

let session = null;
let pusher = null;
let channel = null;
let connection = { state: "connecting", reason: "", delay: 0, socketID: "" };
let retryAt = 0;
let deviceRunning = null; // Whether the simulated device runs; null when unknown.

// Session and authorization

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw new Error("The demo's own server does not answer. Is thimble demo still running?");
  }
  const body = await response.json().catch(() => null);
  if (!response.ok || body === null) {
    const error = new Error(clip(body?.error, 300) || `The demo's own server answered ${response.status}.`);
    error.status = response.status;
    throw error;
  }
  return body;
}

async function loadSession() {
  session = await request(`/demo/session?as=${role}`);
  return session;
}

// A demo that was started anew does not know this page's ticket any more, so
// one refusal is answered with a new session.
async function authorize(socketID, channelName) {
  const ask = () =>
    request(session.auth, {
      method: "POST",
      body: new URLSearchParams({ socket_id: socketID, channel_name: channelName, ticket: session.ticket }),
    });
  try {
    return await ask();
  } catch (error) {
    if (error.status !== 403) throw error;
    await loadSession();
    return ask();
  }
}

// Devices

function isDevice(info) {
  return info?.kind === "device";
}

function deviceArrived(id, info) {
  let card = cards.get(id);
  if (!card) {
    const send = (event, data) => channel.trigger(event, data);
    card = new DeviceCard(id, { template: find("device-template"), send, notify });
    cards.set(id, card);
    find("devices").append(card.element);
  }
  card.arrived(info);
}

function forgetOldest() {
  const gone = [...cards.values()].filter((card) => card.leftAt && !card.online);
  gone.sort((a, b) => b.leftAt - a.leftAt);
  for (const card of gone.slice(GONE)) {
    card.remove();
    cards.delete(card.id);
  }
}

function join() {
  channel = pusher.subscribe(session.channel);
  channel
    .on("pusher:subscription_succeeded", (members) => {
      for (const [id, info] of members) if (isDevice(info)) deviceArrived(id, info);
      for (const card of cards.values()) if (!isDevice(members.get(card.id))) card.left();
      refreshDevice();
      render();
    })
    .on("pusher:member_added", ({ id, info }) => {
      if (isDevice(info)) {
        deviceArrived(id, info);
        refreshDevice();
      }
      render();
    })
    .on("pusher:member_removed", ({ id }) => {
      cards.get(id)?.left();
      if (cards.has(id)) refreshDevice();
      forgetOldest();
      render();
    })
    .on("pusher:reset", () => {
      for (const card of cards.values()) card.unknown();
      render();
    })
    .on("pusher:subscription_error", ({ error }) => notify(clip(error, 300)));
  // The envelope's user id says which device speaks; the data could lie.
  for (const event of ["client-reading", "client-pong", "client-led-state", "client-led-refused"]) {
    channel.on(event, (data, userID) => {
      const card = cards.get(userID);
      if (card?.online) card.receive(event, data, channel.me);
    });
  }
}

// The plug of the simulated device

async function refreshDevice() {
  if (!session.device_control) return;
  try {
    deviceRunning = (await request("/demo/device")).running === true;
  } catch {
    deviceRunning = null;
  }
  render();
}

async function control(verb) {
  const focused = document.activeElement?.closest("#plug");
  try {
    const answer = await request(`/demo/device/${verb}`, { method: "POST", headers: { "X-Thimble-Demo": "1" } });
    deviceRunning = answer.running === true;
  } catch (error) {
    notify(error.message);
  }
  render();
  if (focused) find("plug").querySelector("button:not([hidden])")?.focus();
}

// Drawing

let noticeTimer = 0;

function notify(sentence) {
  const notice = find("notice");
  find("notice-text").textContent = sentence;
  notice.hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (notice.hidden = true), NOTICE);
}

function count(number) {
  if (number === 1) return "One device is here.";
  return `${["", "", "Two", "Three", "Four", "Five", "Six"][number] ?? number} devices are here.`;
}

function wait() {
  const seconds = Math.max(0, Math.ceil((retryAt - performance.now()) / 1000));
  return seconds ? `Trying again in ${seconds} s.` : "Trying again now.";
}

// headline returns the page's state as a title and one sentence.
function headline(online) {
  const { state, reason } = connection;
  if (state === "failed") return ["The broker turned this page away.", `${reason}.`];
  if (!session) return reason ? ["The demo does not answer.", `${reason} ${wait()}`] : ["Connecting…", ""];
  if (state === "unavailable") return ["The broker does not answer.", `${wait()} The devices are shown as last seen.`];
  if (state === "connecting" && retryAt) return ["The connection was lost.", `${wait()} The devices are shown as last seen.`];
  if (state !== "connected" || !channel.subscribed) return ["Connecting…", clip(session.websocket, 120)];
  if (online === 0) {
    const pulled = session.device_control && deviceRunning === false;
    const title = ["No device is here.", "The device is gone."][cards.size] ?? "The devices are gone.";
    return [
      title,
      pulled
        ? "Its plug is pulled. Plug it in and it comes back by itself."
        : `A device that joins ${clip(session.channel, 60)} appears here at once.`,
    ];
  }
  const them = online === 1 ? "its" : "an";
  if (role === "guest") {
    return [count(online), `You are a guest: try to switch ${them} LED, and see the device refuse.`];
  }
  const plugged = session.device_control && deviceRunning !== false;
  const rest = plugged ? ", ping it, then pull the plug and watch" : " and ping it";
  return [count(online), `Switch ${them} LED${rest}.`];
}

// say changes text only when it differs, so that screen readers stay quiet.
function say(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

function render() {
  const online = [...cards.values()].filter((card) => card.online).length;
  const [title, sentence] = headline(online);
  say(find("headline"), title);
  say(find("lead"), sentence);
  find("again").hidden = connection.state !== "failed";
  const badge = find("connection-state");
  badge.dataset.state = connection.state;
  say(badge, connection.state);
  say(find("socket"), connection.socketID && `socket ${clip(connection.socketID, 40)}`);
  find("empty").hidden = cards.size > 0;
  if (!session) return;
  say(find("service"), session.service === "hosted" ? "Pusher cluster" : "Embedded broker");
  find("plug").hidden = !session.device_control;
  find("device-stop").hidden = deviceRunning === false;
  find("device-start").hidden = deviceRunning !== false;
  renderPeople();
}

function renderPeople() {
  const people = [...channel.members].filter(([, info]) => !isDevice(info)).map(([id, info]) => {
    const item = document.createElement("li");
    item.dataset.name = clip(info?.name, 20);
    item.textContent = clip(id, 40);
    if (id === channel.me) {
      item.dataset.me = "";
      item.append(" (you)");
    }
    return item;
  });
  people.sort((a, b) => ("me" in b.dataset) - ("me" in a.dataset));
  const rest = people.splice(PEOPLE).length;
  if (rest) {
    const item = document.createElement("li");
    item.textContent = `and ${rest} more`;
    people.push(item);
  }
  find("people").replaceChildren(...people);
  find("nobody").hidden = people.length > 0;
}

// Try it from elsewhere: one tab per snippet.
function renderSnippets(snippets) {
  const tabs = snippets.map(({ title }, i) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.role = "tab";
    tab.id = `snippet-tab-${i}`;
    tab.textContent = title;
    tab.setAttribute("aria-controls", "snippet");
    tab.addEventListener("click", () => select(i));
    return tab;
  });
  const select = (chosen) => {
    tabs.forEach((tab, i) => {
      tab.ariaSelected = String(i === chosen);
      tab.tabIndex = i === chosen ? 0 : -1;
    });
    find("snippet-code").textContent = snippets[chosen].code;
    find("snippet").setAttribute("aria-labelledby", tabs[chosen].id);
  };
  find("snippet-tabs").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length;
    tabs[next].focus();
    select(next);
  });
  find("snippet-tabs").replaceChildren(...tabs);
  find("snippets").hidden = tabs.length === 0;
  if (tabs.length) select(0);
}

async function copySnippet() {
  const button = find("snippet-copy");
  try {
    await navigator.clipboard.writeText(find("snippet-code").textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(find("snippet-code"));
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

// A token is good for one socket only, but a log is no place for it.
function withoutToken(message) {
  if (message.event !== "pusher:subscribe") return message;
  return { ...message, data: { ...message.data, auth: `${message.data.auth?.split(":")[0]}:…` } };
}

async function start() {
  find("role").textContent = role;
  const other = role === "guest" ? "operator" : "guest";
  find("other-role").textContent = `Open as ${other}`;
  find("other-role").href = other === "guest" ? "/?as=guest" : "/";
  find("device-stop").addEventListener("click", () => control("stop"));
  find("device-start").addEventListener("click", () => control("start"));
  find("notice-close").addEventListener("click", () => (find("notice").hidden = true));
  find("again").addEventListener("click", () => location.reload());
  find("snippet-copy").addEventListener("click", copySnippet);
  setInterval(() => retryAt && render(), 500);

  while (!session) {
    try {
      await loadSession();
    } catch (error) {
      connection = { ...connection, state: "unavailable", reason: error.message };
      retryAt = performance.now() + SESSION_RETRY;
      render();
      await new Promise((resume) => setTimeout(resume, SESSION_RETRY));
    }
  }
  retryAt = 0;
  renderSnippets(session.snippets ?? []);
  pusher = new Pusher({ url: session.websocket, authorize });
  join();
  pusher
    .on("message", (message) => log.add(withoutToken(message)))
    .on("error", ({ message, code }) => notify(clip(code ? `${message} (${code})` : message, 300)))
    .on("state", (change) => {
      connection = change;
      retryAt = change.delay ? performance.now() + change.delay : 0;
      const data = change.reason ? `${change.state}: ${change.reason}` : change.state;
      log.add({ direction: "page", event: "state", data });
      render();
    });
  pusher.connect();
}

start();
