// The form that publishes, as a server would, or as a client.

import { post } from "./api.js";
import { clock, find, isJSON, later, plural, say } from "./dom.js";

export class Publisher {
  app = "";

  constructor() {
    find("publish-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    find("publish-data").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      find("publish-form").requestSubmit();
    });
    find("publish-data").addEventListener("input", later(120, () => this.#kind()));
    for (const id of ["as-api", "as-client"]) find(id).addEventListener("change", () => this.#as());
  }

  // to fills in the channel.
  to(channel) {
    find("publish-channels").value = channel;
    find("publish-event").focus();
  }

  #kind() {
    say(find("publish-kind"), isJSON(find("publish-data").value) ? "JSON" : "text, no JSON");
  }

  // A client event goes to one channel, and its name says what it is.
  #as() {
    const client = find("as-client").checked;
    const event = find("publish-event");
    if (client && !event.value.startsWith("client-")) event.value = `client-${event.value}`;
    if (!client) event.value = event.value.replace(/^client-/, "");
    event.placeholder = client ? "client-message" : "headline";
    find("publish-channels").placeholder = client ? "private-room" : "news, private-room";
  }

  async #send() {
    const result = find("publish-result");
    const channels = find("publish-channels").value.split(/[\s,]+/).filter(Boolean);
    delete result.dataset.bad;
    try {
      const { subscribers } = await post("publish", {
        app: this.app,
        channels,
        event: find("publish-event").value,
        data: find("publish-data").value,
        client: find("as-client").checked,
      });
      say(result, `${clock(Date.now())}  Sent to ${plural(subscribers, "subscriber")}.`);
    } catch (error) {
      result.dataset.bad = "";
      say(result, error.message);
    }
  }
}
