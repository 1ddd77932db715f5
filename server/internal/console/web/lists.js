// The lists of channels and connections: asked for again every two seconds while
// they are seen, and changed in place, so that focus and selection stay.

import { get, post } from "./api.js";
import { age, bytes, count, find, later, make, plural, say, visible } from "./dom.js";

const EVERY = 2_000; // Milliseconds between two requests of a list.
const SURE = 4_000; // How long a button waits for the second press.
const NAMES = 4; // Channels of a connection that are named.

// rows keeps one row for each key.
class Rows {
  #body;
  #cells; // makes the cells of a new row, and returns what updates them
  #rows = new Map();

  constructor(body, cells) {
    this.#body = body;
    this.#cells = cells;
  }

  show(list, key) {
    const seen = new Set();
    let at = this.#body.firstElementChild;
    for (const item of list) {
      const id = key(item);
      seen.add(id);
      let one = this.#rows.get(id);
      if (!one) {
        const tr = make("tr", { "data-key": id });
        one = { tr, update: this.#cells(tr, item) };
        this.#rows.set(id, one);
      }
      one.update(item);
      if (one.tr === at) at = nextOf(at);
      else this.#body.insertBefore(one.tr, at);
    }
    for (const [id, one] of this.#rows) {
      if (seen.has(id)) continue;
      if (one.tr.nextElementSibling?.matches(".detail")) one.tr.nextElementSibling.remove();
      one.tr.remove();
      this.#rows.delete(id);
    }
  }
}

// nextOf is the next row that is no detail.
function nextOf(tr) {
  let next = tr.nextElementSibling;
  while (next?.matches(".detail")) next = next.nextElementSibling;
  return next;
}

function cell(tr, className = "") {
  const td = make("td", { className });
  tr.append(td);
  return (value) => say(td, visible(value));
}

function button(parent, name, title, action) {
  const one = make("button", { type: "button", className: "small", title, "data-action": name.toLowerCase() }, name);
  one.addEventListener("click", () => action(one));
  parent.append(one, " ");
  return one;
}

// List is what the two have in common.
class List {
  #timer = 0;
  #asking = 0;
  #name;
  #visible;
  app = "";

  constructor(name, shown) {
    this.#name = name;
    this.#visible = shown;
    find(`${name}-search`).addEventListener("input", later(150, () => this.refresh()));
    this.tick();
  }

  tick() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.tick(), EVERY);
    if (this.app && this.#visible() && document.visibilityState === "visible") this.refresh();
  }

  async refresh() {
    const mine = ++this.#asking;
    let answer;
    try {
      answer = await get(this.#name, { app: this.app, search: find(`${this.#name}-search`).value.trim() });
    } catch {
      return; // the stream tells what is wrong
    }
    if (mine !== this.#asking) return; // a later request has overtaken this one
    this.show(answer.list);
    find(`no-${this.#name}`).hidden = answer.list.length > 0;
    const more = answer.total > answer.list.length;
    say(find(`${this.#name}-shown`), more ? `${count(answer.list.length)} of ${count(answer.total)} are shown. Search to see others.` : "");
  }
}

export class Channels extends List {
  #rows;
  #act;

  // act has what the buttons do: watch(channel), publish(channel).
  constructor(shown, act) {
    super("channels", shown);
    this.#act = act;
    this.#rows = new Rows(find("channel-rows"), (tr, channel) => this.#row(tr, channel));
  }

  show(list) {
    this.#rows.show(list, (channel) => channel.name);
    const names = list.slice(0, 50).map(({ name }) => make("option", { value: name }));
    find("known-channels").replaceChildren(...names);
  }

  #row(tr, { name }) {
    cell(tr, "channel")(name);
    const connections = cell(tr, "number");
    const users = cell(tr, "number");
    const actions = make("td", { className: "actions" });
    tr.append(actions);
    if (name.startsWith("presence-")) {
      const toggle = button(actions, "Members", "Who is there", () => this.#members(tr, name, toggle));
      toggle.setAttribute("aria-expanded", "false");
    }
    button(actions, "Watch", "Only the events of this channel", () => this.#act.watch(name));
    button(actions, "Publish", "Publish to this channel", () => this.#act.publish(name));
    return (channel) => {
      connections(count(channel.connections));
      users(name.startsWith("presence-") ? count(channel.users) : "");
      const open = tr.nextElementSibling;
      if (open?.matches(".detail") && open.dataset.users !== String(channel.users)) this.#fill(open, name, channel.users);
    };
  }

  #members(tr, name, toggle) {
    const open = toggle.getAttribute("aria-expanded") !== "true";
    toggle.setAttribute("aria-expanded", String(open));
    if (!open) {
      tr.nextElementSibling.remove();
      return;
    }
    const detail = make("tr", { className: "detail" }, make("td", { colSpan: 4 }));
    tr.after(detail);
    this.#fill(detail, name, null);
  }

  async #fill(detail, name, users) {
    detail.dataset.users = String(users);
    const list = make("ul", { className: "people" });
    try {
      const { list: members } = await get("members", { app: this.app, channel: name });
      for (const { id, info, connections } of members) {
        const more = connections > 1 ? ` (${plural(connections, "connection")})` : "";
        list.append(make("li", { title: info }, make("b", {}, visible(id)), more, " ", make("span", { className: "faint" }, visible(info))));
      }
      if (!members.length) list.append(make("li", {}, "Nobody is there any more."));
    } catch (error) {
      list.append(make("li", {}, error.message));
    }
    detail.firstElementChild.replaceChildren(list);
  }
}

export class Connections extends List {
  #rows;
  #act;

  // act has what the buttons do: find(socket), fail(error).
  constructor(shown, act) {
    super("connections", shown);
    this.#act = act;
    this.#rows = new Rows(find("connection-rows"), (tr, connection) => this.#row(tr, connection));
  }

  show(list) {
    this.#rows.show(list, (connection) => connection.socket);
  }

  #row(tr, { socket }) {
    cell(tr, "socket")(socket);
    const [user, remote, seconds, queued, channels] = ["user", "remote", "number", "number", "names"].map((name) => cell(tr, name));
    const actions = make("td", { className: "actions" });
    tr.append(actions);
    button(actions, "Watch", "Only the events of this connection", () => this.#act.find(socket));
    this.#close(actions, "Reconnect", "Close with 4200: the client comes back at once", socket, true);
    this.#close(actions, "Close", "Close with 4009: the client stays away", socket, false);
    return (connection) => {
      user(connection.user);
      remote(connection.remote);
      seconds(age(connection.seconds));
      queued(bytes(connection.queued));
      const names = connection.channels?.slice(0, NAMES) ?? [];
      const more = connection.total - names.length;
      channels(names.join(", ") + (more > 0 ? ` and ${more} more` : ""));
      tr.querySelector(".names").title = connection.channels?.join(", ") ?? "";
    };
  }

  // close takes two presses, the second within a while.
  #close(actions, name, title, socket, mayReturn) {
    let timer = 0;
    button(actions, name, title, async (one) => {
      if (!timer) {
        say(one, "Sure?");
        timer = setTimeout(() => {
          timer = 0;
          say(one, name);
        }, SURE);
        return;
      }
      clearTimeout(timer);
      timer = 0;
      say(one, name);
      try {
        await post("disconnect", { app: this.app, socket, may_return: mayReturn });
      } catch (error) {
        this.#act.fail(error);
      }
      this.refresh();
    });
  }
}
