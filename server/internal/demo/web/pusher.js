// A small client for the Pusher Channels protocol 7: one connection, any
// number of presence or private channels, client events. It reconnects by
// itself and asks for a new token each time, because a token is bound to one
// socket id.

import { decode, identity, parse, refusal, snapshot, text } from "./wire.js";

const PROTOCOL = "protocol=7&client=thimble-page&version=0.1.0";

// All times are in milliseconds.
const ACTIVITY_TIMEOUT = 120_000; // Silence before a ping; the server may only shorten it.
const PONG_TIMEOUT = 30_000; // Silence after the ping before the socket counts as dead.
const HANDSHAKE_TIMEOUT = 15_000; // From opening to connection_established.
const RETRY_MIN = 1_000;
const RETRY_MAX = 30_000;
const RETRY_QUICK = 250; // Upper bound of the delay that 4200-4299 ask for.
const STABLE = 5_000; // A connection this old clears the count of failures.
const EVENTS_PER_SECOND = 10; // Pusher's limit on client events per connection.

class Emitter {
  #handlers = new Map();

  on(event, handler) {
    const handlers = this.#handlers.get(event) ?? [];
    this.#handlers.set(event, [...handlers, handler]);
    return this;
  }

  // A handler's mistake is reported and does not disturb the connection.
  emit(event, ...values) {
    for (const handler of this.#handlers.get(event) ?? []) {
      try {
        handler(...values);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

// Channel emits what arrives on it: (data, userID) for events from the wire,
// and, under the field's names, pusher:subscription_succeeded (members),
// pusher:subscription_error ({error}), pusher:member_added and
// pusher:member_removed ({id, info}), pusher:reset () when the connection is
// lost and the members are no longer known.
class Channel extends Emitter {
  #send;

  constructor(name, send) {
    super();
    this.name = name;
    this.#send = send;
    this.subscribed = false;
    this.me = ""; // The user id that the authorization endpoint signed.
    this.members = new Map(); // User id to user info.
  }

  // trigger sends a client event or throws an Error that says why it cannot.
  trigger(event, data) {
    this.#send(this, event, data);
  }

  receive(event, data, userID) {
    switch (event) {
      case "pusher_internal:subscription_succeeded":
        this.subscribed = true;
        this.members = snapshot(data);
        this.emit("pusher:subscription_succeeded", this.members);
        break;
      case "pusher_internal:member_added": {
        const id = identity(data?.user_id);
        if (id === "") break;
        this.members.set(id, data.user_info);
        this.emit("pusher:member_added", { id, info: data.user_info });
        break;
      }
      case "pusher_internal:member_removed": {
        const id = identity(data?.user_id);
        if (!this.members.has(id)) break;
        const info = this.members.get(id);
        this.members.delete(id);
        this.emit("pusher:member_removed", { id, info });
        break;
      }
      case "pusher:subscription_error":
      case "pusher_internal:subscription_error":
        this.emit("pusher:subscription_error", { error: text(data?.error) || "the server refused the subscription" });
        break;
      default:
        // Names under these prefixes belong to the protocol, not to users.
        if (!/^pusher(_internal)?:/.test(event)) this.emit(event, data, userID);
    }
  }

  reset() {
    this.subscribed = false;
    this.members = new Map();
    this.emit("pusher:reset");
  }
}

// Pusher emits state ({state, socketID, delay, reason}), error ({code,
// message}) and message ({direction, event, channel, userID, data}) for every
// envelope in either direction.
//
// The states: connecting (the first attempt, and the first after a loss),
// connected, unavailable (an attempt failed; more follow), failed (the server
// said not to come back), disconnected (by disconnect).
//
// authorize(socketID, channelName) resolves to the answer of the
// authorization endpoint, {auth, channel_data}.
export class Pusher extends Emitter {
  #url;
  #authorize;
  #channels = new Map();
  #socket = null;
  #timer = 0; // Handshake, activity, pong or retry: one at a time.
  #activityTimeout = ACTIVITY_TIMEOUT;
  #established = 0; // When, or 0 before.
  #refusal = null; // A pusher:error that came instead of the handshake.
  #failures = 0;
  #sent = []; // Times of the client events of the last second.

  constructor({ url, authorize }) {
    super();
    this.#url = url + (url.includes("?") ? "&" : "?") + PROTOCOL;
    this.#authorize = authorize;
    this.state = "disconnected";
    this.socketID = "";
    addEventListener("online", () => this.#network(true));
    addEventListener("offline", () => this.#network(false));
  }

  connect() {
    if (this.#socket || this.state === "connected") return;
    this.#failures = 0;
    this.#enter("connecting");
    this.#open();
  }

  disconnect() {
    const socket = this.#forget();
    this.#enter("disconnected");
    socket?.close(1000);
  }

  // subscribe remembers the channel: it is subscribed on every connection.
  subscribe(name) {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = new Channel(name, this.#trigger.bind(this));
      this.#channels.set(name, channel);
      if (this.state === "connected") this.#subscribe(channel);
    }
    return channel;
  }

  #enter(state, { delay = 0, reason = "" } = {}) {
    this.state = state;
    this.emit("state", { state, socketID: this.socketID, delay, reason });
  }

  #schedule(delay, next) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(next, delay);
  }

  #open() {
    this.#refusal = null;
    let socket;
    try {
      socket = new WebSocket(this.#url);
    } catch (error) {
      this.#enter("failed", { reason: error.message });
      return;
    }
    this.#socket = socket;
    const mine = (handle) => (event) => socket === this.#socket && handle(event);
    socket.onmessage = mine((event) => this.#receive(event.data));
    socket.onclose = mine((event) => this.#closed(event.code, event.reason));
    this.#schedule(HANDSHAKE_TIMEOUT, () => this.#drop("the server did not greet in time"));
  }

  // forget leaves the socket behind: nothing that it still says is heard.
  #forget() {
    const socket = this.#socket;
    clearTimeout(this.#timer);
    this.#socket = null;
    this.#established = 0;
    this.socketID = "";
    for (const channel of this.#channels.values()) channel.reset();
    return socket;
  }

  // drop closes without waiting for the peer, which may be long gone.
  #drop(reason) {
    const socket = this.#socket;
    this.#closed(1006, reason);
    socket?.close();
  }

  // closed applies the rules of "Connection closure". A refusal that came as
  // an event counts as the close code, because some servers send no other.
  #closed(closeCode, closeReason) {
    const lived = this.#established ? performance.now() - this.#established : 0;
    const code = this.#refusal?.code || closeCode;
    const reason = this.#refusal?.message || closeReason || (lived ? "the connection was lost" : "no connection");
    const wasEstablished = this.#established > 0;
    this.#forget();
    if (code >= 4000 && code < 4100) {
      this.#enter("failed", { reason: `${reason} (${code})` });
      return;
    }
    if (lived >= STABLE) this.#failures = 0;
    const quick = code >= 4200 && code < 4300 && lived >= STABLE;
    const delay = quick ? Math.random() * RETRY_QUICK : backoff(this.#failures++);
    const state = wasEstablished && this.#failures <= 1 ? "connecting" : "unavailable";
    this.#enter(state, { delay, reason });
    this.#schedule(delay, () => this.#open());
  }

  #network(online) {
    if (!online && this.state === "connected") this.#ping();
    if (online && !this.#socket && (this.state === "connecting" || this.state === "unavailable")) {
      clearTimeout(this.#timer);
      this.#open();
    }
  }

  #receive(raw) {
    const message = decode(raw);
    if (!message) {
      this.emit("message", { direction: "in", event: "", channel: "", userID: "", data: raw });
      this.emit("error", { code: 0, message: "The server sent something that is not a Pusher message." });
      return;
    }
    this.emit("message", { direction: "in", ...message });
    if (!this.#established) {
      this.#greet(message);
      return;
    }
    // Any message proves that the connection lives.
    this.#schedule(this.#activityTimeout, () => this.#ping());
    const { event, channel, data, userID } = message;
    if (event === "pusher:ping") this.#send("pusher:pong", {});
    else if (event === "pusher:error") this.emit("error", refusal(data));
    this.#channels.get(channel)?.receive(event, data, userID);
  }

  #greet({ event, data }) {
    if (event === "pusher:connection_established" && data?.socket_id) {
      this.#established = performance.now();
      this.socketID = text(data.socket_id);
      const seconds = Number(data.activity_timeout);
      this.#activityTimeout = seconds > 0 ? Math.min(ACTIVITY_TIMEOUT, seconds * 1000) : ACTIVITY_TIMEOUT;
      this.#schedule(this.#activityTimeout, () => this.#ping());
      this.#enter("connected");
      for (const channel of this.#channels.values()) this.#subscribe(channel);
    } else if (event === "pusher:error") {
      this.#refusal = refusal(data);
      this.emit("error", this.#refusal);
      this.#drop();
    } else {
      this.#drop("the server's first message was not a greeting");
    }
  }

  #ping() {
    this.#send("pusher:ping", {});
    this.#schedule(PONG_TIMEOUT, () => this.#drop("the server fell silent"));
  }

  async #subscribe(channel, attempt = 0) {
    const socketID = this.socketID;
    try {
      const answer = await this.#authorize(socketID, channel.name);
      if (socketID !== this.socketID) return; // The token is for a connection that is gone.
      channel.me = identity(parse(answer.channel_data)?.user_id);
      const { auth, channel_data } = answer;
      this.#send("pusher:subscribe", { channel: channel.name, auth, channel_data });
    } catch (error) {
      if (socketID !== this.socketID) return;
      channel.emit("pusher:subscription_error", { error: error.message });
      setTimeout(() => socketID === this.socketID && this.#subscribe(channel, attempt + 1), backoff(attempt));
    }
  }

  #trigger(channel, event, data) {
    if (!event.startsWith("client-")) throw new Error(`The event name ${event} must begin with client-.`);
    if (!channel.subscribed) throw new Error("Not sent: this page is not on the channel yet.");
    const now = performance.now();
    this.#sent = this.#sent.filter((time) => now - time < 1000);
    if (this.#sent.length >= EVENTS_PER_SECOND) {
      throw new Error(`Not sent: the limit is ${EVENTS_PER_SECOND} client events a second.`);
    }
    this.#sent.push(now);
    this.#send(event, data, channel.name);
  }

  #send(event, data, channel) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ event, channel, data }));
    this.emit("message", { direction: "out", event, channel: channel ?? "", userID: "", data });
  }
}

// backoff doubles from one to thirty seconds; each delay lies in the upper
// half of its step, so that the pages of a restarted server do not return as
// one crowd.
function backoff(failures) {
  const step = Math.min(RETRY_MAX, 2 * RETRY_MIN * 2 ** failures);
  return step * (0.5 + Math.random() / 2);
}
