// What the page asks its broker. Every request has a header that no other
// site's page can send.

const HEADERS = { "X-Thimble-Console": "1" };
const SILENCE = 6_000; // Milliseconds without a line before a stream counts as lost.

// Refusal is a no of the broker, with the sentence that says why.
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options) {
  const response = await fetch(`api/${path}`, { cache: "no-store", ...options, headers: HEADERS });
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw new Refusal(response.status, body?.error ?? `The broker answered ${response.status}.`);
}

export async function get(path, query = {}) {
  return (await ask(`${path}?${new URLSearchParams(query)}`)).json();
}

export async function post(path, body = {}) {
  return (await ask(path, { method: "POST", body: JSON.stringify(body) })).json();
}

// stream calls handle with each line, parsed, until it is aborted or lost; then
// it throws.
export async function stream(app, signal, handle) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE);
  try {
    const response = await ask(`stream?${new URLSearchParams({ app })}`, { signal: AbortSignal.any([signal, silence.signal]) });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error("The stream has ended.");
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE);
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) handle(JSON.parse(line));
    }
  } finally {
    clearTimeout(timer);
  }
}
