// One card per device. A card outlives its device: a device that returns with
// the same user id finds its readings where it left them.

import { Chart } from "./chart.js";
import { clip } from "./log.js";

const ANSWER_TIMEOUT = 4_000; // For a ping or a switch, in milliseconds.
const ROUND_TRIPS = 20; // Kept for the median and the best.
const HOTTEST = 10_000; // A reading beyond this is a mistake, not a temperature.

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export class DeviceCard {
  #find;
  #chart;
  #send;
  #notify;
  #lit = null; // Null while nobody knows.
  #led = 0; // The timer of a switch without an answer yet.
  #pings = new Map(); // Ping id to {sent, timer}.
  #roundTrips = [];

  // send(event, data) sends to the channel or throws; notify(sentence) tells
  // the user.
  constructor(id, { template, send, notify }) {
    this.id = id;
    this.leftAt = 0;
    this.#send = send;
    this.#notify = notify;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.userId = id;
    this.#find = (name) => this.element.querySelector(`[data-testid="${name}"], .${name}`);
    this.#chart = new Chart(this.#find("chart"));
    this.#find("device-id").textContent = clip(id, 48);
    this.#find("led-toggle").addEventListener("click", () => this.#switch());
    this.#find("ping").addEventListener("click", () => this.#ping());
    this.#showLED(null);
    this.unknown();
  }

  get online() {
    return this.element.dataset.state === "online";
  }

  arrived(info) {
    this.#find("name").textContent = clip(info?.name, 48) || "Device";
    const board = clip(info?.board, 24);
    this.#find("board").textContent = board;
    this.#find("board").hidden = board === "";
    this.#become("online", "online");
  }

  left() {
    if (this.element.dataset.state === "gone") return;
    this.leftAt = Date.now();
    this.#become("gone", `gone at ${clock.format(this.leftAt)}`);
    this.#chart.interrupt("gone");
    this.#showLED(null);
  }

  // unknown says that the page itself lost its connection.
  unknown() {
    this.#become("unknown", "unknown");
    this.#chart.interrupt("page not connected");
  }

  remove() {
    this.#become("gone", "");
    this.#chart.remove();
    this.element.remove();
  }

  receive(event, data, me) {
    if (data === null || typeof data !== "object") return;
    switch (event) {
      case "client-reading":
        this.#reading(data);
        break;
      case "client-pong":
        this.#pong(data.id);
        break;
      case "client-led-state": {
        this.#answered();
        this.#showLED(data.on === true);
        const by = data.by === me ? "you" : clip(data.by, 32);
        this.#find("led-by").textContent = by ? `by ${by}` : "";
        break;
      }
      case "client-led-refused":
        if (data.by !== me) break;
        this.#answered();
        this.#notify("Only operators may switch this LED; the device checked your user id, not the page.");
    }
  }

  #become(state, text) {
    this.element.dataset.state = state;
    this.element.dataset.online = String(state === "online");
    this.#find("presence").textContent = text;
    for (const button of this.element.querySelectorAll("button")) button.disabled = state !== "online";
    if (state === "online") return;
    this.#answered();
    this.#find("uptime").textContent = "";
    for (const { timer } of this.#pings.values()) clearTimeout(timer);
    this.#pings.clear();
  }

  #reading({ temperature, unit, uptime, led }) {
    if (!Number.isFinite(temperature) || Math.abs(temperature) > HOTTEST) return;
    const canvas = this.#find("chart");
    this.#chart.push(performance.now(), temperature, led === true);
    canvas.dataset.points = this.#chart.points;
    const symbol = document.createElement("span");
    symbol.className = "unit";
    symbol.textContent = unit === "C" || unit === "F" ? `°${unit}` : clip(unit, 8);
    this.#find("temperature").replaceChildren(`${temperature.toFixed(2)} `, symbol);
    this.#find("uptime").textContent = Number.isFinite(uptime) ? `up ${duration(uptime)}` : "";
    this.#showLED(led === true);
  }

  #showLED(on) {
    if (on !== this.#lit) this.#find("led-by").textContent = "";
    this.#lit = on;
    this.#find("led").dataset.on = String(on === true);
    this.#find("led-text").textContent = { true: "on", false: "off" }[on] ?? "–";
    this.#find("led-toggle").textContent = on ? "Turn LED off" : "Turn LED on";
  }

  #switch() {
    if (!this.#try("client-led", { on: !this.#lit, to: this.id })) return;
    clearTimeout(this.#led);
    this.#find("led-toggle").setAttribute("aria-busy", "true");
    this.#led = setTimeout(() => {
      this.#answered();
      this.#notify("The device did not answer the switch.");
    }, ANSWER_TIMEOUT);
  }

  #answered() {
    clearTimeout(this.#led);
    this.#find("led-toggle").removeAttribute("aria-busy");
  }

  #ping() {
    const id = Math.random().toString(36).slice(2, 8);
    const sent = performance.now();
    if (!this.#try("client-ping", { id, to: this.id })) return;
    const timer = setTimeout(() => {
      this.#pings.delete(id);
      this.#notify("The device did not answer the ping.");
    }, ANSWER_TIMEOUT);
    this.#pings.set(id, { sent, timer });
  }

  #pong(id) {
    const ping = this.#pings.get(id);
    if (!ping) return; // An answer to another page.
    const took = performance.now() - ping.sent;
    clearTimeout(ping.timer);
    this.#pings.delete(id);
    this.#roundTrips = [...this.#roundTrips, took].slice(-ROUND_TRIPS);
    const sorted = this.#roundTrips.toSorted((a, b) => a - b);
    this.#find("rtt").textContent = `${took.toFixed(1)} ms`;
    if (sorted.length > 1) {
      const median = sorted[sorted.length >> 1].toFixed(1);
      this.#find("rtt-more").textContent = `best ${sorted[0].toFixed(1)}\nmedian ${median}`;
    }
  }

  #try(event, data) {
    try {
      this.#send(event, data);
      return true;
    } catch (error) {
      this.#notify(error.message);
      return false;
    }
  }
}

function duration(seconds) {
  const [minutes, rest] = [Math.floor(seconds / 60), Math.floor(seconds % 60)];
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return minutes ? `${minutes} min ${rest} s` : `${rest} s`;
}
