// Decoding of what arrives, by the rules that the official clients share.
// Servers differ in details, so these functions accept every dialect and
// never throw, whatever the peer sends.

// decode reads an envelope and returns null for anything else. Data may come as an object
// or as a string that is perhaps JSON; user ids may come as numbers.
export function decode(raw) {
  const message = parse(raw);
  if (typeof message?.event !== "string") return null;
  const { event, channel, data, user_id } = message;
  const decoded = typeof data === "string" ? parse(data, data) : data;
  return { event, channel: text(channel), userID: identity(user_id), data: decoded };
}

// parse returns otherwise for what is not JSON.
export function parse(source, otherwise = null) {
  try {
    return JSON.parse(source);
  } catch {
    return otherwise;
  }
}

export function text(value) {
  return typeof value === "string" ? value : "";
}

// identity returns "" for what cannot be a user id.
export function identity(value) {
  return typeof value === "number" ? String(value) : text(value);
}

// refusal reads the data of pusher:error; the code is 0 when there is none.
export function refusal(data) {
  return { code: Number(data?.code) || 0, message: text(data?.message) || "The server reported an error." };
}

// snapshot returns the members by user id. Some servers send no list of ids,
// some no user_info.
export function snapshot(data) {
  const members = new Map(Object.entries(data?.presence?.hash ?? {}));
  const ids = data?.presence?.ids;
  for (const id of Array.isArray(ids) ? ids.map(identity) : []) {
    if (id !== "" && !members.has(id)) members.set(id, null);
  }
  return members;
}
